"""Levels that are said to be spread by SSIM are: close to the original at level 1, far at level 5, in order between."""

from __future__ import annotations

from importlib.util import find_spec
from itertools import pairwise

import numpy as np
import pytest
from distortion_pictures import photo

from visq import distortions
from visq.distortions.apply import distort
from visq.distortions.table._notes import BY_SSIM
from visq.metrics.ssim import ssim

SPECS = [spec for spec in distortions.specs() if BY_SSIM in spec.source]


def test_there_are_such():
    assert len(SPECS) > 15


@pytest.mark.parametrize("spec", SPECS, ids=lambda s: s.id)
def test_levels_are_spread(spec):
    if spec.extra and find_spec("av") is None:
        pytest.skip(f"{spec.id} needs PyAV")
    pictures = {name: photo(name) for name in ("hibiscus", "houses")}
    found = [
        float(np.mean([ssim(distort(image, spec.id, level, key=name), image) for name, image in pictures.items()]))
        for level in (1, 2, 3, 4, 5)
    ]
    # Two pictures, and small ones: wider than the range that the tables state for Kodak's.
    assert found[0] > 0.88, found
    assert 0.3 < found[4] < 0.82, found
    # Equal where bit errors are so rare that both levels have but the one that every picture gets.
    assert all(a >= b for a, b in pairwise(found)), found
