"""KADID-10k."""

from __future__ import annotations

from visq.datasets.spec import DatasetSpec, Labels, Table

_TYPES = (
    "Gaussian blur", "lens blur", "motion blur", "colour diffusion", "colour shift", "colour quantization",
    "colour saturation 1", "colour saturation 2", "JPEG 2000", "JPEG", "white noise",
    "white noise in colour component", "impulse noise", "multiplicative noise", "denoise", "brighten", "darken",
    "mean shift", "jitter", "non-eccentricity patch", "pixelate", "quantization", "colour block", "high sharpen",
    "contrast change",
)  # fmt: skip

KADID = DatasetSpec(
    id="kadid10k",
    title="KADID-10k",
    summary="81 photographs under 25 distortions at five levels, rated by crowds; 512x384",
    kind="fr",
    score_name="DMOS",
    lower_is_better=False,
    low=1.0,
    high=5.0,
    roots=("kadid10k", "KADID-10k"),
    images=("images", "distorted_images"),
    references=("images", "reference_images"),
    reference="{ref_img}",
    name=r"^(?P<ref>I\d\d)_(?P<type>\d\d)_(?P<level>\d\d)\.png$",
    group="{ref}",
    distortion="{type}",
    level="{level}",
    words=(
        ("distortion", tuple((f"{number:02}", name) for number, name in enumerate(_TYPES, 1))),
        ("level", tuple((f"{number:02}", str(number)) for number in range(1, 6))),
    ),
    labels=(
        Labels(
            id="dmos",
            tables=(Table("dmos.csv", "csv"),),
            image="{dist_img}",
            score="{dmos}",
            std="{var}",
            note="Its column `var` is taken as the standard deviation: that of the first row, 0.496 at a mean of 4.57, "
            "is the least that thirty ratings from 1 to 5 can have.",
        ),
    ),
    count=10125,
    contents=81,
    sizes=((512, 384),),
    licence="free for research with a citation; the pristine photographs are from Pixabay",
    paper="Lin, Hosu, Saupe, 'KADID-10k: A Large-scale Artificially Distorted IQA Database', QoMEX 2019",
    homepage="https://database.mmsp-kn.de/kadid-10k-database.html",
    layout="read",
    source="IQA-PyTorch's process_kadid10k.py and other third-party readers of dmos.csv",
    note="Its file calls the score DMOS, yet it rises with quality: 1 is very annoying, 5 imperceptible.",
    aliases=("kadid", "kadid_10k"),
)

SPECS = (KADID,)
