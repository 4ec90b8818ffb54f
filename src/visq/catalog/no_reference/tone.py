"""No-reference metrics: colourfulness, contrast, exposure and the variety of levels."""

from __future__ import annotations

from visq.catalog.common import ROUNDED_LUMA
from visq.types import InputSpec, Like, MetricSpec, Option, Verification

_INFINITE = float("inf")

SPECS: tuple[MetricSpec, ...] = (
    MetricSpec(
        id="colourfulness",
        version="1",
        name="colourfulness",
        summary="colourfulness: spread of the colours and their distance from grey",
        kind="nr",
        lower_is_better=False,
        value_range=(0.0, _INFINITE),
        impl="visq.metrics.colourfulness:colourfulness",
        input=InputSpec("rgb", "RGB in 0..255; m1 and m2: sRGB to CIELab, D65"),
        min_side=1,
        aliases=("colorfulness",),
        paper="Hasler, Suesstrunk, Measuring colourfulness in natural images, SPIE 5007, 2003",
        code_licence="Apache-2.0",
        options=(
            Option(
                "variant",
                "str",
                "m3",
                "opponent signals of RGB (m3), or CIELab with the centre (m1) or the mean chroma (m2)",
                ("m1", "m2", "m3"),
            ),
        ),
        verification=(
            Verification("self", "m3: the formula in NumPy, five pictures", "1e-12"),
            Verification(
                "self", "m1, m2: the formula on scikit-image 0.26.0 rgb2lab, five pictures", "0.01 (white of Lab)"
            ),
        ),
        notes=(
            "m3 by the authors: 0 not, 15 slightly, 33 moderately, 45 averagely, 59 quite, 82 highly, 109 extremely "
            "colourful. More is not better: a colour cast and colour noise count as colour, and a good black and white "
            "photograph scores 0."
        ),
    ),
    MetricSpec(
        id="contrast",
        version="1",
        name="contrast",
        summary="global contrast of the luma: RMS, Michelson or between percentiles",
        kind="nr",
        lower_is_better=False,
        value_range=(0.0, 1.0),
        impl="visq.metrics.contrast:contrast",
        input=InputSpec("luma", "MATLAB's rgb2gray in 0..1, rounded to 8 bit for integer colour pixels"),
        min_side=1,
        paper="Peli, Contrast in complex images, JOSA A 7(10), 1990",
        code_licence="Apache-2.0",
        options=(
            Option(
                "method",
                "str",
                "rms",
                "standard deviation, extremes, or 99th less 1st percentile",
                ("rms", "michelson", "percentile"),
            ),
            ROUNDED_LUMA,
        ),
        verification=(
            Verification("verified", "rms: OpenCV 5.0.0 meanStdDev, five pictures", "1e-12"),
            Verification("verified", "percentile: numpy.percentile, as in is_low_contrast of scikit-image", "1e-12"),
            Verification("self", "michelson: the extremes by NumPy", "1e-12"),
        ),
        notes=(
            "Tells washed-out pictures of one scene from others. It is not quality: noise raises it, clipping raises "
            "it, and high key or fog is low in it by intent. Michelson is decided by two pixels."
        ),
    ),
    MetricSpec(
        id="exposure",
        version="1",
        name="well-exposedness",
        summary="exposure: mean nearness of all channels to middle grey",
        kind="nr",
        lower_is_better=False,
        value_range=(0.0, 1.0),
        impl="visq.metrics.exposure:exposure",
        input=InputSpec("rgb", "sRGB in 0..1"),
        min_side=1,
        has_map=True,
        paper="Mertens, Kautz, Van Reeth, Exposure fusion, Pacific Graphics 2007",
        code_licence="Apache-2.0",
        options=(Option("sigma", "float", 0.2, "width of the curve in shares of white"),),
        verification=(Verification("self", "the formula in NumPy, five pictures", "1e-12"),),
        notes=(
            "Made to choose between exposures of one scene. On a single picture it prefers grey: night, snow and "
            "saturated colours score low, and a flat middle grey scores 1."
        ),
    ),
    MetricSpec(
        id="clipping",
        version="1",
        name="clipped share",
        summary="share of the pixels that are black or white in any channel",
        kind="nr",
        lower_is_better=True,
        value_range=(0.0, 1.0),
        impl="visq.metrics.exposure:clipping",
        input=InputSpec("rgb", "channels as given"),
        min_side=1,
        # Pixels are counted.
        differentiable=False,
        paper="none",
        code_licence="Apache-2.0",
        options=(Option("margin", "float", 0.0, "8-bit levels from black and white that still count, 0 to 127"),),
        verification=(Verification("self", "the count in NumPy, two margins, five pictures", "exact"),),
        notes=(
            "Lower is better where the scene had detail there. A black background, lamps and saturated colours count "
            "too, and lowering the contrast afterwards hides what was lost."
        ),
    ),
    MetricSpec(
        id="entropy",
        version="1",
        name="entropy",
        summary="entropy of the 256 levels of the luma, in bits",
        kind="nr",
        lower_is_better=False,
        value_range=(0.0, 8.0),
        impl="visq.metrics.entropy:entropy",
        input=InputSpec("luma", "MATLAB's rgb2gray, rounded to 8 bit for any input"),
        min_side=1,
        # Levels are counted.
        differentiable=False,
        paper="Shannon, A mathematical theory of communication, Bell System Technical Journal 27, 1948",
        code_licence="Apache-2.0",
        likes=(Like("pyiqa", "pyiqa 0.1.16, entropy", (), "nothing: it is the default", "2e-4"),),
        verification=(
            Verification("verified", "MATLAB's entropy on five pictures, as IQA-PyTorch records it", "printed digits"),
            Verification("verified", "scikit-image 0.26.0 shannon_entropy, five pictures", "1e-12"),
        ),
        notes=(
            "Variety of levels, wherever they lie: shuffled pixels score the same. Noise and equalised histograms "
            "raise it, flat drawings score low. Higher is better only between renderings of one scene."
        ),
    ),
)
