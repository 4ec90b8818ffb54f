"""No-reference metrics: colour."""

from __future__ import annotations

from visq.types import MetricSpec

SPECS: tuple[MetricSpec, ...] = ()
