"""Reduced-reference metrics: how predictable an image is, and how its orientations go together."""

from __future__ import annotations

import math

from visq.catalog.common import ROUNDED_LUMA
from visq.types import InputSpec, MetricSpec, Option, Verification

_LUMA = InputSpec("luma", "MATLAB's rgb2gray in 0..255, rounded to 8 bit for integer colour pixels")

SPECS: tuple[MetricSpec, ...] = (
    MetricSpec(
        id="fedm",
        version="1",
        name="FEDM",
        summary="how much less or more predictable the image is than its reference, of which one number is sent",
        kind="rr",
        lower_is_better=True,
        value_range=(0.0, math.log2(511)),
        impl="visq.metrics.fedm:fedm",
        extract="visq.metrics.fedm:extract",
        compare="visq.metrics.fedm:compare",
        input=_LUMA,
        min_side=9,
        best=0.0,
        symmetric=True,
        # Errors are rounded and counted.
        differentiable=False,
        paper="Zhai, Wu, Yang, Lin, Zhang, A psychovisual quality metric in free-energy principle, IEEE TIP 21(1), "
        "2012",
        code_licence="Apache-2.0",
        options=(
            Option(
                "solver", "str", "exact", "undetermined weights: the mean of the neighbours, or regularised everywhere",
                ("exact", "ridge"),
            ),
            ROUNDED_LUMA,
        ),
        verification=(
            Verification(
                "verified",
                "an independent NumPy program, solver=ridge, of scikit-image's camera: its entropy and its change with "
                "noise, blur and JPEG",
                "half of the last digit printed",
            ),
            Verification("verified", "least squares in a plain loop over NumPy's lstsq, every count of errors", "0"),
        ),
        notes=(
            "Monotone within one kind of distortion. Noise raises the free energy and blur lowers it: in a mixture of "
            "both they cancel, and a bad image may get a perfect score. free_energy_change of its module has the sign."
        ),
    ),
    MetricSpec(
        id="osvp",
        version="1",
        name="OSVP",
        summary="difference of the histograms of nine orientation patterns, nine numbers of the reference",
        kind="rr",
        lower_is_better=True,
        value_range=(0.0, 1.0),
        impl="visq.metrics.osvp:osvp",
        extract="visq.metrics.osvp:extract",
        compare="visq.metrics.osvp:compare",
        input=_LUMA,
        min_side=5,
        best=0.0,
        symmetric=True,
        differentiable=False,
        paper="Wu, Lin, Shi, Li, Fang, Orientation selectivity based visual pattern for reduced-reference image "
        "quality assessment, Information Sciences 351, 2016",
        code_licence="Apache-2.0",
        options=(
            Option("threshold", "float", 6.0, "degrees from which on two orientations differ, at most 90"),
            ROUNDED_LUMA,
        ),
        verification=(
            Verification("self", "no program and no score of the authors is public", "1e-6"),
            Verification("verified", "the definition in a plain loop over SciPy's filters and arctangents", "1e-12"),
        ),
        notes=(
            "Kernel, threshold, weight and distance are not known from the authors: scores are not those of the paper. "
            "Rises with noise and with blur; a mild JPEG may score worse than a stronger one."
        ),
    ),
)  # fmt: skip
