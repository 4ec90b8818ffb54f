"""Full-reference metrics: relatives of SSIM with other weights."""

from __future__ import annotations

from visq.catalog.common import LUMA, ROUNDED_LUMA
from visq.types import InputSpec, Like, MetricSpec, Option, Verification

SPECS: tuple[MetricSpec, ...] = (
    MetricSpec(
        id="iw_ssim",
        version="1",
        name="IW-SSIM",
        summary="structural similarity at five scales, weighted by the information of every pixel",
        kind="fr",
        lower_is_better=False,
        value_range=(0.0, 1.0),
        impl="visq.metrics.iw_ssim:iw_ssim",
        input=InputSpec("luma", "not rounded to 8 bit"),
        min_side=161,
        best=1.0,
        symmetric=False,
        aliases=("iwssim",),
        paper="Wang, Li, IEEE TIP 20(5), 2011",
        code_licence="Apache-2.0",
        options=(
            LUMA,
            Option(
                "rounded_luma",
                "bool",
                False,
                "round luma to 8 bit; the recorded MATLAB value for colour comes from luma that is not rounded; none: "
                "that of colour pixels of 8 or 16 bit",
                optional=True,
            ),
        ),
        likes=(Like("piq", "piq 0.8, information_weighted_ssim", (), "nothing: it is the default", "5e-6"),),
        verification=(
            Verification(
                "verified", "iwssim.m in MATLAB, a grey pair recorded by piq", "1e-12 in float64, 1e-8 in float32"
            ),
            Verification("verified", "iwssim.m in MATLAB, a colour pair recorded by piq", "1e-12 with luma=bt601"),
        ),
        notes="The reference comes second: the weights are its information, and swapped the number differs. A negative "
        "mean of a scale counts as 0.",
    ),
    MetricSpec(
        id="uqi",
        version="1",
        name="UQI",
        summary="universal quality index: structural similarity without its constants",
        kind="fr",
        lower_is_better=False,
        value_range=(-1.0, 1.0),
        impl="visq.metrics.uqi:uqi",
        input=InputSpec("luma", "channels=rgb compares every channel"),
        min_side=8,
        best=1.0,
        has_map=True,
        symmetric=True,
        paper="Wang, Bovik, IEEE Signal Processing Letters 9(3), 2002",
        code_licence="Apache-2.0",
        options=(
            Option("channels", "str", "luma", "luma, or the mean over the channels", ("luma", "rgb")),
            Option("window", "int", 8, "side of the window in pixels"),
            Option("weighting", "str", "uniform", "weights under the window", ("uniform", "gaussian")),
            Option("sigma", "float", 1.5, "standard deviation of the Gaussian in pixels"),
            Option("variant", "str", "paper", "the formula, or means where it has sums (sewar)", ("paper", "sewar")),
            ROUNDED_LUMA,
        ),
        likes=(
            Like(
                "sewar",
                "sewar 0.4, uqi",
                (("channels", "rgb"), ("variant", "sewar")),
                "every channel; means where the formula has sums",
                "1e-6",
            ),
            Like(
                "torchmetrics",
                "torchmetrics 1.9, universal_image_quality_index",
                (("channels", "rgb"), ("weighting", "gaussian"), ("window", 11)),
                "every channel, Gaussian window of 11; but a flat window counts 0 there",
                "1e-4 of its number in double precision (0.002 of that in single)",
            ),
        ),
        verification=(
            Verification("verified", "scikit-image 0.26, SSIM with constants near 0 and windows of 7 pixels", "1e-6"),
        ),
        notes="The map covers the positions where the window fits. Computed in float64.",
    ),
)
