"""Values that somebody else computed, one TOML file a metric, each with its origin and an argued tolerance.

``given`` says in what form the pixels are handed over:

- ``uint8``: as the file holds them (float32 arithmetic, luma rounded as MATLAB rounds it);
- ``float64``: divided by 255, with ``rounded_luma=true`` where the metric has that option (float64 arithmetic);
- ``file``: the file itself, read by visq: alpha on white, profile converted, orientation applied.

A ``[[left_out]]`` table names published values that are not checked, and why (``test_complete.py``).
An option that begins with ``shared:`` is a path inside the folder of reference data.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest

import visq
from shared_data import load, shared

HERE = Path(__file__).parent
STATUS = {"verified", "self", "unverified"}


def _cases():
    for path in sorted(HERE.glob("*.toml")):
        for i, row in enumerate(tomllib.loads(path.read_text())["value"]):
            name = Path(row["image"]).stem
            yield pytest.param(path.stem, row, id=f"{path.stem}-{i}-{name}-{row['given']}")


def _pixels(relative, given):
    if given == "file":
        return visq.open_image(shared(f"golden/{relative}"))
    pixels = load(f"golden/{relative}")
    return pixels if given == "uint8" else pixels.astype(np.float64) / 255.0


def _option(value):
    if isinstance(value, str) and value.startswith("shared:"):
        return str(shared(value.removeprefix("shared:")))
    return value


@pytest.mark.parametrize(("metric", "row"), list(_cases()))
def test_value(metric, row):
    options = {name: _option(value) for name, value in row.get("options", {}).items()}
    spec = visq.catalog.get(metric)
    if row["given"] == "float64" and any(o.name == "rounded_luma" for o in spec.options):
        options.setdefault("rounded_luma", True)
    reference = row.get("reference")
    arrays = [_pixels(row["image"], row["given"])]
    if reference:
        arrays.append(_pixels(reference, row["given"]))
    value = float(visq.metric(metric, **options)(*arrays))
    if "rtol" in row:
        assert value == pytest.approx(row["value"], rel=row["rtol"], abs=0)
    else:
        assert value == pytest.approx(row["value"], rel=0, abs=row["atol"])


def test_every_row_states_origin_and_reason():
    rows = [(p.stem, row) for p in HERE.glob("*.toml") for row in tomllib.loads(p.read_text())["value"]]
    assert rows
    for metric, row in rows:
        assert row["origin"].strip(), metric
        assert row["why"].strip(), f"{metric}: the tolerance has no reason"
        assert row["status"] in STATUS, metric
        assert ("atol" in row) != ("rtol" in row), metric


def test_every_metric_has_a_golden_file():
    missing = [i for i in visq.catalog.ids() if not (HERE / f"{i}.toml").exists()]
    assert not missing
