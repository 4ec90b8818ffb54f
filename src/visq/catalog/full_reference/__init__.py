"""Full-reference metrics: an image against its pristine original."""

from __future__ import annotations

from visq.catalog.full_reference import error, gradient, information, phase, structural

SPECS = (*error.SPECS, *structural.SPECS, *information.SPECS, *gradient.SPECS, *phase.SPECS)
