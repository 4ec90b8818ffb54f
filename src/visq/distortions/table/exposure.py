"""The table of the family `exposure`: too much or too little light."""

from __future__ import annotations

from visq.distortions.spec import DistortionSpec
from visq.distortions.table._notes import BY_SSIM

SPECS: tuple[DistortionSpec, ...] = (
    DistortionSpec(
        id="overexposure",
        title="overexposure",
        family="exposure",
        impl="visq.distortions.exposure:overexposure",
        amounts=(0.4, 0.8, 1.3, 2.0, 3.0),
        unit="stops",
        limits=(0.0, 16.0),
        source=BY_SSIM,
        note="Clips at white, channel by channel, without the shoulder of a camera's tone curve.",
    ),
    DistortionSpec(
        id="underexposure",
        title="underexposure",
        family="exposure",
        impl="visq.distortions.exposure:underexposure",
        amounts=(0.5, 1.0, 1.6, 2.3, 3.2),
        unit="stops",
        limits=(0.0, 16.0),
        source=BY_SSIM,
    ),
    DistortionSpec(
        id="low_light",
        title="low light",
        family="exposure",
        impl="visq.distortions.exposure:low_light",
        amounts=(0.5, 1.0, 1.6, 2.3, 3.2),
        unit="stops of light missing",
        options=(("photons", 3000.0),),
        limits=(0.0, 16.0),
        random=True,
        source=BY_SSIM,
        note="Left dark, with the noise of a sensor that counts 3,000 photons at white.",
    ),
    DistortionSpec(
        id="lifted_shadows",
        title="low light, brightened",
        family="exposure",
        impl="visq.distortions.exposure:low_light",
        amounts=(1.0, 2.2, 3.4, 4.6, 5.8),
        unit="stops of light missing",
        options=(("photons", 4000.0), ("lifted", 1.0)),
        limits=(0.0, 16.0),
        random=True,
        source=BY_SSIM,
        note="The dark picture is rounded to 8 bits before it is brightened to where it was.",
    ),
)
