"""The table of the family `display`."""

from __future__ import annotations

from visq.distortions.spec import DistortionSpec
from visq.distortions.table._notes import BY_SSIM
from visq.distortions.table._sources import OWN

SPECS: tuple[DistortionSpec, ...] = (
    DistortionSpec(
        id="banding",
        title="banding",
        family="display",
        impl="visq.distortions.display:banding",
        amounts=(48.0, 32.0, 20.0, 12.0, 7.0),
        unit="levels a channel",
        limits=(2.0, 65536.0),
        source=OWN,
        note="Where there is little detail only; `quantize` rounds everything.",
    ),
    DistortionSpec(
        id="ordered_dither",
        title="ordered dither",
        family="display",
        impl="visq.distortions.display:ordered_dither",
        amounts=(40.0, 24.0, 14.0, 9.0, 6.0),
        unit="levels a channel",
        limits=(2.0, 65536.0),
        aliases=("dithering",),
        source=f"Bayer 1973, 8 x 8 thresholds. {BY_SSIM}",
    ),
    DistortionSpec(
        id="ringing",
        title="ringing",
        family="display",
        impl="visq.distortions.display:ringing",
        amounts=(0.85, 0.62, 0.45, 0.32, 0.2),
        unit="cut-off, in shares of the highest frequency",
        limits=(0.02, 1.0),
        aliases=("sinc_filter",),
        source=f"Gibbs 1899; as in Real-ESRGAN, ICCV Workshops 2021. {BY_SSIM}",
    ),
    DistortionSpec(
        id="gamma_error",
        title="wrong tone curve",
        family="display",
        impl="visq.distortions.display:gamma_error",
        amounts=(1.15, 1.35, 1.7, 2.2, 3.0),
        unit="exponent of code values",
        limits=(0.05, 20.0),
        source=BY_SSIM,
        note="Levels darken; an exponent below 1 brightens.",
    ),
)
