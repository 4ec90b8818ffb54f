"""The report: one file, whole, with what was found in it."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from probe_nets import rated, tiny
from visq.errors import StoreError
from visq.probe import figures, page, run


@pytest.fixture(scope="module")
def table():
    nets = [tiny("alpha"), tiny("alpha-random", seed=5), tiny("beta", channels=(4, 6), seed=2, train_data="other")]
    first = rated(contents=3, kinds=("blur", "noise"))
    second = rated(contents=3, kinds=("jpeg", "noise"), name="<i>second</i>", surrogate=True)
    return run(
        nets, layers="relu1,relu2,pool2", readouts="l2,stats_mean,concat", dataset=[first, second],
        baselines=["psnr", "ssim"], samples=50,
    )  # fmt: skip


@pytest.fixture(scope="module")
def text(table):
    return page.render(table)


class Check(HTMLParser):
    """Elements that are opened are closed, and ids are there once."""

    _VOID = ("meta", "br", "input", "link", "img", "hr")

    def __init__(self):
        super().__init__()
        self.open, self.ids = [], []

    def handle_starttag(self, tag, attrs):
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in self._VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_whole_and_fetches_nothing(text):
    check = Check()
    check.feed(text)
    assert not check.open
    assert len(check.ids) == len(set(check.ids))
    assert "default-src 'none'" in text
    assert not re.search(r"""(src|href)=["'](?!#)""", text)


def test_links_inside_lead_somewhere(text):
    check = Check()
    check.feed(text)
    assert set(re.findall(r'<a [^>]*href="#([^"]+)"', text)) <= set(check.ids)


def test_every_figure_and_conclusion_is_there(text):
    assert text.count("<svg") >= 6
    for title in ("alpha, layer by layer", "Best layer of each network", "Size and depth", "Concatenated layers",
                  "Read-outs on made"):  # fmt: skip
        assert f"<h3>{title}</h3>" in text
    assert text.count('class="verdict ') == 7
    assert "Nobody has rated these pictures" in text
    assert "Only 3 contents" in text


def test_names_are_escaped(text):
    assert "<i>second</i>" not in text
    assert "&lt;i&gt;second&lt;/i&gt;" in text


def test_numbers_of_the_table_are_those_on_the_page(table, text):
    rows = [row for row in table.rows if row.dataset == "made" and row.net == "beta" and row.readout == "l2"]
    top = max(rows, key=lambda row: row.srcc)
    assert f'data-v="{top.srcc}"' in text


def test_the_map_of_kinds_has_srcc_within_each(table):
    from visq.evaluate.correlation import spearman
    from visq.probe.figures import heat, kinds

    assert kinds(table, "made") == ["blur", "noise"]
    found = dict(heat(table, "made", "alpha", "l2"))
    pairs = table.sets["made"]
    of = np.array([p.distortion == "noise" for p in pairs.pairs])
    expected = spearman(table.distances["made", "alpha", "relu2", "l2"][of], pairs.impairment[of])
    assert found["relu2"][1] == expected


class Panels:
    """Notes what is drawn on each panel of a figure."""

    def __init__(self, monkeypatch):
        self.figures = []
        monkeypatch.setattr(figures, "svg", lambda figure, *_: self.figures.append(figure) or "<svg/>")

    @property
    def axes(self):
        return self.figures[-1].axes


def test_training_images_are_compared_within_architecture_goal_and_database(monkeypatch):
    drawn = Panels(monkeypatch)
    sets = [rated(contents=3, kinds=("blur",), name=name) for name in ("one", "two")]
    nets = [
        tiny(f"net{i}", seed=i, arch="same", goal=goal, train_data=data)
        for i, (goal, data) in enumerate([("sorting", "A"), ("sorting", "B"), ("jigsaw", "A"), ("rotation", "B")])
    ]
    table = run(nets, layers="relu1", dataset=sets, samples=0)
    assert figures.by_data(table, "l2", "f")
    assert [panel.get_title() for panel in drawn.axes] == ["same, sorting\none", "same, sorting\ntwo"]
    assert [len(panel.get_lines()) for panel in drawn.axes] == [2, 2]


def test_a_twin_is_drawn_over_the_layers_that_both_have(monkeypatch):
    drawn = Panels(monkeypatch)
    table = run(
        [tiny("alpha"), tiny("alpha-random", seed=5)], layers="relu1,relu2,pool2", dataset=rated(contents=3), samples=0
    )
    rows = tuple(row for row in table.rows if (row.net, row.layer) != ("alpha", "relu1"))
    assert figures.by_layer(replace(table, rows=rows), "alpha", "l2", "f")
    [twin] = [line for line in drawn.axes[0].get_lines() if line.get_label() == "SRCC, random weights"]
    expected = [row.srcc for row in table.where(net="alpha-random") if row.layer != "relu1"]
    assert twin.get_ydata().tolist() == expected


def test_the_rule_of_every_claim_is_on_the_page(text):
    assert text.count("Confirmed: ") == 7


def test_a_page_is_written_whole(table, text, tmp_path, monkeypatch):
    monkeypatch.setattr(page, "render", lambda *_, **__: text)
    page.write(str(tmp_path / "report.html"), table)
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == text
    with pytest.raises(StoreError, match="cannot be written") as refused:
        page.write(str(tmp_path / "none/report.html"), table)
    assert "--resume" not in str(refused.value), "an option of `visq score`"
    assert text.endswith("</html>\n")
