"""No-reference metrics: perceptual."""

from __future__ import annotations

from visq.types import MetricSpec

SPECS: tuple[MetricSpec, ...] = ()
