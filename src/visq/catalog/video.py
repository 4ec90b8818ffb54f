"""Video metrics: a sequence of frames against its pristine original."""

from __future__ import annotations

from visq.catalog.common import ROUNDED_LUMA
from visq.types import InputSpec, MetricSpec, Option, Verification

SPECS: tuple[MetricSpec, ...] = (
    MetricSpec(
        id="st_rred",
        version="1",
        name="ST-RRED",
        summary="difference of the entropies of wavelet coefficients, of frames times of changes between frames",
        kind="video",
        lower_is_better=True,
        value_range=(0.0, float("inf")),
        impl="visq.metrics.st_rred:st_rred",
        stream="visq.metrics.st_rred:StRred",
        input=InputSpec("luma", "Y of the video in 0..255, or MATLAB's rgb2gray of RGB frames"),
        min_side=72,
        best=0.0,
        symmetric=True,
        differentiable=False,
        aliases=("strred",),
        paper="Soundararajan, Bovik, Video quality assessment by reduced reference spatio-temporal entropic "
        "differencing, IEEE TCSVT 23(4), 2013",
        code_licence="Apache-2.0",
        options=(
            Option(
                "index", "str", "full", "one number a block and frame of the reference, or one a frame",
                ("full", "single"),
            ),
            Option(
                "pairs", "str", "separate", "frames 1-2, 3-4, ..., or every frame with the one before it",
                ("separate", "overlapping"),
            ),
            Option(
                "compat", "str", "release", "logarithms mixed as in the authors' program, or binary throughout",
                ("release", "corrected"),
            ),
            ROUNDED_LUMA,
        ),
        verification=(
            Verification(
                "verified",
                "the authors' extract_info and STRRED_optim in Octave 7.3 on two pairs of sequences, both indices",
                "1e-8",
            ),
        ),
        notes=(
            "A product: a still picture has no changes between frames and a score of 0, however damaged. An odd last "
            "frame is not looked at with pairs=separate."
        ),
    ),
)  # fmt: skip
