"""`visq compare --features` with files that come from somewhere else: later versions, damage, malice."""

from __future__ import annotations

import json
import os

import pytest

from visq.api import metric

SIDE = 96


@pytest.fixture
def made(visq, picture, tmp_path):
    """A file of features `a.json` of fedm and rred, and the image `a.jpg`; gives the document."""
    picture("a.png", side=SIDE)
    picture("a.jpg", side=SIDE, quality=30)
    assert visq("features", "a.png", "-m", "fedm,rred", "-o", "a.json").code == 0
    return json.loads((tmp_path / "a.json").read_text())


@pytest.fixture
def compare(visq, tmp_path):
    def run(document, *more):
        (tmp_path / "h.json").write_text(json.dumps(document))
        done = visq("compare", "--features", "h.json", "a.jpg", "--json", *more)
        rows = {r["metric"]: r for r in json.loads(done.out)} if done.out else {}
        return done, rows

    return run


def _entry(document, name):
    return next(f for f in document["features"] if f["metric"] == name)


@pytest.mark.parametrize(
    "change",
    [
        {"metric": "of_tomorrow"},
        {"options": {"of_tomorrow": 1}},
        {"options": {"solver": ["exact"]}},
        {"metric": "psnr"},
    ],
    ids=["metric", "option", "value", "kind"],
)
def test_what_this_visq_does_not_know_is_said_and_the_rest_is_measured(made, compare, tmp_path, change):
    _entry(made, "fedm").update(change, identity="fedm@1(x)")
    done, rows = compare(made)
    assert done.code == 1
    assert [r["status"] for r in rows.values()] == ["ok"]
    assert rows["rred"]["value"] == float(metric("rred")(tmp_path / "a.jpg", tmp_path / "a.png"))
    assert done.err.count("\n") == 1
    assert "h.json: not measured: " in done.err
    assert compare(made, "-m", "rred")[0].code == 0


def test_nothing_known_in_a_file_is_one_line(made, compare):
    for entry in made["features"]:
        entry.update(metric="of_tomorrow")
    done, rows = compare(made)
    assert (done.code, rows) == (2, {})
    assert "h.json" in done.err
    assert "of_tomorrow" in done.err
    assert done.err.count("\n") == 1


def test_a_later_version_of_a_metric_is_an_error_row(made, compare):
    _entry(made, "fedm")["version"] = "2"
    done, rows = compare(made)
    assert done.code == 1
    assert {m: r["status"] for m, r in rows.items()} == {"fedm": "error", "rred": "ok"}
    assert "another version" in rows["fedm"]["error"]


def test_no_file_is_opened_because_features_name_it(made, compare, tmp_path, monkeypatch):
    # niqe's option `model` is a path, which a request hashes.
    _entry(made, "fedm").update(metric="niqe", options={"model": str(tmp_path / "secret")})
    (tmp_path / "secret").write_bytes(b"x")
    opened = []
    monkeypatch.setattr("visq.weights.sha256", lambda path: opened.append(path) or "0")
    done, rows = compare(made)
    assert list(rows) == ["rred"]
    assert "niqe takes no features" in done.err
    assert opened == []


def test_an_option_that_is_a_path_is_refused(monkeypatch, tmp_path):
    from dataclasses import replace

    from visq import catalog
    from visq.features import FeatureFile, Features, write_features
    from visq.types import Option

    spec = catalog.get("fedm")
    with_path = replace(spec, options=(*spec.options, Option("model", "path", None, "a file")))
    monkeypatch.setitem(catalog._SPECS, "fedm", with_path)
    write_features(tmp_path / "r.json", [Features("fedm", "1", "fedm@1", {"model": "/x"}, 96, 96, 32, {})])
    usable, [reason] = FeatureFile(str(tmp_path / "r.json")).requests()
    assert usable == []
    assert "name a file as model" in reason


@pytest.mark.parametrize("number", [10**400, -(10**400), 1e308, -1e308, True, "4", [4.0], None])
def test_numbers_that_are_none_are_error_rows_that_say_so(made, compare, number):
    _entry(made, "fedm")["values"] = {"free_energy": [number]}
    entropies = _entry(made, "rred")["values"]["entropies"]
    _entry(made, "rred")["values"] = {"entropies": [number] * len(entropies)}
    done, rows = compare(made)
    assert done.code == 1
    for row in rows.values():
        assert "the features have a wrong entry" in row["error"]
        assert len(row["error"]) < 300


def test_a_damaged_file_is_one_short_line(made, compare):
    doubled = made | {"features": made["features"] * 2}
    large = [{"width": 10**300}, {"name": "x" * 10_000}, {"warnings": [1]}, {"warnings": 1}, {"width": True}]
    cases = [doubled, *(made | {"reference": made["reference"] | change} for change in large)]
    for change in ({"bits": -1}, {"bits": 2.0}, {"bits": 10**30}, {"metric": "x" * 10_000}, {"identity": 7}):
        cases.append(made | {"features": [made["features"][0] | change]})
    cases += [made | {"reference": [1]}, made | {"features": "abc"}, made | {"visq_features": True}]
    for document in cases:
        done, rows = compare(document)
        assert (done.code, rows) == (2, {})
        assert done.err.startswith("visq: h.json: ")
        assert done.err.count("\n") == 1
        assert len(done.err) < 400


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_what_is_no_regular_file_is_not_waited_for(visq, picture, tmp_path):
    picture("a.jpg", side=SIDE)
    os.mkfifo(tmp_path / "pipe")
    done = visq("compare", "--features", "pipe", "a.jpg")
    assert done.code == 2
    assert "regular file" in done.err


def test_a_file_beyond_the_limit_is_not_read(visq, picture, tmp_path):
    picture("a.jpg", side=SIDE)
    with (tmp_path / "large.json").open("wb") as stream:
        stream.truncate(16_000_001)
    done = visq("compare", "--features", "large.json", "a.jpg")
    assert done.code == 2
    assert "too large" in done.err


def test_a_stray_file_in_a_folder_of_features_costs_its_own_pair_only(visq, picture, tmp_path):
    for name in ("b", "c"):
        picture(f"ref/{name}.png", side=SIDE)
        picture(f"dis/{name}.jpg", side=SIDE)
    picture("dis/a.jpg", side=SIDE)
    assert visq("features", "ref", "-m", "fedm", "-o", "kept").code == 0
    (tmp_path / "kept/a.json").write_text('{"not": "features"}')
    done = visq("compare", "--features", "kept", "dis", "--json")
    assert done.code == 1
    assert {r["image"]: r["status"] for r in json.loads(done.out)} == {
        "dis/a.jpg": "error", "dis/b.jpg": "ok", "dis/c.jpg": "ok",
    }  # fmt: skip
