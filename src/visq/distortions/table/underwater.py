"""The table of the family `underwater`: attenuation by wavelength, and light scattered back."""

from __future__ import annotations

from visq.distortions.spec import DistortionSpec
from visq.distortions.table._notes import BY_SSIM, SURROGATE

_SOURCE = "Jaffe 1990; attenuation of Jerlov's water types (Marine Optics, 1976, table XXVII)"

SPECS: tuple[DistortionSpec, ...] = (
    DistortionSpec(
        id="underwater",
        title="under water, blue ocean",
        family="underwater",
        impl="visq.distortions.underwater:underwater",
        amounts=(0.7, 1.8, 3.5, 7.0, 12.0),
        unit="metres to the farthest point",
        options=(("water", "II"),),
        limits=(0.0, 1000.0),
        random=True,
        source=f"{_SOURCE}. {BY_SSIM}",
        note=f"Jerlov's type II, at a depth of half the distance. {SURROGATE}",
    ),
    DistortionSpec(
        id="underwater_coast",
        title="under water, green coast",
        family="underwater",
        impl="visq.distortions.underwater:underwater",
        amounts=(0.4, 0.9, 1.7, 3.0, 5.0),
        unit="metres to the farthest point",
        options=(("water", "5C"),),
        limits=(0.0, 1000.0),
        random=True,
        source=f"{_SOURCE}. {BY_SSIM}",
        note=f"Jerlov's type 5C, at a depth of half the distance. {SURROGATE}",
    ),
)
