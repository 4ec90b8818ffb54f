"""Full-reference metrics: information."""

from __future__ import annotations

from visq.catalog.common import LUMA
from visq.types import InputSpec, Like, MetricSpec, Option, Verification

SPECS: tuple[MetricSpec, ...] = (
    MetricSpec(
        id="vif_p",
        version="1",
        name="VIFp",
        summary="share of the reference's information that is still in the image, in the pixel domain",
        kind="fr",
        lower_is_better=False,
        value_range=(0.0, float("inf")),
        impl="visq.metrics.vif_p:vif_p",
        input=InputSpec("luma", "not rounded to 8 bit"),
        min_side=41,
        best=1.0,
        symmetric=False,
        aliases=("vifp",),
        paper="Sheikh, Bovik, IEEE TIP 15(2), 2006",
        code_licence="Apache-2.0",
        options=(
            Option("channels", "str", "luma", "luma, or the mean over the channels", ("luma", "rgb")),
            LUMA,
            Option(
                "rounded_luma",
                "bool",
                False,
                "round luma to 8 bit; the recorded MATLAB value for colour comes from luma that is not rounded; none: "
                "that of colour pixels of 8 or 16 bit",
                optional=True,
            ),
        ),
        likes=(
            Like(
                "piq",
                "piq 0.8, vif_p",
                (("luma", "bt601"),),
                "luma of 0.299, 0.587, 0.114, not rounded",
                "1e-6 of its number in double precision (5e-4 of that in single)",
            ),
            Like("sewar", "sewar 0.4, vifp", (("channels", "rgb"),), "every channel", "1e-6"),
            Like(
                "torchmetrics",
                "torchmetrics 1.9, visual_information_fidelity, pixels in 0..255",
                (("channels", "rgb"),),
                "every channel",
                "1e-6 of its number in double precision (5e-4 of that in single)",
            ),
        ),
        verification=(
            Verification("verified", "vifp_mscale.m in MATLAB, two grey pairs recorded by sewar", "1e-9"),
            Verification("verified", "vifp_mscale.m in MATLAB, a grey and a colour pair recorded by piq", "1e-4"),
        ),
        notes="More than 1 for a contrast-enhanced image. The reference comes second: swapped, the number differs.",
    ),
)
