"""No-reference metrics: how sharp edges and texture are."""

from __future__ import annotations

from visq.catalog.common import ROUNDED_LUMA
from visq.types import InputSpec, MetricSpec, Option, Verification

_INFINITE = float("inf")
_LUMA = InputSpec("luma", "MATLAB's rgb2gray in 0..255, rounded to 8 bit for integer colour pixels")

SPECS: tuple[MetricSpec, ...] = (
    MetricSpec(
        id="sharpness_laplacian",
        version="1",
        name="variance of Laplacian",
        summary="sharpness: variance of the Laplacian of the luma, in squared 8-bit levels",
        kind="nr",
        lower_is_better=False,
        value_range=(0.0, _INFINITE),
        impl="visq.metrics.sharpness:sharpness_laplacian",
        input=_LUMA,
        min_side=1,
        aliases=("variance_of_laplacian",),
        paper="Pech-Pacheco et al., Diatom autofocusing in brightfield microscopy: a comparative study, ICPR 2000",
        code_licence="Apache-2.0",
        options=(ROUNDED_LUMA,),
        verification=(
            Verification("verified", "OpenCV 5.0.0 Laplacian(...).var() of the grey picture, five pictures", "1e-12"),
        ),
        notes=(
            "Good for ordering pictures of one scene by focus. Declared as higher is better because that is what "
            "people use it for, but it is no quality: noise raises it most of all, then texture and contrast, and "
            "oversharpening without end. A threshold for blur holds for one camera, scene and size only."
        ),
    ),
    MetricSpec(
        id="tenengrad",
        version="1",
        name="Tenengrad",
        summary="sharpness: mean squared Sobel gradient of the luma, in squared 8-bit levels",
        kind="nr",
        lower_is_better=False,
        value_range=(0.0, _INFINITE),
        impl="visq.metrics.sharpness:tenengrad",
        input=_LUMA,
        min_side=1,
        paper="Pertuz, Puig, Garcia, Analysis of focus measure operators for shape-from-focus, PR 46(5), 2013",
        code_licence="Apache-2.0",
        options=(
            Option("threshold", "float", 0.0, "gradients of this magnitude or less count as 0; up to 1442"),
            ROUNDED_LUMA,
        ),
        verification=(
            Verification("verified", "OpenCV 5.0.0 Sobel, border replicated, with and without threshold", "1e-12"),
        ),
        notes=(
            "As sharpness_laplacian, and less easily fooled by fine noise; contrast counts for more: doubling it "
            "quadruples the score. Higher is better by use, not by quality."
        ),
    ),
    MetricSpec(
        id="cpbd",
        version="1",
        name="CPBD",
        summary="sharpness: share of edges at which blur would not be noticed",
        kind="nr",
        lower_is_better=False,
        value_range=(0.0, 1.0),
        impl="visq.metrics.cpbd:cpbd",
        input=InputSpec("luma", "MATLAB's rgb2gray, rounded to 8 bit for any input"),
        min_side=64,
        # Edges are counted.
        differentiable=False,
        paper=(
            "Narvekar, Karam, A no-reference image blur metric based on the cumulative probability of blur detection, "
            "IEEE TIP 20(9), 2011"
        ),
        code_licence="Apache-2.0",
        verification=(
            Verification(
                "verified",
                "the authors' CPBD_compute.m in Octave on five pictures, with MATLAB's edge rebuilt in SciPy",
                "1e-11",
            ),
            Verification(
                "verified",
                "MATLAB's own edges and widths of a picture of LIVE, as python-cpbd 1.0.7 records them",
                "Canny counts of all blocks and the score to all digits; its file may not be shipped",
            ),
        ),
        notes=(
            "Near 0 for a blurred photograph, about 0.7 to 0.9 for a sharp one. Looks at vertical edges only. Without "
            "edges the score is 0. Noise cuts edges short and raises it; ringing and blocks make false edges that "
            "count as sharp; a wide aperture is taken for blur."
        ),
    ),
    MetricSpec(
        id="s3",
        version="1",
        name="S3",
        summary="sharpness of the sharpest hundredth: slope of local spectra and variation between neighbours",
        kind="nr",
        lower_is_better=False,
        value_range=(0.0, 1.0),
        impl="visq.metrics.s3:s3",
        input=_LUMA,
        min_side=32,
        has_map=True,
        # Computed in NumPy; the spectra are left out where contrast crosses a threshold.
        differentiable=False,
        paper=(
            "Vu, Phan, Chandler, S3: a spectral and spatial measure of local perceived sharpness in natural images, "
            "IEEE TIP 21(3), 2012"
        ),
        code_licence="Apache-2.0",
        options=(ROUNDED_LUMA,),
        verification=(
            Verification(
                "verified", "the authors' s3_map.m in Octave, polar average rewritten: one picture, five crops", "1e-9"
            ),
        ),
        notes=(
            "The map says where a picture is sharp, the score how sharp its sharpest part is: a sharp object before a "
            "blurred ground scores high. Noise and contrast raise it. Scores depend on the size of the picture, since "
            "blocks are of a fixed size."
        ),
    ),
)
