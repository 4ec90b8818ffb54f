"""FSIM against piq and frame-analytics themselves, where they can be imported."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

import samples
from visq.metrics.fsim import fsim


def _library(name):
    pytest.importorskip("torch")
    try:
        return importlib.import_module(name)
    except (ImportError, RuntimeError, OSError) as error:
        pytest.skip(f"{name} cannot be imported: {error}")


SIDES = [(64, 80), (97, 75), (520, 600)]


def _pair(side):
    reference = samples.picture(*side)
    return samples.noisy(samples.blurred(reference, 1.0), 5.0), reference


def _tensors(pair):
    import torch

    return [torch.from_numpy(np.moveaxis(a / 255.0, -1, 0)[None].copy()) for a in pair]


@pytest.mark.parametrize("side", SIDES)
def test_piq(side):
    pair = _pair(side)
    piq = _library("piq")
    # It adds machine-epsilon-like constants to denominators and down-samples without the border of zeros.
    theirs = float(piq.fsim(*_tensors(pair), data_range=1.0, chromatic=False))
    assert fsim(*(a / 255.0 for a in pair)) == pytest.approx(theirs, rel=0, abs=1e-4)


# Even sides only: it lays odd frequency axes out as numpy.fft.fftfreq does, the authors' program from -1/2 to 1/2.
@pytest.mark.parametrize("chromatic", [False, True])
@pytest.mark.parametrize("side", [side for side in SIDES if not any(n % 2 for n in side)])
def test_frame_analytics(side, chromatic):
    pair = _pair(side)
    library = _library("frame_analytics")
    theirs = float(library.fsim(*_tensors(pair), data_range=1.0, chromatic=chromatic))
    assert fsim(*(a / 255.0 for a in pair), chromatic=chromatic) == pytest.approx(theirs, rel=0, abs=1e-8)
