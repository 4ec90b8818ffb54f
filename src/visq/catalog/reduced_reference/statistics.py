"""Reduced-reference metrics: statistics of normalised coefficients, as an estimate of SSIM."""

from __future__ import annotations

from visq.catalog.common import ROUNDED_LUMA
from visq.types import InputSpec, MetricSpec, Option, Verification, Weights

SPECS: tuple[MetricSpec, ...] = (
    MetricSpec(
        id="rr_ssim",
        version="1",
        name="RR-SSIM",
        summary="estimate of SSIM from 24 numbers of the reference; a reconstruction, not the authors' program",
        kind="rr",
        lower_is_better=False,
        value_range=(-float("inf"), 1.0),
        impl="visq.metrics.rr_ssim:rr_ssim",
        extract="visq.metrics.rr_ssim:extract",
        compare="visq.metrics.rr_ssim:compare",
        input=InputSpec("luma", "MATLAB's rgb2gray in 0..255, rounded to 8 bit for integer colour pixels"),
        min_side=96,
        best=1.0,
        # Histograms and deviations of the reference set the scale.
        symmetric=False,
        differentiable=False,
        aliases=("rrssim",),
        paper="Rehman, Wang, Reduced-reference image quality assessment by structural similarity estimation, IEEE TIP "
        "21(8), 2012",
        code_licence="Apache-2.0",
        options=(
            Option(
                "distortion", "str", "any", "kind of damage, whose slope to SSIM is used; any: that of all together",
                ("any", "noise", "blur", "jpeg", "jpeg2000"),
            ),
            ROUNDED_LUMA,
        ),
        weights=(
            Weights(
                "rr_ssim_kodak24.npz",
                "79986fcaf344350bd4dfa172e4bcac4acc938ededdf054582b3d96f2df7ef21b",
                "Apache-2.0; fitted to the Kodak photographs, which are released for unrestricted use",
                "python -m visq.metrics.fit_rr_ssim on the 24 Kodak photographs, of which it fits to 12",
            ),
        ),
        verification=(
            Verification(
                "self", "a reconstruction; the formulae in a plain program over SciPy's normal distribution", "1e-6"
            ),
            Verification(
                "self",
                "SSIM of copies of the 12 photographs that the slopes were not fitted to, Pearson",
                "noise 0.94, blur 0.86, JPEG 0.78, JPEG 2000 0.87",
            ),
        ),
        notes=(
            "A reconstruction. The paper's are the divisively normalised transform, the form of SSIM times a logarithm "
            "of divergences, and the line to SSIM within one kind of damage. Not the paper's: the exact equations and "
            "constants, the slopes, which are fitted here, and the option in the place of its normalisation between "
            "kinds of damage. Follows SSIM within a photograph; over different photographs a correlation of 0.9 is "
            "reached for noise only, and the order of mild JPEGs may be lost. Blind to light: a shift of all levels "
            "goes unnoticed. The reference comes second: swapped, the number differs."
        ),
    ),
)  # fmt: skip
