"""Full-reference metrics: gradient."""

from __future__ import annotations

from visq.types import MetricSpec

SPECS: tuple[MetricSpec, ...] = ()
