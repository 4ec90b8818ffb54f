"""Full-reference metrics: wavelets."""

from __future__ import annotations

from visq.catalog.common import LUMA, ROUNDED_LUMA
from visq.types import InputSpec, Like, MetricSpec, Option, Verification

_PYRAMID = "pyrtools 1.1.1, the bands of its pyramid"

SPECS: tuple[MetricSpec, ...] = (
    MetricSpec(
        id="vif",
        version="1",
        name="VIF",
        summary="share of the reference's information that is still in the image, in the wavelet domain",
        kind="fr",
        lower_is_better=False,
        value_range=(0.0, float("inf")),
        impl="visq.metrics.vif:vif",
        input=InputSpec("luma"),
        min_side=72,
        best=1.0,
        symmetric=False,
        aliases=("vifvec",),
        paper="Sheikh, Bovik, IEEE TIP 15(2), 2006",
        code_licence="Apache-2.0",
        options=(LUMA, ROUNDED_LUMA),
        likes=(
            Like(
                "pyiqa",
                "pyiqa 0.1.16, vif",
                (("luma", "bt601"),),
                "luma of 0.299, 0.587, 0.114, rounded",
                "2e-4 (single precision there)",
            ),
        ),
        verification=(
            Verification("verified", "the authors' MATLAB program, five colour pairs recorded by IQA-PyTorch", "5e-5"),
            Verification("verified", _PYRAMID, "1e-11"),
        ),
        notes="More than 1 for a contrast-enhanced image. The reference comes second: swapped, the number differs.",
    ),
    MetricSpec(
        id="cw_ssim",
        version="1",
        name="CW-SSIM",
        summary="similarity of complex wavelet coefficients, blind to small shifts and rotations",
        kind="fr",
        lower_is_better=False,
        value_range=(0.0, 1.0),
        impl="visq.metrics.cw_ssim:cw_ssim",
        input=InputSpec("luma"),
        min_side=64,
        best=1.0,
        symmetric=True,
        aliases=("cwssim",),
        paper="Sampat, Wang, Gupta, Bovik, Markey, IEEE TIP 18(11), 2009",
        code_licence="Apache-2.0",
        options=(
            Option("level", "int", 4, "level of the pyramid that is compared; 1 is the finest"),
            Option("orientations", "int", 8, "bands a level"),
            Option("k", "float", 0.0, "steadies windows with little content"),
            LUMA,
            ROUNDED_LUMA,
        ),
        likes=(
            Like(
                "pyiqa", "pyiqa 0.1.16, cw_ssim", (("luma", "bt601"),), "luma of 0.299, 0.587, 0.114, rounded", "5e-5"
            ),
        ),
        verification=(
            Verification("verified", "the authors' MATLAB program, five colour pairs recorded by IQA-PyTorch", "5e-5"),
            Verification("verified", _PYRAMID, "1e-11"),
        ),
        notes="Computed in float64. The guard band of the authors' program, 0 by default, is not there.",
    ),
)
