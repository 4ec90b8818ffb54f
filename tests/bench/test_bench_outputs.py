"""What a bench writes: the same numbers in every form, nothing from outside, nothing that a name could break."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from html.parser import HTMLParser

import pytest

from boards import MADE, hostile, results, verdict
from rated_folders import rated
from visq.bench import page, plots, tables
from visq.bench.markdown import as_markdown
from visq.bench.scoring import Failure
from visq.bench.words import duration, figure
from visq.errors import MissingExtraError

pytest.importorskip("jinja2")
pytest.importorskip("matplotlib")
_VOID = {"meta", "br", "link", "img", "input", "hr"}


class _Page(HTMLParser):
    """Elements in order, texts of rows, and whether every one that is opened is closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.rows, self.scripts, self.errors = [], [], [], 0, []
        self._row = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.scripts += tag == "script"
        if tag not in _VOID:
            self.open.append(tag)
        if tag == "tr":
            self._row = []

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open[-1] != tag:
            self.errors.append((tag, self.open[-3:]))
        else:
            self.open.pop()
        if tag == "tr":
            self.rows.append(" ".join(" ".join(self._row).split()))
            self._row = None

    def handle_data(self, data):
        if self._row is not None:
            self._row.append(data)


@pytest.fixture(scope="module")
def rated_folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("outputs") / "rated"
    rated(path)
    return path


@pytest.fixture(scope="module")
def board(rated_folder):
    return verdict(rated_folder)


def _html(tmp_path, *verdicts):
    path = tmp_path / "leaderboard.html"
    page.write(str(path), *results(*verdicts))
    return path.read_text(encoding="utf-8")


def test_all_outputs_say_the_same_numbers(board, tmp_path):
    (tmp_path / "scores").mkdir()
    paths = tables.write(str(tmp_path), *results(board))
    assert {p.removeprefix(f"{tmp_path}/") for p in paths} == {
        "results.json", "leaderboard.csv", "leaderboard.md", "scores/folder.csv",
    }  # fmt: skip
    found = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    lines = list(csv.DictReader(io.StringIO((tmp_path / "leaderboard.csv").read_text(encoding="utf-8"))))
    text = (tmp_path / "leaderboard.md").read_text(encoding="utf-8")
    metrics = found["databases"][0]["metrics"]
    assert [m["metric"] for m in metrics] == [line["metric"] for line in lines] == [e.label for e in board.entries]
    for entry, metric, line in zip(board.judged, metrics, lines, strict=False):
        agreement = entry.agreement
        for name in ("srcc", "krcc", "plcc", "plcc_fitted", "rmse_fitted"):
            assert metric["agreement"][name] == getattr(agreement, name)
            assert float(line[name]) == pytest.approx(getattr(agreement, name), abs=5e-7)
        low, high = agreement.intervals["srcc"]
        assert f"| `{entry.label}` | {entry.letters} | {agreement.srcc:.3f} [{low:.3f}, {high:.3f}] |" in text
        assert metric["agreement"]["fit"]["kind"] == agreement.fit.kind
        assert metric["time"]["seconds"] == entry.time.seconds
        assert set(metric["by_distortion"]) == {"noise", "blur"}
    last = metrics[-1]
    assert last["agreement"] is None
    assert last["rank"] is None
    assert "not judged" in last["remark"]
    assert "vif_p" in text
    assert found["databases"][0]["significance"]["verdict"][0][0] == 0
    assert found["databases"][0]["significance"]["names"] == [e.label for e in board.judged]
    assert found["made"] == MADE
    assert MADE["command"] in text
    assert board.hashes["labels"] in text


def test_the_scores_of_every_picture_can_be_judged_again(board):
    from scipy import stats

    lines = list(csv.DictReader(io.StringIO(tables.scores_as_csv(board))))
    assert len(lines) == 30
    for entry in board.judged:
        values = [float(line[entry.label]) for line in lines]
        people = [float(line["score"]) for line in lines]
        sign = -1 if entry.request.spec.lower_is_better else 1
        assert sign * stats.spearmanr(values, people).statistic == pytest.approx(entry.agreement.srcc, abs=1e-12)
    assert {line["vif_p"] for line in lines} == {""}


def test_the_page_is_whole_and_holds_every_section(board, tmp_path):
    text = _html(tmp_path, board)
    found = _Page(text)
    assert found.errors == []
    assert found.open == []
    for entry in board.judged:
        assert any(row.startswith(entry.label) and figure(entry.agreement.srcc) in row for row in found.rows)
    assert text.count("<figure data-metric=") == len(board.judged)
    headings = re.findall(r"<h[23][^>]*>([^<]+)</h", text)
    for wanted in ("Speed against accuracy", "By kind of distortion", "Which differences are significant"):
        assert wanted in headings
    assert headings.count("Every picture") == 1
    assert "not judged" in text
    assert MADE["command"] in text
    assert all(value in text for value in board.hashes.values())
    assert all(entry.request.identity in text for entry in board.entries)


def test_the_page_fetches_nothing(board, tmp_path):
    text = _html(tmp_path, board)
    found = _Page(text)
    for tag, attributes in found.elements:
        for name in ("src", "href", "xlink:href", "action", "data", "poster", "srcset"):
            value = attributes.get(name)
            # Sections of the page, shapes of its own plots, and pixels that lie in it.
            assert value is None or value.startswith(("#", "data:image/png;base64,")), (tag, name, value)
        assert tag not in ("link", "iframe", "object", "embed", "base")
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", text)
    [policy] = [a["content"] for t, a in found.elements if t == "meta" and a.get("http-equiv")]
    assert policy.startswith("default-src 'none'")


def test_identifiers_are_unique_and_every_reference_has_its_target(rated_folder, board, tmp_path):
    text = _html(tmp_path, board, verdict(rated_folder, metrics="psnr,mse"))
    names = re.findall(r'\bid="([^"]+)"', text)
    assert len(names) == len(set(names))
    wanted = set(re.findall(r'(?:href="#|url\(#)([^)"]+)', text))
    assert wanted <= set(names)


def test_the_page_needs_no_script_and_reads_aloud(board, tmp_path):
    found = _Page(_html(tmp_path, board))
    assert [a for t, a in found.elements if t == "html"] == [{"lang": "en"}]
    assert not [t for t, _ in found.elements if t == "button"]  # made by the script, which alone can serve them
    headers = [a for t, a in found.elements if t == "th"]
    assert all(a.get("scope") in ("col", "row") for a in headers)
    pictures = [a for t, a in found.elements if t == "svg" and "whisker" not in a.get("class", "")]
    assert len(pictures) == len(board.judged) + 1
    assert all(a["role"] == "img" and a["aria-label"] for a in pictures)
    regions = [a for t, a in found.elements if t == "div" and a.get("role") == "region"]
    assert regions
    assert all(a["aria-label"] and a["tabindex"] == "0" for a in regions)


def test_names_are_never_taken_for_markup(rated_folder, tmp_path):
    board = hostile(rated_folder)
    text = _html(tmp_path, board)
    found = _Page(text)
    assert found.errors == []
    assert found.scripts == 1
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert "\u202e" not in text
    markdown = as_markdown(*results(board))
    assert "<script>" not in markdown
    for before, line in zip(markdown.splitlines(), markdown.splitlines()[1:], strict=False):
        if before.startswith("|") and line.startswith("|"):
            assert len(re.findall(r"(?<!\\)\|", before)) == len(re.findall(r"(?<!\\)\|", line))
    assert not re.search(r"^#$", markdown, flags=re.M)
    assert json.dumps(tables.everything(*results(board)), allow_nan=False)


def test_a_trial_says_so_in_every_output(rated_folder, tmp_path):
    (tmp_path / "scores").mkdir()
    board = verdict(rated_folder, limit=3)
    tables.write(str(tmp_path), *results(board))
    text = _html(tmp_path, board)
    assert "TRIAL" in text.partition("</title>")[0]
    assert "A trial" in text
    assert "TRIAL" in (tmp_path / "leaderboard.md").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))["databases"][0]["trial"] == 3
    lines = (tmp_path / "leaderboard.csv").read_text(encoding="utf-8").splitlines()
    assert all("trial on the first 3 contents" in line for line in lines[1:])
    assert [p.name for p in (tmp_path / "scores").iterdir()] == ["folder-trial.csv"]


def test_what_was_not_scored_is_said_by_reason(rated_folder, tmp_path):
    failures = [Failure(f"images/{i}.png", ("psnr@1",), "cannot be read: it is truncated") for i in range(12)]
    failures += [Failure("images/x.png", ("psnr@1", "mse@1"), "is empty")]
    board = verdict(rated_folder, failures=failures)
    text = _html(tmp_path, board)
    assert "13 rows for 2 reasons" in text
    assert text.count("it is truncated") == 1
    markdown = as_markdown(*results(board))
    assert "`images/0.png` and 11 more by psnr: cannot be read: it is truncated" in markdown
    assert "`images/x.png` by psnr, mse: is empty" in markdown
    assert len(tables.everything(*results(board))["databases"][0]["not_scored"]) == 13


def test_several_databases_have_a_table_of_means(rated_folder, board, tmp_path):
    both = board, verdict(rated_folder, metrics="psnr,mse")
    text = _html(tmp_path, *both)
    assert 'id="overall"' in text
    assert "weighted by their numbers of pictures" in text
    assert "## All databases" in as_markdown(*results(*both))
    assert 'id="overall"' not in _html(tmp_path, board)


def test_many_points_are_pixels_and_few_are_shapes(board, monkeypatch):
    few = plots.scatter(board, board.judged[0], "a")
    assert "<image" not in few
    monkeypatch.setattr(plots, "VECTOR", 10)
    many = plots.scatter(board, board.judged[0], "a")
    assert "data:image/png;base64," in many
    assert many.count("<use") < few.count("<use")


def test_plots_take_the_colours_of_the_page_and_are_the_same_each_time(board):
    first, again = (plots.speed(board, "t") for _ in range(2))
    assert first == again
    assert "var(--ink)" in first
    assert "var(--mark)" in first
    assert not re.search(r"#0[1-6]0[1-6]0[1-6]\b", first)
    for entry in board.judged:
        assert f"<title>{entry.label}: SRCC" in first


def test_without_the_extra_the_error_names_it(monkeypatch):
    for name in ("jinja2", "matplotlib", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtraError, match=r"visq\[report\]"):
        page.check()
    with pytest.raises(MissingExtraError, match=r"visq\[report\]"):
        plots.check()


@pytest.mark.parametrize(
    ("value", "name", "text"),
    [
        (0.0, "srcc", "0.000"), (0.12345, "krcc", "0.123"), (-0.5, "plcc", "-0.500"), (-0.0001, "srcc", "0.000"),
        (12.3456, "rmse_fitted", "12.346"), (1234.5, "rmse_fitted", "1.23e+03"), (0.01234, "rmse_fitted", "0.0123"),
        (1e-9, "p", "1e-09"), (float("nan"), "srcc", "-"), (None, "outlier_ratio", "-"),
    ],
)  # fmt: skip
def test_numbers_in_tables(value, name, text):
    assert figure(value, name) == text


@pytest.mark.parametrize(("value", "text"), [(2.5, "2.5 s"), (0.0123, "12.3 ms"), (4.2e-5, "42 µs"), (61.0, "61 s")])
def test_times_in_tables(value, text):
    assert duration(value) == text
