"""Blur."""

from __future__ import annotations

from visq.distortions.spec import DistortionSpec
from visq.distortions.table._sources import OWN, REIQA

SPECS: tuple[DistortionSpec, ...] = (
    DistortionSpec(
        id="gaussian_blur",
        title="Gaussian blur",
        family="blur",
        impl="visq.distortions.blur:gaussian_blur",
        amounts=(0.1, 0.5, 1.0, 2.0, 5.0),
        unit="standard deviation in pixels",
        limits=(0.0, 200.0),
        source=REIQA,
        note="Level 1 changes no 8-bit picture.",
    ),
    DistortionSpec(
        id="lens_blur",
        title="lens blur (out of focus)",
        family="blur",
        impl="visq.distortions.blur:lens_blur",
        amounts=(1.0, 2.0, 4.0, 6.0, 8.0),
        unit="radius of the disc in pixels",
        limits=(0.0, 200.0),
        source=REIQA,
        aliases=("defocus_blur",),
    ),
    DistortionSpec(
        id="motion_blur",
        title="motion blur along an axis",
        family="blur",
        impl="visq.distortions.blur:motion_blur",
        amounts=(12.0, 16.0, 20.0, 24.0, 28.0),
        unit="length in pixels",
        options=(("angles", (0.0, 90.0)),),
        limits=(0.0, 400.0),
        random=True,
        source=REIQA,
        note="Horizontal or vertical, with equal chance.",
    ),
    DistortionSpec(
        id="motion_blur_any",
        title="motion blur in any direction",
        family="blur",
        impl="visq.distortions.blur:motion_blur",
        amounts=(3.0, 6.0, 10.0, 16.0, 24.0),
        unit="length in pixels",
        limits=(0.0, 400.0),
        random=True,
        source=OWN,
        note="The direction is drawn in whole degrees.",
    ),
)
