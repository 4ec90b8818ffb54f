"""Damage in places."""

from __future__ import annotations

from visq.distortions.spec import DistortionSpec
from visq.distortions.table._sources import OWN, REIQA, TID

SPECS: tuple[DistortionSpec, ...] = (
    DistortionSpec(
        id="colour_blocks",
        title="foreign blocks",
        family="spatial",
        impl="visq.distortions.spatial:colour_blocks",
        amounts=(2.0, 4.0, 6.0, 8.0, 10.0),
        unit="squares of 32 x 32 pixels of one random colour each",
        limits=(0.0, 100000.0),
        random=True,
        source=REIQA,
        aliases=("color_blocks", "color_block", "colour_block"),
    ),
    DistortionSpec(
        id="block_offsets",
        title="blocks lighter or darker",
        family="spatial",
        impl="visq.distortions.spatial:block_offsets",
        amounts=(32.0, 16.0, 8.0, 4.0, 2.0),
        unit="squares of 32 x 32 pixels, whose offset grows as they get fewer",
        limits=(1.0, 100000.0),
        random=True,
        monotone=False,
        source=f"{TID}. {OWN}",
        note="The mean squared error is about the same at all levels.",
    ),
    DistortionSpec(
        id="move_patches",
        title="moved patches (non-eccentricity)",
        family="spatial",
        impl="visq.distortions.spatial:move_patches",
        amounts=(20.0, 40.0, 60.0, 80.0, 100.0),
        unit="patches of 16 x 16 pixels copied to up to 8 pixels away",
        limits=(0.0, 100000.0),
        random=True,
        source=REIQA,
        aliases=("non_eccentricity", "non_eccentricity_patch"),
    ),
    DistortionSpec(
        id="jitter",
        title="trembling pixels",
        family="spatial",
        impl="visq.distortions.spatial:jitter",
        amounts=(0.05, 0.1, 0.2, 0.5, 1.0),
        unit="standard deviation of each of five displacements, in pixels",
        limits=(0.0, 100.0),
        random=True,
        source=REIQA,
    ),
    DistortionSpec(
        id="pixelate",
        title="pixelation",
        family="spatial",
        impl="visq.distortions.spatial:pixelate",
        amounts=(0.01, 0.05, 0.1, 0.2, 0.5),
        unit="a: the nearest pixels of a picture 0.95 - a^0.6 times as large",
        limits=(0.0, 0.9),
        source=f"{REIQA}; KADID-10k has the same levels",
    ),
    DistortionSpec(
        id="sparse_samples",
        title="missing samples, filled in",
        family="spatial",
        impl="visq.distortions.spatial:sparse_samples",
        amounts=(0.2, 0.4, 0.6, 0.8, 0.95),
        unit="share of pixels that is missing",
        limits=(0.0, 0.98),
        random=True,
        source=f"{TID}. {OWN}",
    ),
)
