"""SSIMULACRA 2, FLIP and CIEDE2000 against other libraries in the same process."""

from __future__ import annotations

import numpy as np
import pytest

import samples
from visq.metrics.ciede2000 import ciede2000
from visq.metrics.flip import flip
from visq.metrics.ssimulacra2 import ssimulacra2
from visq.ops.lab import rgb_to_lab


def _pair():
    reference = samples.picture(150, 183)
    return samples.noisy(samples.blurred(reference, 1.0), 5), reference


def _library(name):
    try:
        return pytest.importorskip(name)
    except (RuntimeError, OSError) as error:
        pytest.skip(f"{name} does not load: {error}")


def test_ciede2000_of_scikit_image():
    color = _library("skimage.color")
    labs = [np.moveaxis(rgb_to_lab(np.moveaxis(a, -1, 0) / 255.0), 0, -1) for a in _pair()]
    _, values = ciede2000(*(a / 255.0 for a in _pair()), full=True)
    # Hues of nearly grey pixels keep half of the digits.
    np.testing.assert_allclose(values, color.deltaE_ciede2000(labs[1], labs[0]), rtol=0, atol=1e-6)


@pytest.mark.parametrize("ppd", [30.0, 67.02064327658226])
def test_flip_of_its_authors(ppd):
    evaluator = _library("flip_evaluator")
    image, reference = (np.float32(a) / np.float32(255) for a in _pair())
    values, score, _ = evaluator.evaluate(
        reference, image, "LDR", inputsRGB=True, applyMagma=False, parameters={"ppd": ppd}
    )
    ours, map_ = flip(image, reference, ppd=ppd, full=True)
    # Single precision there; the root of the feature error makes 1e-4 of 1e-8.
    assert ours == pytest.approx(score, abs=5e-6)
    np.testing.assert_allclose(map_, np.asarray(values).reshape(map_.shape), rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "ours", "within"),
    [("ssimulacra2", ssimulacra2, 2e-3), ("flip", flip, 5e-5), ("ciede2000", ciede2000, 1e-3)],
)
def test_frame_analytics(name, ours, within):
    torch = _library("torch")
    library = _library("frame_analytics")
    image, reference = (torch.from_numpy(a.transpose(2, 0, 1).copy())[None] for a in _pair())
    theirs = float(getattr(library, name)(reference, image))
    assert ours(*_pair()) == pytest.approx(theirs, abs=within)
