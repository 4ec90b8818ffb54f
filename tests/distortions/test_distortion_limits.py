"""Amounts at both ends of what is taken: every operator still gives a picture."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest
from distortion_pictures import photo

from visq import distortions
from visq.distortions.apply import distort
from visq.errors import OptionError

_PICTURES = (photo(height=40, width=56), photo(height=33, width=21)[..., 0], np.full((1, 1, 3), 90, np.uint8))
SPECS = [spec for spec in distortions.specs() if np.isfinite(spec.limits).all()]


@pytest.mark.parametrize("spec", SPECS, ids=lambda s: s.id)
def test_both_ends_are_taken_and_nothing_beyond(spec):
    if spec.extra and find_spec("av") is None:
        pytest.skip(f"{spec.id} needs PyAV")
    for image in _PICTURES:
        if min(image.shape[:2]) < spec.min_side:
            continue
        for amount in spec.limits:
            out = distort(image, spec.id, amount=amount, seed=1)
            assert (out.dtype, out.shape) == (image.dtype, image.shape)
    low, high = spec.limits
    for amount in (low - 1, high * 2 + 1):
        with pytest.raises(OptionError, match="the amount is out of range"):
            distort(_PICTURES[0], spec.id, amount=amount)
