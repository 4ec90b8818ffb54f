"""Full-reference metrics: structural."""

from __future__ import annotations

from visq.types import MetricSpec

SPECS: tuple[MetricSpec, ...] = ()
