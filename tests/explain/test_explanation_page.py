"""An explanation whole: its numbers, its page, its pictures."""

from __future__ import annotations

import base64
import io
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

import samples
import visq
from visq.explain import explain
from visq.explain.drawing import half, heat, panels, sheet, write
from visq.explain.page import render
from visq.explain.reference_maps import metric_maps, with_map
from visq.report.colours import table

PICTURE = samples.jpeg(samples.picture(96, 144), 25)
NAME = 'a<b> & "c".png'


@pytest.fixture(scope="module")
def alone():
    return explain("piqe", PICTURE, name=NAME, cells=24, notes=("icc <converted>",))


@pytest.fixture(scope="module")
def compared():
    return explain("ssim", PICTURE, samples.picture(96, 144), name="copy.jpg", cells=24)


class _Page(HTMLParser):
    """Tags that open and close, and what they say."""

    void = frozenset({"meta", "img", "input", "br"})

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.words = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.void:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag

    def handle_data(self, data):
        self.words.append(data)

    def all(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


def test_the_numbers_are_those_of_the_parts(alone):
    importance = alone.importance
    assert importance.score == float(visq.metric("piqe")(PICTURE))
    assert (importance.level, importance.estimator, importance.fill) == ("pixel", "loo", "mean")
    assert set(alone.measures) == {"saliency", "frequency", "objectness"}
    assert set(alone.agreeing) == {*alone.measures, "centre"}
    found = json.loads(json.dumps(alone.as_dict()))
    assert found["critical_score"] == importance.critical_score
    assert np.array(found["importance"]).shape == tuple(found["cells"])
    assert found["stability"] is None  # JSON has no NaN
    assert found["notes"] == ["icc <converted>"]


def test_every_step_is_told():
    total, done = [], []
    explain("tv", PICTURE, cells=6, on_total=total.append, on_step=lambda: done.append(1))
    assert total == [len(done)]


def test_the_page_is_whole_and_asks_for_nothing(alone):
    text = render(alone, command="visq explain 'a b'")
    page = _Page(text)
    assert page.open == []
    words = "".join(page.words)
    assert NAME in words
    assert "icc <converted>" in words
    assert "visq explain 'a b'" in words
    assert "<b>" not in re.sub(r"<b>[^<]*</b>", "", text)  # the name does not make tags
    places = [a.get("href", "") + a.get("src", "") for _, a in page.tags]
    assert all(p.startswith(("#", "data:image/png;base64,")) for p in places if p)
    assert not re.search(r"https?://", text)
    identifiers = [a["id"] for _, a in page.tags if "id" in a]
    assert len(set(identifiers)) >= 5
    assert {p[1:] for p in places if p.startswith("#")} <= set(identifiers)


def test_the_page_has_what_is_promised(alone):
    page = _Page(render(alone))
    labels = [a["aria-label"] for a in page.all("svg") if "aria-label" in a]
    for word in (
        "The picture",
        "Importance of",
        "critical half",
        "trivial half",
        "saliency",
        "frequency",
        "objectness",
    ):
        assert any(word in label for label in labels), word
    count = alone.importance.cells.count
    words = "".join(page.words)
    assert f"{alone.importance.score:.5g}" in words
    assert f"{alone.importance.critical_score:.5g}" in words
    assert f"{alone.importance.trivial_score:.5g}" in words
    filled = [a for a in page.all("rect") if a.get("fill", "").startswith("#") and "x" in a]
    assert len(filled) == 4 * count
    hidden = [a for a in page.all("rect") if a.get("fill") == "url(#nothing)"]
    assert len(hidden) == count
    assert "Map of PIQE" in " ".join(a["alt"] for a in page.all("img"))


def test_the_photograph_is_in_the_page_once(alone):
    page = _Page(render(alone))
    [image] = page.all("image")
    data = base64.b64decode(image["href"].partition(",")[2])
    with Image.open(io.BytesIO(data)) as opened:
        assert (np.asarray(opened) == PICTURE).all()
    assert len(page.all("use")) == 6


def test_every_full_reference_map_is_there(compared):
    assert next(iter(compared.maps)) == "ssim"
    assert set(compared.maps) == set(with_map(reference=True, learned=False))
    assert len(compared.maps) >= 12
    page = _Page(render(compared))
    assert len(page.all("img")) == sum(m.values is not None for m in compared.maps.values()) == len(compared.maps)


def test_maps_are_the_metrics_own():
    reference = samples.picture(96, 144)
    found = metric_maps(PICTURE, reference)
    for name, one in found.items():
        score, values = visq.metric(name).score_and_map(PICTURE, reference)
        assert one.score == float(score)
        assert (one.values == values).all()
    small = metric_maps(PICTURE[:20, :20], reference[:20, :20], ["mse", "fsim"])
    assert small["fsim"].values is None
    assert "32" in small["fsim"].problem
    assert small["mse"].problem == ""
    assert set(metric_maps(PICTURE)) >= {"piqe", "s3", "exposure"}


def test_a_map_that_is_refused_is_told_and_the_rest_is_there():
    found = explain("mse", PICTURE[:24, :24], samples.picture(24, 24), cells=4)
    text = render(found)
    assert "fsim" in text
    assert "at least 32x32" in text


def test_a_picture_without_an_order_is_told():
    found = explain("clipping", samples.constant(64, 64, 128), cells=4)
    assert found.importance.degenerate
    text = render(found)
    assert "No part matters more than another" in text
    assert found.as_dict()["agreement"]["saliency"]["srcc"] is None


def test_heat_maps_and_halves_are_drawn_cell_by_cell(alone):
    importance = alone.importance
    drawn = heat(importance.map, importance.cells, PICTURE.shape[:2])
    boxes = importance.cells.boxes()
    for place, wanted in ((importance.map.argmax(), table()[255]), (importance.map.argmin(), table()[0])):
        top, bottom, left, right = boxes[place]
        assert (drawn[top:bottom, left:right] == wanted).all()
    left_out = half(PICTURE, importance.critical, importance.cells)
    for (top, bottom, left, right), kept in zip(boxes, importance.critical.ravel(), strict=True):
        same = (left_out[top:bottom, left:right] == PICTURE[top:bottom, left:right]).all()
        assert same == kept


def test_the_sheet_and_the_folder_have_every_picture(alone, tmp_path):
    drawn = sheet(alone)
    assert drawn.width > 4 * 144
    pixels = np.asarray(drawn).reshape(-1, 3)
    assert (pixels == table()[255]).all(axis=1).sum() > 400  # the brightest cell
    written = write(tmp_path, alone)
    assert {p.name for p in written} == {f"{name}.png" for name in panels(alone)} | {"map_piqe.png"}
    for path in written:
        with Image.open(path) as opened:
            assert opened.format == "PNG"
            assert np.asarray(opened).std() > 0


def test_large_pictures_are_shown_smaller():
    large = np.kron(samples.picture(200, 300), np.ones((8, 8, 1), np.uint8))
    found = explain("contrast", large, cells=6)
    assert found.size == (1600, 2400)
    assert found.shown.shape == (800, 1200, 3)
    assert 'viewBox="0 0 2400 1600"' in render(found)
