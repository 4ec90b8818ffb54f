"""No-reference metrics: statistics."""

from __future__ import annotations

from visq.types import MetricSpec

SPECS: tuple[MetricSpec, ...] = ()
