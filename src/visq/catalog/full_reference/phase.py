"""Full-reference metrics: phase congruency."""

from __future__ import annotations

from visq.types import InputSpec, Like, MetricSpec, Verification

_PAPER = (
    "L. Zhang, L. Zhang, X. Mou, D. Zhang: FSIM: a feature similarity index for image quality assessment. "
    "IEEE Trans. Image Processing 20(8), 2011"
)
_PROGRAM = Verification(
    "verified",
    "the authors' FeatureSIM.m run in Octave 7.3 on six pairs",
    "1e-10 in float64, 1e-6 from 8-bit input",
)
_NOTES = (
    "The map has one value for a block of round(shorter side / 256) pixels; the score is its mean weighted by phase "
    "congruency. Levels without edges or texture do not count: two constant images are told apart only by "
    "their borders."
)

SPECS: tuple[MetricSpec, ...] = (
    MetricSpec(
        id="fsim",
        version="1",
        name="FSIM",
        summary="feature similarity: phase congruency and gradients of the luma",
        kind="fr",
        lower_is_better=False,
        value_range=(0.0, 1.0),
        impl="visq.metrics.fsim:fsim",
        input=InputSpec("luma", "0.299 R + 0.587 G + 0.114 B, never rounded, as the authors' program"),
        min_side=32,
        best=1.0,
        has_map=True,
        symmetric=True,
        paper=_PAPER,
        code_licence="Apache-2.0",
        likes=(
            Like(
                "piq",
                "piq 0.8, fsim(chromatic=False)",
                (),
                "nothing: it is the default; but it drops blocks that are cut at the border (4e-5)",
                "2e-5 where the sides are whole blocks",
            ),
            Like(
                "frame-analytics",
                "frame-analytics 0.7, fsim",
                (),
                "nothing: it is the default; but it lays out the frequencies of odd sides otherwise (7e-4)",
                "1e-6 where the sides over the side of a block are even",
            ),
        ),
        verification=(
            _PROGRAM,
            Verification("verified", "frame-analytics 0.7.0 and piq 0.8.0 on pairs made by the tests", "1e-8, 1e-4"),
        ),
        notes=_NOTES,
    ),
    MetricSpec(
        id="fsimc",
        version="1",
        name="FSIMc",
        summary="feature similarity with chroma: FSIM times the similarity of I and Q",
        kind="fr",
        lower_is_better=False,
        value_range=(0.0, 1.0),
        impl="visq.metrics.fsim:fsim",
        presets=(("chromatic", True),),
        input=InputSpec("rgb", "YIQ; the same as FSIM on grey images"),
        min_side=32,
        best=1.0,
        has_map=True,
        symmetric=True,
        aliases=("fsim_c",),
        paper=_PAPER,
        code_licence="Apache-2.0",
        likes=(
            Like(
                "piq",
                "piq 0.8, fsim",
                (),
                "nothing: it is the default but for YIQ to four digits, and blocks cut at the border, which it drops",
                "1e-4",
            ),
            Like(
                "pyiqa",
                "pyiqa 0.1.16, fsim",
                (),
                "nothing: it is the default but for YIQ to four digits, and blocks cut at the border, which it drops",
                "1e-4",
            ),
            Like(
                "frame-analytics",
                "frame-analytics 0.7, fsimc",
                (),
                "nothing: it is the default; but it lays out the frequencies of odd sides otherwise (7e-4)",
                "1e-6 where the sides over the side of a block are even",
            ),
        ),
        verification=(
            _PROGRAM,
            Verification("verified", "frame-analytics 0.7.0 on pairs made by the tests", "1e-8 in float64"),
        ),
        notes=_NOTES,
    ),
)
