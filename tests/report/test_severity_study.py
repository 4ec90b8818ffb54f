"""The study of steps of damage: what is measured again takes the place of what is published, and nothing else does."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from visq import catalog

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
if not BENCHMARKS.is_dir():
    pytest.skip("an installed copy has no benchmarks", allow_module_level=True)
sys.path.append(str(BENCHMARKS))

import severity  # noqa: E402


def _study(**metrics):
    found = {name: {"identity": identity, "kinds": kinds} for name, (identity, kinds) in metrics.items()}
    return {"set": "made up", "photographs": ["a", "b"], "levels": {"blur": [1.0]}, "metrics": found}


PSNR, SSIM = (catalog.get(name).identity() for name in ("psnr", "ssim"))


def test_what_was_not_measured_now_stays_as_long_as_it_is_the_same_metric():
    published = _study(psnr=(PSNR, "old"), ssim=(SSIM, "old"), niqe=("niqe@0", "of an earlier version"))
    found = severity.with_published(_study(ssim=(SSIM, "new")), published)["metrics"]
    assert {name: one["kinds"] for name, one in found.items()} == {"psnr": "old", "ssim": "new"}


@pytest.mark.parametrize("other", [{"photographs": ["a"]}, {"levels": {"blur": [2.0]}}, {"set": "others"}])
def test_nothing_stays_of_other_photographs_or_levels(other):
    now = _study(ssim=(SSIM, "new"))
    assert severity.with_published(now, {**_study(psnr=(PSNR, "old")), **other}) == now
