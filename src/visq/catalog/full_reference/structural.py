"""Full-reference metrics: structural similarity."""

from __future__ import annotations

from visq.catalog.common import ROUNDED_LUMA
from visq.types import InputSpec, MetricSpec, Option, Verification

_CHANNELS = Option("channels", "str", "luma", "MATLAB's luma, or the mean over the channels", ("luma", "rgb"))

SPECS: tuple[MetricSpec, ...] = (
    MetricSpec(
        id="ssim",
        version="1",
        name="SSIM",
        summary="structural similarity: local luminance, contrast and structure under a Gaussian window",
        kind="fr",
        lower_is_better=False,
        value_range=(-1.0, 1.0),
        impl="visq.metrics.ssim:ssim",
        input=InputSpec("luma", "channels=rgb compares every channel"),
        min_side=11,
        best=1.0,
        has_map=True,
        symmetric=True,
        paper="Wang, Bovik, Sheikh, Simoncelli, IEEE TIP 13(4), 2004",
        code_licence="Apache-2.0",
        options=(
            _CHANNELS,
            Option("downsample", "bool", False, "thin the image to a shorter side of about 256 first, as ssim.m does"),
            Option("window", "int", 11, "side of the Gaussian window in pixels"),
            Option("sigma", "float", 1.5, "standard deviation of the window in pixels"),
            Option("k1", "float", 0.01, "stabilises the luminance term"),
            Option("k2", "float", 0.03, "stabilises the contrast-structure term"),
            ROUNDED_LUMA,
        ),
        verification=(
            Verification(
                "verified",
                "the authors' ssim_index_new.m and ssim.m run in Octave 7.3, six pairs each",
                "1e-10 in float64, 1e-6 from 8-bit input",
            ),
            Verification("verified", "scikit-image 0.26 (Gaussian window) and pytorch-msssim 1.0", "1e-6, 1e-5"),
        ),
        notes="The map covers the positions where the window fits: 5 pixels less on each side.",
    ),
    MetricSpec(
        id="ms_ssim",
        version="1",
        name="MS-SSIM",
        summary="structural similarity at five scales",
        kind="fr",
        lower_is_better=False,
        value_range=(0.0, 1.0),
        impl="visq.metrics.ms_ssim:ms_ssim",
        input=InputSpec("luma", "channels=rgb compares every channel"),
        min_side=161,
        best=1.0,
        symmetric=True,
        aliases=("msssim",),
        paper="Wang, Simoncelli, Bovik, Asilomar Conference on Signals, Systems and Computers, 2003",
        code_licence="Apache-2.0",
        options=(
            _CHANNELS,
            Option(
                "pooling",
                "str",
                "matlab",
                "border of the halving on odd sides: mirrored, or zeros as pytorch-msssim",
                ("matlab", "average"),
            ),
            ROUNDED_LUMA,
        ),
        verification=(
            Verification(
                "verified",
                "the authors' msssim.m run in Octave 7.3, six pairs, and in MATLAB, one pair",
                "1e-10 in float64, 1e-6 from 8-bit input",
            ),
            Verification("verified", "pytorch-msssim 1.0 on RGB", "1e-5"),
        ),
        notes="A negative mean of the contrast-structure term counts as 0, where MATLAB returns a complex number.",
    ),
)
