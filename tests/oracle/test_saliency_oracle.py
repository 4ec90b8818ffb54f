"""VSI, SR-SIM(c) and DSS against piq itself, where it can be imported."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

import samples
from visq.metrics.dss import dss
from visq.metrics.sr_sim import sr_sim
from visq.metrics.vsi import vsi

SIDES = [(64, 80), (97, 75), (520, 600)]


@pytest.fixture(scope="module")
def piq():
    pytest.importorskip("torch")
    try:
        return importlib.import_module("piq")
    except (ImportError, RuntimeError, OSError) as error:
        pytest.skip(f"piq cannot be imported: {error}")


def _pair(side, grey=False):
    reference = samples.picture(*side, grey=grey)
    return samples.noisy(samples.blurred(reference, 1.0), 5.0), reference


def _tensors(pair):
    import torch

    planes = [p[..., None] if p.ndim == 2 else p for p in pair]
    return [torch.from_numpy(np.moveaxis(p / 255.0, -1, 0)[None].copy()) for p in planes]


@pytest.mark.parametrize("chromatic", [False, True])
@pytest.mark.parametrize("side", SIDES)
def test_sr_sim(piq, side, chromatic):
    pair = _pair(side)
    theirs = float(piq.srsim(*_tensors(pair), data_range=1.0, chromatic=chromatic))
    # Measured 2e-8: it adds machine epsilon to the amplitudes and to the denominator.
    assert sr_sim(*(a / 255.0 for a in pair), chromatic=chromatic) == pytest.approx(theirs, rel=0, abs=1e-7)


@pytest.mark.parametrize("side", SIDES)
def test_dss(piq, side):
    pair = _pair(side, grey=True)
    theirs = float(piq.dss(*_tensors(pair), data_range=1.0))
    # Measured 2e-8: its weights are in single precision.
    assert dss(*(a / 255.0 for a in pair)) == pytest.approx(theirs, rel=0, abs=1e-7)


@pytest.mark.parametrize("side", SIDES)
def test_vsi(piq, side):
    pair = _pair(side)
    theirs = float(piq.vsi(*_tensors(pair), data_range=1.0))
    # It resizes without aligned corners on the way down, and blocks begin a pixel earlier.
    assert vsi(*(a / 255.0 for a in pair)) == pytest.approx(theirs, rel=0, abs=5e-3)
