"""The table of the family `sensor`: noise where it arises, in linear light."""

from __future__ import annotations

from visq.distortions.spec import DistortionSpec
from visq.distortions.table._notes import BY_SSIM

SPECS: tuple[DistortionSpec, ...] = (
    DistortionSpec(
        id="sensor_noise",
        title="sensor noise",
        family="sensor",
        impl="visq.distortions.sensor:sensor_noise",
        amounts=(2000.0, 700.0, 280.0, 120.0, 55.0),
        unit="photons counted at white",
        limits=(0.1, 1e9),
        random=True,
        aliases=("poisson_gaussian", "shot_noise"),
        source=f"Foi et al., IEEE Trans. Image Processing 17(10), 2008. {BY_SSIM}",
        note="Poisson noise of photons and Gaussian noise of 2.5 electrons, in linear light, channel by channel.",
    ),
    DistortionSpec(
        id="raw_noise",
        title="sensor noise through a Bayer mosaic",
        family="sensor",
        impl="visq.distortions.sensor:raw_noise",
        amounts=(8000.0, 2000.0, 700.0, 280.0, 110.0),
        unit="photons counted at white by a green photosite",
        limits=(0.1, 1e9),
        random=True,
        aliases=("bayer", "demosaicking"),
        source=f"Malvar, He, Cutler, ICASSP 2004. {BY_SSIM}",
        note="Red and blue photosites get a half and two thirds of the light. Grey pictures get `sensor_noise`.",
    ),
)
