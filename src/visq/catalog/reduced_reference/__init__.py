"""Reduced-reference metrics: an image against a few numbers of its pristine original."""

from __future__ import annotations

from visq.catalog.reduced_reference import pattern, statistics, wavelet

SPECS = (*wavelet.SPECS, *pattern.SPECS, *statistics.SPECS)
