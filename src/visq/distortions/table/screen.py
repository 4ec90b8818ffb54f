"""The table of the family `screen`: text, drawings and windows."""

from __future__ import annotations

from visq.distortions.spec import DistortionSpec
from visq.distortions.table._sources import OWN

SPECS: tuple[DistortionSpec, ...] = (
    DistortionSpec(
        id="chroma_subsampling",
        title="chroma sub-sampling",
        family="screen",
        impl="visq.distortions.screen:chroma_subsampling",
        amounts=(2.0, 4.0, 16.0, 64.0, 256.0),
        unit="luma samples a chroma sample: 2, 4, 8, 16, 32, 64, 128 or 256",
        limits=(2.0, 256.0),
        colour=True,
        aliases=("chroma_subsample",),
        source=OWN,
        note="Levels 1 to 3 are 4:2:2, 4:2:0 and 4:1:0 of 4 by 4 pixels; 4 and 5 are blocks of 8 by 8 and 16 by 16.",
    ),
    DistortionSpec(
        id="chroma_411",
        title="chroma sub-sampling along rows",
        family="screen",
        impl="visq.distortions.screen:chroma_subsampling",
        amounts=(2.0, 4.0, 8.0, 16.0, 32.0),
        unit="luma samples a chroma sample: 2, 4, 8, 16, 32, 64, 128 or 256",
        options=(("columns_only", True), ("upsampling", "nearest")),
        limits=(2.0, 256.0),
        colour=True,
        source=OWN,
        note="Level 2 is 4:1:1. Chroma is repeated, as cheap decoders do.",
    ),
    DistortionSpec(
        id="text_blur",
        title="text blur",
        family="screen",
        impl="visq.distortions.screen:text_blur",
        amounts=(0.5, 0.8, 1.3, 2.2, 4.0),
        unit="standard deviation in pixels",
        limits=(0.0, 100.0),
        source=OWN,
        note="Only about strong edges: a picture without any stays as it is.",
    ),
    DistortionSpec(
        id="subpixel_fringes",
        title="colour fringes of sub-pixels",
        family="screen",
        impl="visq.distortions.screen:subpixel_fringes",
        amounts=(0.33, 0.67, 1.0, 1.67, 3.0),
        unit="pixels that red and blue lie off green",
        limits=(0.0, 1000.0),
        colour=True,
        source=OWN,
        note="2/3 of a pixel is text made for red, green, blue on a panel of blue, green, red.",
    ),
    DistortionSpec(
        id="layered_coding",
        title="layered screen coding",
        family="screen",
        impl="visq.distortions.screen:layered_coding",
        amounts=(60.0, 40.0, 25.0, 14.0, 7.0),
        unit="quality of the pictures' JPEG, 100 best to 1",
        limits=(1.0, 100.0),
        aliases=("layer_segmentation_coding",),
        source=f"after Pan et al. 2013, which SIQAD uses; a reconstruction. {OWN}",
        note="8 bits a sample are coded. Blocks of text take few levels each, others JPEG with chroma 4:2:0.",
    ),
)
