"""Photographs and graded damage for tests that count how often a score follows the damage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import samples
from shared_data import shared

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "photos"
LEVELS = {
    "noise": (samples.noisy, (2, 5, 10, 20, 40)),
    "blur": (samples.blurred, (0.6, 1.2, 2.5, 4.0)),
    "jpeg": (samples.jpeg, (80, 60, 40, 20, 10, 5)),
}


def _read(path):
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))[:256, :384]


def photographs():
    """Eight photographs of 384 x 256: of the Kodak set where it lies, else the examples and halves."""
    try:
        folder = shared("photos/kodak24")
    except pytest.skip.Exception:
        whole = [_read(path) for path in sorted(EXAMPLES.glob("*.jpg"))]
        return [*whole, *(np.rot90(photo) for photo in whole)]
    return [_read(folder / f"{n:02}.png") for n in range(1, 9)]


def rising(score, photo, kind, levels=None):
    """Whether a score rises with every step of the damage, all of `LEVELS` or those given."""
    damage, every = LEVELS[kind]
    values = [score(damage(photo, level)) for level in levels or every]
    return bool((np.diff(values) > 0).all())
