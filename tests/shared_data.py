"""Where the reference images and published values lie, and the reason a test is skipped where they do not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_ROOT = Path(os.environ.get("VISQ_SHARED", Path(__file__).resolve().parents[2] / "shared"))


def shared(relative: str) -> Path:
    """Path of a shared file; skips the test with a reason where it is absent."""
    path = _ROOT / relative
    if not path.exists():
        pytest.skip(f"needs {relative} (set VISQ_SHARED to the folder of reference data)")
    return path


def load(relative: str):
    """Pixels of a shared picture, uint8, `(H, W)` or `(H, W, 3)`, through Pillow and not through visq."""
    import numpy as np
    from PIL import Image

    with Image.open(shared(relative)) as picture:
        if picture.mode not in ("L", "RGB"):
            raise AssertionError(f"{relative} has mode {picture.mode}")
        return np.asarray(picture)
