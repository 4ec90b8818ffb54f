"""No-reference metrics: colour, sharpness and contrast of underwater photographs."""

from __future__ import annotations

from visq.types import InputSpec, MetricSpec, Option, Verification

_INFINITE = float("inf")

SPECS: tuple[MetricSpec, ...] = (
    MetricSpec(
        id="uciqe",
        version="1",
        name="UCIQE",
        summary="underwater colour: spread of chroma, contrast of lightness, saturation",
        kind="nr",
        lower_is_better=False,
        value_range=(0.0, _INFINITE),
        impl="visq.metrics.uciqe:uciqe",
        input=InputSpec("rgb", "sRGB to CIELab, D65"),
        min_side=5,
        paper="Yang, Sowmya, An underwater color image quality evaluation metric, IEEE TIP 24(12), 2015",
        code_licence="Apache-2.0",
        options=(
            Option(
                "variant",
                "str",
                "norm",
                "units and terms of which program; they do not compare",
                ("norm", "lab_raw", "matlab", "opencv", "opencv_std", "hsv"),
            ),
        ),
        verification=(
            Verification(
                "verified", "lab_raw: PSNR-SSIM-UCIQE-UIQM-Python a591335 on five pictures", "1e-3 (white point of Lab)"
            ),
            Verification(
                "verified",
                "norm, lab_raw, matlab: an independent implementation on synthetic water",
                "printed digits",
            ),
            Verification(
                "verified",
                "opencv: JOU-UIP/UCIQE 02a3cf3 UCIQE.py; opencv_std: TongJiayan/UCIQE-python 1170aa2, five pictures",
                "3e-3; 5e-6 and 1e-9 where OpenCV's inexact 8-bit Lab is replaced by the exact one",
            ),
            Verification(
                "verified",
                "hsv: underimage-fusion-enhancement 7638049 in Octave, five pictures",
                "2e-3 (its Lab)",
            ),
            Verification("unverified", "matlab: the MATLAB program itself, which rounds Lab to 8 bit", "not run"),
        ),
        notes=(
            "Rises with added noise: a known failure. About 0.2 to 0.6 for photographs in the default variant. "
            "Report it with a full-reference metric where a reference exists."
        ),
    ),
    MetricSpec(
        id="uiqm",
        version="1",
        name="UIQM",
        summary="underwater quality: colourfulness, sharpness and contrast of blocks",
        kind="nr",
        lower_is_better=False,
        value_range=(-_INFINITE, _INFINITE),
        impl="visq.metrics.uiqm:uiqm",
        input=InputSpec("rgb", "RGB in 0..255"),
        min_side=8,
        paper="Panetta, Gao, Agaian, Human-visual-system-inspired underwater image quality measures, IEEE JOE 2016",
        code_licence="Apache-2.0",
        options=(
            Option("block", "int", 8, "side of a block, also the smallest side accepted; 5, 8 and 10 are in use"),
            Option("variance", "str", "full", "variance of all pixels or of those kept", ("full", "trimmed")),
            Option(
                "contrast",
                "str",
                "pixel",
                "extremes of all channels, of each channel, or of grey by PLIP",
                ("pixel", "channels", "plip"),
            ),
            Option(
                "edges",
                "str",
                "product",
                "edge map of sharpness: Sobel magnitude times channel, or difference of the two gradients",
                ("product", "gradient"),
            ),
            Option("blue_weight", "float", 0.114, "weight of blue in sharpness; 0.144 is in one program"),
        ),
        verification=(
            Verification("verified", "FUnIE-GAN 8f934c8 (block 10, blue 0.144) on five pictures", "2e-6"),
            Verification(
                "verified",
                "the MATLAB package in underimage-fusion-enhancement 96c04bd, its three parts in Octave, five pictures",
                "1e-9 (printed digits)",
            ),
            Verification("verified", "defaults: an independent implementation on synthetic water", "printed digits"),
        ),
        notes=(
            "Need not fall with the amount of water: blocks with a zero add no contrast, so a little haze may raise "
            "it. Depends on bit depth: rounding makes smooth water flat, and flat blocks add nothing. White noise "
            "lowers it on most photographs and raises it on smooth ones."
        ),
    ),
)
