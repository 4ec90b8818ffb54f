"""`visq.csv`: how any folder of rated images says what it holds, without a row in the table."""

from __future__ import annotations

from dataclasses import replace

from visq.datasets.spec import DatasetSpec, Labels, Table

#: The set of labels that every database has beside its own.
MANIFEST_LABELS = Labels(
    id="manifest",
    tables=(Table("visq.csv", "csv"),),
    image="{image}",
    score="{score}",
    std="{std}|",
    second="{second}|",
    part="{part}|",
    note="A list made by the user.",
)


def applied(spec: DatasetSpec) -> DatasetSpec:
    """A row of the table as it is for a folder with `visq.csv`: paths start at the folder, columns have fixed names."""
    return replace(
        spec,
        images=("",),
        references=("",),
        reference="{reference}|",
        reference_second="{reference_second}|" if spec.reference_second else "",
        name="",
        group="{group}|",
        distortion="{distortion}|",
        level="{level}|",
        words=(),
    )
