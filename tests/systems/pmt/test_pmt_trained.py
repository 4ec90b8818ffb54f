"""What the network that ships is held to, on photographs that it did not learn from."""

from __future__ import annotations

import numpy as np
import pytest

from shared_data import lacking, shared
from visq.catalog.learned.pmt import SPEC

pytestmark = [*lacking(SPEC), pytest.mark.slow]


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("number", [1, 5])
def test_two_sets_of_masks_draw_the_same_map(number):
    """T9, of two of Kodak's photographs: the specification's 0.7, where 0.95 and 0.84 were seen."""
    from PIL import Image

    from visq.explain import region_importance

    photograph = np.asarray(Image.open(shared("photos/kodak24") / f"{number:02}.png").convert("RGB"))
    found = region_importance("pmt", photograph, estimator="half", level="token", seed=0)
    assert found.stability >= 0.7
    assert found.map.shape == (8, 12)


@pytest.mark.usefixtures("one_thread")
def test_damage_is_seen():
    """Blur and noise of a photograph that was not learned from, each stronger than the last, are each worse."""
    from PIL import Image

    import visq
    from visq.distortions.apply import distort

    photograph = np.asarray(Image.open(shared("photos/kodak24") / "05.png").convert("RGB"))
    metric = visq.metric("pmt")
    for damage in ("gaussian_blur", "gaussian_noise"):
        pictures = [photograph, *(distort(photograph, damage, level) for level in (3, 5))]
        scores = [float(metric(one)) for one in pictures]
        assert scores[0] > scores[1] > scores[2], (damage, scores)
