"""Full-reference metrics: pixel errors."""

from __future__ import annotations

from visq.catalog.common import ROUNDED_LUMA
from visq.types import InputSpec, Like, MetricSpec, Option, Verification

_CHANNELS = Option("channels", "str", "rgb", "all channels, or MATLAB's luma", ("rgb", "luma"))
_CEILING = Option(
    "ceiling", "float", 100.0, "largest value returned, that of an identical pair; none: infinite", optional=True
)
_EPSILON = Option("epsilon", "float", 0.0, "added to the error in units of white squared; 1e-8 in piq and pyiqa")


def _likes(names: tuple[str, ...]) -> tuple[Like, ...]:
    """The programs that take all channels, by what they do with an identical pair."""
    endless = (("ceiling", None),)
    all_likes = {
        "skimage": Like(
            "skimage", "scikit-image 0.26, peak_signal_noise_ratio", endless, "an identical pair is infinite", "1e-6"
        ),
        "torchmetrics": Like(
            "torchmetrics",
            "torchmetrics 1.9, peak_signal_noise_ratio(data_range=1.0)",
            endless,
            "an identical pair is infinite",
            "1e-4",
        ),
        "sewar": Like("sewar", "sewar 0.4, psnr", endless, "an identical pair is infinite", "1e-6"),
        "piq": Like("piq", "piq 0.8, psnr", (("epsilon", 1e-8),), "an identical pair gives 80 dB", "1e-4"),
        "pyiqa": Like("pyiqa", "pyiqa 0.1.16, psnr", (("epsilon", 1e-8),), "an identical pair gives 80 dB", "1e-4"),
    }
    return tuple(all_likes[name] for name in names)


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
        options=(_CHANNELS, ROUNDED_LUMA, _CEILING, _EPSILON),
        likes=_likes(("skimage", "torchmetrics", "sewar", "piq", "pyiqa")),
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
        options=(ROUNDED_LUMA, _CEILING, _EPSILON),
        likes=(
            Like(
                "pyiqa",
                "pyiqa 0.1.16, psnry",
                (("rounded_luma", False), ("epsilon", 1e-8)),
                "luma is not rounded, and has other digits; an identical pair gives 80 dB",
                "0.003",
            ),
        ),
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
