"""Full-reference metrics: colour differences as people see them."""

from __future__ import annotations

from visq.types import InputSpec, Like, MetricSpec, Option, Verification

SPECS: tuple[MetricSpec, ...] = (
    MetricSpec(
        id="ciede2000",
        version="1",
        name="CIEDE2000",
        summary="mean CIEDE2000 difference of the pixels' colours",
        kind="fr",
        lower_is_better=True,
        value_range=(0.0, 120.0),
        impl="visq.metrics.ciede2000:ciede2000",
        input=InputSpec("rgb", "sRGB to CIELab under D65"),
        min_side=1,
        best=0.0,
        has_map=True,
        map_lower_is_better=True,
        symmetric=True,
        aliases=("delta_e", "de2000"),
        paper=(
            "G. Sharma, W. Wu, E. N. Dalal: The CIEDE2000 color-difference formula: implementation notes, "
            "supplementary test data, and mathematical observations. Color Research and Application 30(1), 2005"
        ),
        code_licence="Apache-2.0",
        likes=(
            Like(
                "frame-analytics",
                "frame-analytics 0.7, ciede2000",
                (),
                "nothing: it is the default but for the digits of white",
                "2e-4",
            ),
        ),
        verification=(
            Verification("verified", "the 34 pairs of colours in the paper", "5e-5, their printed digits"),
            Verification("verified", "scikit-image 0.26.0 from the same CIELab values", "1e-10"),
            Verification("verified", "scikit-image 0.26.0 with its own white, seven pairs", "0.001"),
        ),
        notes=(
            "White is R = G = B = 1 of the matrix, so that grey has no chroma; a tabulated white moves the score by "
            "up to a thousandth."
        ),
    ),
    MetricSpec(
        id="flip",
        version="1",
        name="FLIP",
        summary="difference seen when two images alternate in place",
        kind="fr",
        lower_is_better=True,
        value_range=(0.0, 1.0),
        impl="visq.metrics.flip:flip",
        input=InputSpec("rgb"),
        min_side=1,
        best=0.0,
        has_map=True,
        map_lower_is_better=True,
        symmetric=True,
        aliases=("ldr_flip",),
        paper=(
            "P. Andersson, J. Nilsson, T. Akenine-Moller, M. Oskarsson, K. Astrom, M. D. Fairchild: FLIP: a difference "
            "evaluator for alternating images. Proc. ACM Computer Graphics and Interactive Techniques 3(2), 2020"
        ),
        code_licence="Apache-2.0",
        options=(
            Option("ppd", "float", 67.02064327658226, "pixels per degree of visual angle, above 0 and at most 1000"),
        ),
        likes=(
            Like("frame-analytics", "frame-analytics 0.7, flip", (), "nothing: it is the default", "5e-5"),
            Like(
                "flip-evaluator",
                'flip-evaluator 1.7 (the authors), evaluate(reference, test, "LDR")',
                (),
                "nothing: it is the default",
                "3e-6",
            ),
        ),
        verification=(
            Verification("verified", "the authors' flip-evaluator 1.7, seven pairs, scores", "2e-6"),
            Verification("verified", "the authors' flip-evaluator 1.7, maps", "1e-4 a pixel"),
        ),
        notes="The default distance is 0.7 m from a 4K screen 0.7 m wide, as in the authors' program.",
    ),
)
