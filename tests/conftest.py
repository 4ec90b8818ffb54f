"""Shared set-up: the tests directory on the path, compiled kernels in one cache."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
