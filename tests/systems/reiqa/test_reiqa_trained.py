"""What the small encoders that ship are held to, on photographs that they did not learn from.

`benchmarks/results/trained/reiqa.json` has what was measured of every random start.
"""

from __future__ import annotations

import numpy as np
import pytest

from shared_data import lacking, shared
from visq.catalog.learned.reiqa import SPEC

pytestmark = [*lacking(SPEC), pytest.mark.slow]


@pytest.fixture(scope="module")
def found():
    """On Kodak's photographs, from which nothing here was trained."""
    from PIL import Image

    from visq import weights
    from visq.systems.reiqa import load, trials

    files = sorted(shared("photos/kodak24").glob("*.png"))
    photographs = [np.asarray(Image.open(path).convert("RGB")) for path in files]
    return trials.run(load(weights.find(SPEC.weights[0])).encoders, photographs, seed=0)


def test_the_quality_encoder_learned_more_than_its_architecture(found):
    """R6."""
    assert found.held_out > found.random


def test_each_encoder_tells_its_own_matter_better(found):
    """R7 and R8."""
    assert found.kind_quality > found.kind_content
    assert found.kind_quality > found.chance
    assert found.place_content > found.place_quality


def test_references_help(found):
    """R10."""
    assert found.with_reference > found.without
