"""No-reference metrics: an image alone."""

from __future__ import annotations

from visq.catalog.no_reference import artefacts, colour, ilniqe, perceptual, sharpness, statistics, tone

SPECS = (
    *statistics.SPECS,
    *perceptual.SPECS,
    *colour.SPECS,
    *sharpness.SPECS,
    *artefacts.SPECS,
    *tone.SPECS,
    *ilniqe.SPECS,
)
