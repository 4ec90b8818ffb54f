"""Values that somebody else computed, one TOML file a metric, each with its origin and an argued tolerance.

``given`` says in what form the pixels are handed over:

- ``uint8``: as the file holds them (float32 arithmetic, luma rounded as MATLAB rounds it);
- ``float64``: divided by 255, with ``rounded_luma=true`` where the metric has that option (float64 arithmetic);
- ``file``: the file itself, read by visq: alpha on white, profile converted, orientation applied.

A ``[[left_out]]`` table names published values that are not checked, and why (``test_complete.py``). ``authors`` at the
top of a file and ``[[not_nearer]]`` tables serve the page of verification (``test_verification.py``).
An option that begins with ``shared:`` is a path inside the folder of reference data.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

import visq
from shared_data import lacking, shared
from visq.report import golden

HERE = Path(__file__).parent
STATUS = {"verified", "self", "unverified"}


def _cases():
    for i, row in enumerate(golden.read(HERE)):
        name = f"{row.metric}-{i}-{Path(row.image).stem}-{row.given}"
        yield pytest.param(row, id=name, marks=lacking(visq.catalog.get(row.metric)))


@pytest.mark.parametrize("row", list(_cases()))
def test_value(row):
    for relative in (*row.pictures, *row.parameters):
        shared(relative)
    assert abs(golden.ours(row, shared(".")) - row.value) <= row.allowed


def test_every_row_states_origin_and_reason():
    rows = [(p.stem, row) for p in HERE.glob("*.toml") for row in tomllib.loads(p.read_text())["value"]]
    assert rows
    for metric, row in rows:
        assert row["origin"].strip(), metric
        assert row["why"].strip(), f"{metric}: the tolerance has no reason"
        assert row["status"] in STATUS, metric
        assert ("atol" in row) != ("rtol" in row), metric


def test_every_metric_has_a_golden_file():
    folders = {s.id: HERE / "video" if s.kind == "video" else HERE for s in visq.catalog.specs()}
    missing = [i for i, folder in folders.items() if not (folder / f"{i}.toml").exists()]
    assert not missing


_LIKES = [pytest.param(spec, like, id=f"{spec.id}-{like.name}") for spec in visq.catalog.specs() for like in spec.likes]


@pytest.mark.parametrize(("spec", "like"), _LIKES)
def test_every_preset_of_another_program_is_held_to_its_numbers(spec, like):
    """As near as the catalogue says, on three pictures at least; the default is checked by the metric's own rows."""
    within = float(like.within.split()[0])
    rows = tomllib.loads((HERE / f"{spec.id}.toml").read_text())["value"]
    wanted = visq.metric(spec.id, **dict(like.options)).identity
    mine = [r for r in rows if visq.metric(spec.id, **_without_files(r.get("options", {}))).identity == wanted]
    near = [
        r for r in mine if r.get("atol", abs(r["value"]) * r.get("rtol", 0.0)) <= within and r["status"] == "verified"
    ]
    assert len({r["image"] for r in near}) >= 3, "too few values of that program"


def _without_files(options):
    return {k: v for k, v in options.items() if not str(v).startswith("shared:")}
