"""Full-reference metrics: cosine transform and frequency bands."""

from __future__ import annotations

from visq.catalog.common import LUMA, ROUNDED_LUMA
from visq.types import InputSpec, Like, MetricSpec, Option, Verification

SPECS: tuple[MetricSpec, ...] = (
    MetricSpec(
        id="dss",
        version="1",
        name="DSS",
        summary="DCT sub-band similarity: local variances of the luma's sub-bands, pooled over the worst places",
        kind="fr",
        lower_is_better=False,
        value_range=(-1.0, 1.0),
        impl="visq.metrics.dss:dss",
        input=InputSpec("luma"),
        min_side=32,
        best=1.0,
        has_map=True,
        symmetric=True,
        paper=(
            "A. Balanov, A. Schwartz, Y. Moshe, N. Peleg: Image quality assessment based on DCT subband similarity. "
            "IEEE International Conference on Image Processing, 2015"
        ),
        code_licence="Apache-2.0",
        options=(LUMA, ROUNDED_LUMA),
        likes=(
            Like(
                "piq",
                "piq 0.8, dss",
                (("luma", "bt601"), ("rounded_luma", False)),
                "luma of 0.299, 0.587, 0.114, not rounded",
                "1e-5 of its number in double precision (5e-4 of that in single)",
            ),
        ),
        verification=(
            Verification(
                "verified",
                "the authors' dss_index.m in MATLAB as recorded by piq, a grey and a colour pair",
                "the printed digits (5e-9) in float64, 1e-6 from 8 bit",
            ),
        ),
        notes=(
            "Below 0 only where the constant sub-bands move against each other. The map has one value for a "
            "block of 8 x 8 pixels; the score is not its mean, since each sub-band is pooled over its own worst blocks."
        ),
    ),
    MetricSpec(
        id="fgcqa",
        version="1",
        name="FGCQA",
        summary="quality of finely graded compression: gradients where artefacts show, and texture",
        kind="fr",
        lower_is_better=False,
        value_range=(0.0, float("inf")),
        impl="visq.metrics.fgcqa:fgcqa",
        input=InputSpec("rgb", "a grey pair has no colour term"),
        min_side=64,
        best=2213363.75,
        symmetric=True,
        paper=(
            "Z. Zhang et al.: Perceptual quality assessment for fine-grained compressed images. Journal of Visual "
            "Communication and Image Representation 90, 2023, 103696"
        ),
        code_licence="Apache-2.0",
        options=(
            Option("alpha", "float", 0.5, "exponent of the score, above 0, at most 3; the ranks do not depend on it"),
            Option("strict", "bool", False, "infinity for an identical pair, as the formula has it"),
        ),
        verification=(
            Verification(
                "verified",
                "another reconstruction from the same description, JPEG of three scikit-image photographs",
                "the printed digits",
            ),
            Verification("unverified", "the authors' program itself, of which no number is known", "-"),
        ),
        notes=(
            "For compression; blur and changes of contrast are not its target. Values run from about 10 (JPEG of "
            "quality 5) to about 1000 (95); only an identical pair reaches the best value. Written from a "
            "description of the authors' program."
        ),
    ),
)
