"""Other libraries in the same process: frame-analytics for PSNR-HVS and PSNR-HVS-M, sewar for PSNR-B."""

from __future__ import annotations

import numpy as np
import pytest

import samples
import visq


def _pair(height=136, width=152):
    reference = samples.picture(height, width, grey=True)
    return samples.jpeg(reference, 20), reference


@pytest.mark.parametrize("metric", ["psnr_hvs", "psnr_hvsm"])
def test_frame_analytics(metric):
    torch = pytest.importorskip("torch")
    try:
        other = pytest.importorskip("frame_analytics.psnrhvs")
    except (RuntimeError, OSError) as error:
        pytest.skip(f"frame-analytics does not load: {error}")
    image, reference = _pair()
    function = other.psnr_hvs_m if metric == "psnr_hvsm" else other.psnr_hvs
    expected = float(function(torch.from_numpy(image.copy()), torch.from_numpy(reference.copy())))
    # Single precision there.
    assert float(visq.metric(metric)(image, reference)) == pytest.approx(expected, abs=1e-4)


def test_sewar():
    other = pytest.importorskip("sewar.full_ref")
    image, reference = _pair()
    expected = float(other.psnrb(reference, image))
    plain = float(visq.metric("psnr")(image, reference))
    assert expected < plain - 0.01, "a pair without blocks says nothing"
    assert float(visq.metric("psnr_b")(image, reference)) == pytest.approx(expected, abs=1e-9)


def test_samples_are_what_the_oracles_get():
    image, reference = _pair()
    assert image.dtype == reference.dtype == np.uint8
    assert not np.array_equal(image, reference)
