"""Full-reference metrics: gradients and wavelets."""

from __future__ import annotations

from visq.catalog.common import LUMA, ROUNDED_LUMA
from visq.types import InputSpec, Like, MetricSpec, Option, Verification

_LUMA = (LUMA, ROUNDED_LUMA)
_ZHANG = (
    "B. Zhang, P. V. Sander, A. Bermak: Gradient magnitude similarity deviation on multiple scales for color image "
    "quality assessment. ICASSP 2017"
)
_UNPUBLISHED = "no program of the authors is public; the luma is GMSD's, piq's is luma=bt601, rounded_luma=false"
_PIQ = Verification("verified", "piq 0.8.0 with its luma (bt601, not rounded)", "1e-11 in float64, 1e-7 from 8 bit")

SPECS: tuple[MetricSpec, ...] = (
    MetricSpec(
        id="gmsd",
        version="1",
        name="GMSD",
        summary="gradient magnitude similarity deviation of the luma",
        kind="fr",
        lower_is_better=True,
        value_range=(0.0, 0.54),
        impl="visq.metrics.gmsd:gmsd",
        input=InputSpec("luma"),
        min_side=6,
        best=0.0,
        has_map=True,
        map_range=(0.0, 1.0),
        symmetric=True,
        paper=(
            "W. Xue, L. Zhang, X. Mou, A. C. Bovik: Gradient magnitude similarity deviation: a highly efficient "
            "perceptual image quality index. IEEE Trans. Image Processing 23(2), 2014"
        ),
        code_licence="Apache-2.0",
        options=_LUMA,
        likes=(
            Like(
                "piq",
                "piq 0.8, gmsd",
                (("luma", "bt601"), ("rounded_luma", False)),
                "luma of 0.299, 0.587, 0.114, not rounded",
                "1e-5",
            ),
            Like(
                "pyiqa",
                "pyiqa 0.1.16, gmsd",
                (("luma", "bt601"),),
                "luma of 0.299, 0.587, 0.114, rounded; an odd row or column is dropped there",
                "1e-5 where the sides are even",
            ),
        ),
        verification=(
            Verification("verified", "the authors' MATLAB program on seven pairs", "1e-12 in float64, 1e-7 from 8 bit"),
        ),
    ),
    MetricSpec(
        id="ms_gmsd",
        version="1",
        name="MS-GMSD",
        summary="gradient magnitude similarity deviation over four scales of the luma",
        kind="fr",
        lower_is_better=True,
        value_range=(0.0, 0.5),
        impl="visq.metrics.gmsd:ms_gmsd",
        input=InputSpec("luma"),
        min_side=17,
        best=0.0,
        symmetric=True,
        aliases=("msgmsd",),
        paper=_ZHANG,
        code_licence="Apache-2.0",
        options=_LUMA,
        likes=(
            Like(
                "piq",
                "piq 0.8, multi_scale_gmsd",
                (("luma", "bt601"), ("rounded_luma", False)),
                "luma of 0.299, 0.587, 0.114, not rounded",
                "1e-6",
            ),
        ),
        verification=(_PIQ,),
        notes=_UNPUBLISHED,
    ),
    MetricSpec(
        id="ms_gmsdc",
        version="1",
        name="MS-GMSDc",
        summary="MS-GMSD with the colour difference of I and Q",
        kind="fr",
        lower_is_better=True,
        value_range=(0.0, 2.5),
        impl="visq.metrics.gmsd:ms_gmsd",
        presets=(("chromatic", True),),
        input=InputSpec("rgb"),
        min_side=17,
        best=0.0,
        symmetric=True,
        aliases=("msgmsdc",),
        paper=_ZHANG,
        code_licence="Apache-2.0",
        options=_LUMA,
        likes=(
            Like(
                "piq",
                "piq 0.8, multi_scale_gmsd(chromatic=True)",
                (("luma", "bt601"), ("rounded_luma", False)),
                "luma of 0.299, 0.587, 0.114, not rounded",
                "1e-6",
            ),
        ),
        verification=(_PIQ,),
        notes=_UNPUBLISHED,
    ),
    MetricSpec(
        id="mdsi",
        version="1",
        name="MDSI",
        summary="mean deviation of a gradient and colour similarity",
        kind="fr",
        lower_is_better=True,
        value_range=(0.0, 1.0),
        impl="visq.metrics.mdsi:mdsi",
        input=InputSpec("rgb"),
        min_side=3,
        best=0.0,
        has_map=True,
        map_range=(0.0, 1.0),
        paper=(
            "H. Ziaei Nafchi, A. Shahkolaei, R. Hedjam, M. Cheriet: Mean deviation similarity index: efficient and "
            "reliable full-reference image quality evaluator. IEEE Access 4, 2016"
        ),
        code_licence="Apache-2.0",
        options=(
            Option("combination", "str", "sum", "gradient and colour similarity added or multiplied", ("sum", "mult")),
        ),
        likes=(
            Like(
                "piq",
                "piq 0.8, mdsi",
                (),
                "nothing: it is the default; not combination=mult, nor shorter sides of 640, 1152, ...",
                "1e-6",
            ),
            Like("frame-analytics", "frame-analytics 0.7, mdsi", (), "nothing: it is the default", "1e-6"),
        ),
        verification=(
            Verification("verified", "the authors' MATLAB program on two pairs", "1e-12 in float64, 1e-6 from 8 bit"),
        ),
    ),
    MetricSpec(
        id="haarpsi",
        version="1",
        name="HaarPSI",
        summary="similarity of Haar wavelet coefficients, weighted by the coarsest scale",
        kind="fr",
        lower_is_better=False,
        value_range=(0.0, 1.0),
        impl="visq.metrics.haarpsi:haarpsi",
        input=InputSpec("rgb", "a grey pair has no colour term"),
        min_side=16,
        best=1.0,
        symmetric=True,
        paper=(
            "R. Reisenhofer, S. Bosse, G. Kutyniok, T. Wiegand: A Haar wavelet-based perceptual similarity index for "
            "image quality assessment. Signal Processing: Image Communication 61, 2018"
        ),
        code_licence="Apache-2.0",
        options=(
            Option("preprocessing", "bool", True, "average over 2 x 2 pixels and keep every second one first"),
            Option("digits", "int", 3, "of the coefficients of YIQ; 4 in piq", (3, 4)),
        ),
        likes=(
            Like("piq", "piq 0.8, haarpsi", (("digits", 4),), "coefficients of YIQ to four digits", "1e-5"),
            Like("frame-analytics", "frame-analytics 0.7, haarpsi", (), "nothing: it is the default", "1e-6"),
        ),
        verification=(
            Verification(
                "verified", "the authors' program in Octave 7.3, six pairs", "1e-11 in float64, 1e-6 from 8 bit"
            ),
        ),
    ),
)
