"""Too much sharpening."""

from __future__ import annotations

from visq.distortions.spec import DistortionSpec
from visq.distortions.table._sources import KADID, REIQA

SPECS: tuple[DistortionSpec, ...] = (
    DistortionSpec(
        id="sharpen",
        title="sharpening by second differences",
        family="sharpness",
        impl="visq.distortions.sharpness:sharpen",
        amounts=(1.0, 2.0, 3.0, 6.0, 12.0),
        unit="multiple of the second differences that is subtracted from lightness",
        limits=(0.0, 100.0),
        source=REIQA,
        note=(
            "The released code converts 0..255 values as if they lay in 0..1, which saturates the result; here they "
            "are scaled first."
        ),
    ),
    DistortionSpec(
        id="unsharp_mask",
        title="unsharp masking",
        family="sharpness",
        impl="visq.distortions.sharpness:unsharp_mask",
        amounts=(1.0, 2.0, 3.0, 6.0, 12.0),
        unit="share of the difference to the blurred lightness that is added",
        limits=(0.0, 100.0),
        source=KADID,
        aliases=("high_sharpen",),
    ),
)
