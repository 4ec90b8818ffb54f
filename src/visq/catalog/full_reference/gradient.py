"""Full-reference metrics: gradients and wavelets."""

from __future__ import annotations

from visq.catalog.common import ROUNDED_LUMA
from visq.types import InputSpec, MetricSpec, Option, Verification

_LUMA = (
    Option("luma", "str", "rgb2gray", "MATLAB's rgb2gray, or 0.299 R + 0.587 G + 0.114 B", ("rgb2gray", "bt601")),
    ROUNDED_LUMA,
)
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
        options=(Option("preprocessing", "bool", True, "average over 2 x 2 pixels and keep every second one first"),),
        verification=(
            Verification(
                "verified", "the authors' program in Octave 7.3, six pairs", "1e-11 in float64, 1e-6 from 8 bit"
            ),
        ),
    ),
)
