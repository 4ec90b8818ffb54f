"""Full-reference metrics: visual saliency."""

from __future__ import annotations

from visq.types import InputSpec, Like, MetricSpec, Option, Verification

_SR_SIM = (
    "L. Zhang, H. Li: SR-SIM: a fast and high performance IQA index based on spectral residual. IEEE International "
    "Conference on Image Processing, 2012"
)
_WINDOW = Option("window", "int", 10, "side of the Gaussian that smooths the saliency map")
_MAP = (
    "The map has one value for a block of round(shorter side / 256) pixels; the score is its mean weighted by saliency."
)

SPECS: tuple[MetricSpec, ...] = (
    MetricSpec(
        id="vsi",
        version="1",
        name="VSI",
        summary="visual saliency-induced index: saliency, gradients and chroma",
        kind="fr",
        lower_is_better=False,
        value_range=(0.0, 1.0),
        impl="visq.metrics.vsi:vsi",
        input=InputSpec("rgb", "a grey image counts as three equal channels"),
        min_side=32,
        best=1.0,
        has_map=True,
        symmetric=True,
        paper=(
            "L. Zhang, Y. Shen, H. Li: VSI: a visual saliency-induced index for perceptual image quality assessment. "
            "IEEE Trans. Image Processing 23(10), 2014"
        ),
        code_licence="Apache-2.0",
        options=(
            Option(
                "resizing",
                "str",
                "octave",
                "how the saliency is resized: as the authors' program does in Octave, where its value was recorded, or "
                "in MATLAB, or as piq and pyiqa do with torch's",
                ("octave", "matlab", "torch"),
            ),
        ),
        likes=(
            Like(
                "piq",
                "piq 0.8, vsi",
                (("resizing", "torch"),),
                "saliency resized without smoothing, other blocks, the border repeated",
                "1e-5",
            ),
            Like(
                "pyiqa",
                "pyiqa 0.1.16, vsi",
                (("resizing", "torch"),),
                "saliency resized without smoothing, other blocks, the border repeated",
                "1e-5",
            ),
        ),
        verification=(
            Verification(
                "verified",
                "the authors' VSI.m run in Octave by piq's authors, one pair",
                "the printed digits (5e-6)",
            ),
        ),
        notes=_MAP,
    ),
    MetricSpec(
        id="sr_sim",
        version="1",
        name="SR-SIM",
        summary="spectral-residual similarity: saliency and gradients of the luma",
        kind="fr",
        lower_is_better=False,
        value_range=(0.0, 1.0),
        impl="visq.metrics.sr_sim:sr_sim",
        input=InputSpec("luma", "0.299 R + 0.587 G + 0.114 B, never rounded, as the authors' program"),
        min_side=32,
        best=1.0,
        has_map=True,
        symmetric=True,
        aliases=("srsim",),
        paper=_SR_SIM,
        code_licence="Apache-2.0",
        options=(_WINDOW,),
        likes=(Like("piq", "piq 0.8, srsim", (), "nothing: it is the default", "2e-5"),),
        verification=(
            Verification(
                "verified",
                "the authors' SR_SIM.m in MATLAB as recorded by piq, two pairs with two windows each",
                "the printed digits (1e-8)",
            ),
        ),
        notes=_MAP,
    ),
    MetricSpec(
        id="sr_simc",
        version="1",
        name="SR-SIMc",
        summary="spectral-residual similarity with chroma: SR-SIM times the similarity of I and Q",
        kind="fr",
        lower_is_better=False,
        value_range=(0.0, 1.0),
        impl="visq.metrics.sr_sim:sr_sim",
        presets=(("chromatic", True),),
        input=InputSpec("rgb", "YIQ; the same as SR-SIM on grey images"),
        min_side=32,
        best=1.0,
        has_map=True,
        symmetric=True,
        aliases=("srsimc",),
        paper=_SR_SIM,
        code_licence="Apache-2.0",
        options=(_WINDOW,),
        likes=(Like("piq", "piq 0.8, srsim(chromatic=True)", (), "nothing: it is the default", "2e-5"),),
        verification=(
            Verification("verified", "piq 0.8.0, whose authors proposed it, in float64", "1e-8"),
            Verification("verified", "the value recorded in piq's tests", "1e-5, its own tolerance"),
        ),
        notes="The paper has the luma only; the chroma was added by the authors of piq. " + _MAP,
    ),
)
