"""Reduced-reference metrics: statistics and entropies of wavelet coefficients."""

from __future__ import annotations

from visq.catalog.common import ROUNDED_LUMA
from visq.types import InputSpec, MetricSpec, Option, Verification

_LUMA = InputSpec("luma", "MATLAB's rgb2gray in 0..255, rounded to 8 bit for integer colour pixels")

SPECS: tuple[MetricSpec, ...] = (
    MetricSpec(
        id="wnism",
        version="1",
        name="WNISM",
        summary="how far the histograms of six wavelet bands are from those of the reference, told in 162 bits",
        kind="rr",
        lower_is_better=True,
        value_range=(0.0, float("inf")),
        impl="visq.metrics.wnism:wnism",
        extract="visq.metrics.wnism:extract",
        compare="visq.metrics.wnism:compare",
        input=_LUMA,
        min_side=96,
        # What 27 bits a band leave: an identical pair has up to about 0.8.
        best=None,
        symmetric=False,
        differentiable=False,
        paper="Wang, Simoncelli, Reduced-reference image quality assessment using a wavelet-domain natural image "
        "statistic model, Proc. SPIE 5666, 2005",
        code_licence="Apache-2.0",
        options=(
            Option("quantised", "bool", True, "send 162 bits, as the paper; false: eighteen numbers unrounded"),
            Option(
                "compat", "str", "corrected", "fits kept within bounds, or without bounds as the authors' program",
                ("corrected", "release"),
            ),
            ROUNDED_LUMA,
        ),
        verification=(
            Verification("verified", "the authors' receiver in Octave 7.3, on the 162 bits that visq sent", "1e-9"),
            Verification(
                "verified", "the authors' sender and receiver in Octave 7.3, compat=release, two pairs", "1e-7"
            ),
            Verification(
                "verified", "the same without quantisation, three pairs: its search ends elsewhere", "0.01"
            ),
        ),
        notes=(
            "An identical pair has 0 without quantisation and below 1 with it. Strong blur saturates, and a mild JPEG "
            "of fine texture may be missed. The reference comes second: swapped, the number differs."
        ),
    ),
    MetricSpec(
        id="rred",
        version="1",
        name="RRED",
        summary="difference of the entropies of wavelet coefficients, with as many numbers of the reference as wanted",
        kind="rr",
        lower_is_better=True,
        value_range=(0.0, float("inf")),
        impl="visq.metrics.rred:rred",
        extract="visq.metrics.rred:extract",
        compare="visq.metrics.rred:compare",
        input=_LUMA,
        min_side=72,
        best=0.0,
        symmetric=True,
        differentiable=False,
        paper="Soundararajan, Bovik, RRED indices: reduced reference entropic differencing for image quality "
        "assessment, IEEE TIP 21(2), 2012",
        code_licence="Apache-2.0",
        options=(
            Option(
                "index", "str", "full", "one number for 24 x 24 pixels (full), for the picture, or for a tile",
                ("full", "single", "tile"),
            ),
            Option("tile", "int", None, "blocks of 24 pixels on a tile's side, with index=tile; not given: 8"),
            Option(
                "compat", "str", "corrected", "binary logarithms, or mixed with natural ones as the authors' program",
                ("corrected", "release"),
            ),
            ROUNDED_LUMA,
        ),
        verification=(
            Verification(
                "verified", "the authors' extract_info in Octave 7.3, compat=release, five pairs, full and single",
                "1e-8",
            ),
        ),
        notes=(
            "With index=single one number is sent, and mild noise or a mild JPEG may go unnoticed: entropy gained in "
            "one place and lost in another cancel. Scores of different indices do not compare."
        ),
    ),
)  # fmt: skip
