"""Shared set-up: the tests directory on the path, compiled kernels in one cache."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

try:
    from hypothesis import settings
except ImportError:
    pass
else:
    # Nothing is written into the tree, and a run does not depend on the run before it.
    settings.register_profile("visq", database=None, deadline=None)
    settings.load_profile("visq")
