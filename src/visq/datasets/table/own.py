"""A folder of one's own, described by a file `visq.csv` in it."""

from __future__ import annotations

from visq.datasets.manifest import MANIFEST_LABELS
from visq.datasets.spec import DatasetSpec

FOLDER = DatasetSpec(
    id="folder",
    title="a folder with visq.csv",
    summary="any rated images: visq.csv with the columns image and score, and what else is known",
    kind="fr",
    score_name="score",
    lower_is_better=False,
    low=float("-inf"),
    high=float("inf"),
    images=("",),
    references=("",),
    reference="{reference}|",
    group="{group}|",
    distortion="{distortion}|",
    level="{level}|",
    labels=(MANIFEST_LABELS,),
    licence="one's own",
    paper="",
    homepage="",
    layout="read",
    source="defined here",
    same_size=False,
    note="Further columns: reference, std, group, distortion, level, part. Scores rise with quality.",
    aliases=("manifest", "custom"),
)

SPECS = (FOLDER,)
