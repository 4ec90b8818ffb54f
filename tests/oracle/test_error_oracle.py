"""MSE and PSNR against scikit-image, which computes them in float64 from integers and floats alike."""

from __future__ import annotations

import pytest

import samples
from visq.metrics.psnr import mse, psnr

metrics = pytest.importorskip("skimage.metrics")


@pytest.mark.parametrize(("dtype", "white"), [("uint8", 255), ("uint16", 65535), ("float64", 1.0)])
@pytest.mark.parametrize("grey", [False, True])
def test_scikit_image(dtype, white, grey):
    reference = samples.picture(61, 83, grey=grey)
    image = samples.noisy(samples.blurred(reference, 1.0), 6.0)
    image, reference = ((a * (white / 255.0)).astype(dtype) for a in (image, reference))
    error = metrics.mean_squared_error(reference, image) * (255.0 / white) ** 2
    # Sums of squares in float64: fifteen digits, of which some thousand additions take three.
    assert mse(image, reference) == pytest.approx(error, rel=1e-12)
    decibels = metrics.peak_signal_noise_ratio(reference, image, data_range=white)
    assert psnr(image, reference) == pytest.approx(decibels, abs=1e-9)
