"""The table of the family `weather`: what the air between scene and camera does."""

from __future__ import annotations

from visq.distortions.spec import DistortionSpec
from visq.distortions.table._notes import BY_SSIM, SURROGATE

SPECS: tuple[DistortionSpec, ...] = (
    DistortionSpec(
        id="haze",
        title="haze",
        family="weather",
        impl="visq.distortions.weather:haze",
        amounts=(0.08, 0.22, 0.5, 1.0, 2.0),
        unit="optical depth at the farthest distance",
        limits=(0.0, 50.0),
        random=True,
        source=f"Koschmieder 1924; Narasimhan and Nayar, Int. J. Computer Vision 48(3), 2002. {BY_SSIM}",
        note=SURROGATE,
    ),
    DistortionSpec(
        id="fog",
        title="patchy fog",
        family="weather",
        impl="visq.distortions.weather:haze",
        amounts=(0.15, 0.4, 0.85, 1.6, 3.0),
        unit="optical depth at the farthest distance, where the air is of middling density",
        options=(("airlight", (0.55, 0.56, 0.57)), ("patches", 0.35)),
        limits=(0.0, 50.0),
        random=True,
        source=f"as haze, with an uneven density of the air. {BY_SSIM}",
        note=SURROGATE,
    ),
    DistortionSpec(
        id="rain",
        title="rain",
        family="weather",
        impl="visq.distortions.weather:rain",
        amounts=(0.03, 0.09, 0.22, 0.5, 1.1),
        unit="share of the picture that streaks would cover side by side",
        limits=(0.0, 20.0),
        random=True,
        source=f"after Garg and Nayar, Int. J. Computer Vision 75(1), 2007. {BY_SSIM}",
        note=SURROGATE,
    ),
)
