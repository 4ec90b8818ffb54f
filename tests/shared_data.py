"""Where the reference images and published values lie, and the reason a test is skipped where they do not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_ROOT = Path(os.environ.get("VISQ_SHARED", Path(__file__).resolve().parents[2] / "shared"))
#: Public weights, where the reference data has them.
WEIGHTS = _ROOT / "weights"


def shared(relative: str) -> Path:
    """Path of a shared file; skips the test with a reason where it is absent."""
    path = _ROOT / relative
    if not path.exists():
        pytest.skip(f"needs {relative} (set VISQ_SHARED to the folder of reference data)")
    return path


def lacking(spec) -> list:
    """Marks for a test of a metric: skipped, with the reason, where its weights or what they need is not here."""
    from visq import weights

    missing = [w.filename for w in weights.missing(spec)]
    reason = f"needs the weights {', '.join(missing)} (set VISQ_WEIGHTS)" if missing else ""
    return [pytest.mark.skip(reason=reason)] if reason else []


def load(relative: str):
    """Pixels of a shared picture, uint8, `(H, W)` or `(H, W, 3)`, through Pillow and not through visq."""
    import numpy as np
    from PIL import Image

    with Image.open(shared(relative)) as picture:
        if picture.mode not in ("L", "RGB"):
            raise AssertionError(f"{relative} has mode {picture.mode}")
        return np.asarray(picture)
