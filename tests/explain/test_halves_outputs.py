"""What a study writes: numbers in JSON and CSV, the page, whose file it is."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest

from halving_models import World
from visq.errors import InputError
from visq.explain.study import run
from visq.explain.study.tables import (
    COLUMNS,
    PICTURE_COLUMNS,
    as_csv,
    as_dict,
    made_by_a_study,
    pictures_csv,
    write,
    write_pictures,
)


@pytest.fixture(scope="module")
def found():
    world = World(32)
    odd = world.model("<odd> & long, ünï", "classical", "mean")
    about = {"dataset": "made", "title": "Made <up>", "part": "0:test", "chosen": 32, "of": 99, "score": "MOS",
             "scores_lower_is_better": False, "licence": "", "seed": 0}  # fmt: skip
    return run([world.model(), odd], world.pictures(), samples=100, draws=2, about=about)


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_the_table_has_every_estimate_with_its_interval(found):
    table = rows(as_csv(found))
    assert tuple(table[0]) == COLUMNS
    counts = {}
    for row in table:
        counts[row["table"]] = counts.get(row["table"], 0) + 1
        if row["low"]:
            assert float(row["low"]) <= float(row["high"])
    # Two models, each with halves of its own and of the other; one of them has maps without order.
    assert counts == {"halves": 32, "differences": 20, "k": 4, "curve": 40, "measures": 36, "over baselines": 32}
    chosen = [
        r for r in table if (r["table"], r["judge"], r["chooser"], r["item"]) == ("halves", "seer", "seer", "critical")
    ]
    assert float(chosen[0]["estimate"]) == found.own("seer").srcc["critical"].estimate
    assert {r["border"] for r in table if r["table"] == "measures"} == {"with", "without"}


def test_the_numbers_of_every_picture(found):
    table = rows(pictures_csv(found))
    assert tuple(table[0]) == PICTURE_COLUMNS
    assert len(table) == 32 * 4
    own = [r for r in table if r["model"] == "seer" and not r["chooser"]]
    for row, picture in zip(own, found.pictures, strict=True):
        half = found.measured[picture.name].own["seer"]
        assert (row["image"], float(row["label"])) == (picture.name, picture.label)
        assert [float(row[k]) for k in ("full", "critical", "trivial")] == [half.full, half.critical, half.trivial]


def test_the_object_is_json_and_holds_the_rules(found):
    text = json.dumps(as_dict(found), allow_nan=False)
    content = json.loads(text)
    assert content["format"] == "visq halves 1"
    assert [c["verdict"] for c in content["claims"]] == ["confirmed", "confirmed", "not testable", "contradicted"]
    assert all(c["rule"] for c in content["claims"])
    assert len(content["halves"]) == 4
    assert content["models"][1]["agreement"] is None
    assert len(content["models"][0]["curve"]) == 10
    assert content["images"] == [p.name for p in found.pictures]


def test_the_page_is_one_file_that_fetches_nothing(found, tmp_path):
    path = tmp_path / "page.html"
    write(str(path), found)
    text = path.read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert not re.search(r"(?:src|href)=\"(?!#)", text)
    assert "<script" not in text
    assert "&lt;odd&gt; &amp; long, ünï" in text
    assert "<odd>" not in text
    assert text.count("<svg") == 3
    assert "nan" not in re.sub(r"<[^>]*>", "", text).lower().replace("significan", "").split()
    assert "Only 32 pictures" in text
    assert text.count('class="verdict confirmed"') >= 2
    for difference in ("whole - critical", "whole - trivial", "random - trivial", "critical - random"):
        assert text.count(f'<th scope="col">{difference}</th>') == 2, "of own halves, and of those of other models"
    for section in ("claims", "halves", "curves", "crossed", "measures", "models", "reading", "made"):
        assert f'href="#{section}"' in text
        assert f'id="{section}"' in text


def test_whose_file_it_is(found, tmp_path):
    for name in ("a.html", "a.json", "a.csv"):
        write(str(tmp_path / name), found)
        assert made_by_a_study(str(tmp_path / name)), name
    write_pictures(str(tmp_path / "a.images.csv"), found)
    assert made_by_a_study(str(tmp_path / "a.images.csv"))
    (tmp_path / "b.csv").write_text("image,score\n")
    (tmp_path / "b.html").write_text("<!DOCTYPE html><title>Perceptual probe: x</title>")
    (tmp_path / "b.json").write_text("{}")
    for name in ("b.csv", "b.html", "b.json", "gone.csv"):
        assert not made_by_a_study(str(tmp_path / name)), name


def test_one_model_has_no_others_halves():
    world = World(4)
    found = run([world.model()], world.pictures(), samples=50, draws=1)
    from visq.explain.study.page import render

    assert "With one model there are none." in render(found)
    assert "4 pictures decide nothing" in render(found)
    with pytest.raises(InputError):
        run([world.model()], [], samples=50)
