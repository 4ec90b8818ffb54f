"""No-reference metrics: noise and the blocks of JPEG."""

from __future__ import annotations

from visq.catalog.common import ROUNDED_LUMA
from visq.types import InputSpec, MetricSpec, Option, Verification

_INFINITE = float("inf")
_LUMA = InputSpec("luma", "MATLAB's rgb2gray in 0..255, rounded to 8 bit for integer colour pixels")

SPECS: tuple[MetricSpec, ...] = (
    MetricSpec(
        id="noise_estimate",
        version="1",
        name="noise estimate",
        summary="standard deviation of the noise of the luma, in 8-bit levels",
        kind="nr",
        lower_is_better=True,
        value_range=(0.0, _INFINITE),
        impl="visq.metrics.noise_estimate:noise_estimate",
        input=_LUMA,
        min_side=3,
        paper="Immerkaer, Fast noise variance estimation, CVIU 64(2), 1996",
        code_licence="Apache-2.0",
        options=(
            Option(
                "method",
                "str",
                "immerkaer",
                "mean of a mask that is blind to planes, or median of the finest diagonal wavelet band",
                ("immerkaer", "wavelet"),
            ),
            ROUNDED_LUMA,
        ),
        verification=(
            Verification("self", "immerkaer: the mask by OpenCV 5.0.0 filter2D, five pictures", "1e-12"),
            Verification("verified", "wavelet: scikit-image 0.26.0 estimate_sigma, pictures without zeros", "1e-9"),
        ),
        notes=(
            "Good for white noise on smooth ground, where it is right to a few per cent. Texture and sharp edges count "
            "as noise, the more so with immerkaer. Noise that was filtered, scaled or compressed is underestimated. "
            "Lower is better only where noise is the fault: blur lowers it too."
        ),
    ),
    MetricSpec(
        id="blockiness",
        version="1",
        name="blocking effect factor",
        summary="8 x 8 blocks: how much larger steps across their borders are than others",
        kind="nr",
        lower_is_better=True,
        value_range=(0.0, _INFINITE),
        impl="visq.metrics.blockiness:blockiness",
        input=_LUMA,
        min_side=16,
        aliases=("bef",),
        paper="Yim, Bovik, Quality assessment of deblocked images, IEEE TIP 20(1), 2011",
        code_licence="Apache-2.0",
        options=(ROUNDED_LUMA,),
        verification=(Verification("verified", "sewar 0.4.10, the factor within its psnrb, five pictures", "1e-9"),),
        notes=(
            "Good for strong JPEG compression on the encoder's own grid; 0 for most other pictures. Cropping by other "
            "than a multiple of 8, scaling and rotation hide blocks from it; edges of the scene that lie on the grid "
            "count. In squared levels: it grows with contrast."
        ),
    ),
    MetricSpec(
        id="jpeg_quality",
        version="1",
        name="JPEG quality score",
        summary="quality of a JPEG picture by its blocks and what they smooth away",
        kind="nr",
        lower_is_better=False,
        # Where each feature is at the end that its power makes the most and the least of.
        value_range=(-78.0, 154.0),
        impl="visq.metrics.blockiness:jpeg_quality",
        input=InputSpec("luma", "MATLAB's rgb2gray, rounded to 8 bit for any input"),
        min_side=16,
        # Changes of sign are counted.
        differentiable=False,
        aliases=("jpeg_quality_score",),
        paper=("Wang, Sheikh, Bovik, No-reference perceptual quality assessment of JPEG compressed images, ICIP 2002"),
        code_licence="Apache-2.0",
        verification=(
            Verification("verified", "the authors' jpeg_quality_score.m in Octave on five pictures", "1e-11"),
        ),
        notes=(
            "10 is best and 1 worst for JPEG pictures on their grid; other pictures may leave that. It sees no other "
            "fault: noise raises it, and a blurred picture without blocks scores above 10. Cropped or scaled JPEG "
            "pictures score as if they were good. A flat picture has no features and scores 21.7."
        ),
    ),
)
