"""Full-reference metrics: pixel errors."""

from __future__ import annotations

from visq.catalog.common import ROUNDED_LUMA
from visq.types import InputSpec, MetricSpec, Option, Verification

_CHANNELS = Option("channels", "str", "rgb", "all channels, or MATLAB's luma", ("rgb", "luma"))
_CEILING = Option(
    "ceiling", "float", 100.0, "largest value returned, that of an identical pair; none: infinite", optional=True
)

SPECS: tuple[MetricSpec, ...] = (
    MetricSpec(
        id="psnr",
        version="1",
        name="PSNR",
        summary="peak signal-to-noise ratio over all channels, in decibels",
        kind="fr",
        lower_is_better=False,
        value_range=(0.0, 100.0),
        impl="visq.metrics.psnr:psnr",
        input=InputSpec("rgb"),
        min_side=1,
        best=100.0,
        symmetric=True,
        paper="ITU-T J.340 (2010) and common use",
        code_licence="Apache-2.0",
        options=(_CHANNELS, ROUNDED_LUMA, _CEILING),
        verification=(
            Verification(
                "verified",
                "scikit-image on five TID2013 pairs, as IQA-PyTorch records it",
                "printed digits (0.01 dB)",
            ),
            Verification("verified", "scikit-image 0.26 on pairs made by the tests", "1e-9 dB"),
        ),
    ),
    MetricSpec(
        id="psnr_y",
        version="1",
        name="PSNR-Y",
        summary="peak signal-to-noise ratio of MATLAB's luma, in decibels",
        kind="fr",
        lower_is_better=False,
        value_range=(0.0, 100.0),
        impl="visq.metrics.psnr:psnr",
        presets=(("channels", "luma"),),
        input=InputSpec("luma"),
        min_side=1,
        best=100.0,
        symmetric=True,
        aliases=("psnry",),
        paper="ITU-T J.340 (2010) and common use",
        code_licence="Apache-2.0",
        options=(ROUNDED_LUMA, _CEILING),
        verification=(Verification("verified", "scikit-image 0.26 on the rounded luma", "1e-6 dB"),),
    ),
    MetricSpec(
        id="mse",
        version="1",
        name="MSE",
        summary="mean squared error over all channels, in 8-bit levels squared",
        kind="fr",
        lower_is_better=True,
        value_range=(0.0, 65025.0),
        impl="visq.metrics.psnr:mse",
        input=InputSpec("rgb"),
        min_side=1,
        best=0.0,
        has_map=True,
        map_lower_is_better=True,
        symmetric=True,
        paper="common use",
        code_licence="Apache-2.0",
        options=(_CHANNELS, ROUNDED_LUMA),
        verification=(Verification("verified", "scikit-image 0.26 on pairs made by the tests", "1e-12 relative"),),
    ),
)
