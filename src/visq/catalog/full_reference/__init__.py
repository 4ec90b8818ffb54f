"""Full-reference metrics: an image against its pristine original."""

from __future__ import annotations

from visq.catalog.full_reference import (
    codec,
    colour,
    error,
    frequency,
    gradient,
    information,
    phase,
    saliency,
    structural,
    vision,
    wavelet,
    weighted,
)

SPECS = (
    *error.SPECS,
    *structural.SPECS,
    *information.SPECS,
    *gradient.SPECS,
    *phase.SPECS,
    *saliency.SPECS,
    *frequency.SPECS,
    *colour.SPECS,
    *codec.SPECS,
    *vision.SPECS,
    *wavelet.SPECS,
    *weighted.SPECS,
)
