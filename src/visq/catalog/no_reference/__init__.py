"""No-reference metrics: an image alone."""

from __future__ import annotations

from visq.catalog.no_reference import colour, perceptual, statistics

SPECS = (*statistics.SPECS, *perceptual.SPECS, *colour.SPECS)
