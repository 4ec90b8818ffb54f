"""Scores of single pictures beside the table on BIQ2021, and starts whose files are no longer at hand.

`PART-scores.csv` has a line for each picture and a column for each start, `ROW/NUMBER`. A start that stands there and
in `PART.json` need not be scored again, nor its file be kept: a table over many trainings is made a few at a time.
Which file it was, its identity says, with the hash of the content. Scores are judged as they are written.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from biq2021_rows import ROWS, Facts, Start
from visq.errors import InputError
from visq.run.tasks import Request
from visq.store.tables import replacing

#: More than the single precision that networks compute in.
_DIGITS = 9


@dataclass(frozen=True)
class Kept:
    """What a run before has published of one part.

    Attributes
    ----------
    starts : list of Start
    values : dict of identity to (n,)
        In the order of the pictures that were asked for; NaN where there is no score.
    seconds : dict of row to float
    """

    starts: list[Start] = field(default_factory=list)
    values: dict[str, np.ndarray] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def with_new(self, starts: Sequence[Start]) -> list[Start]:
        """All starts in the order of the table; of two with one number that one whose file was named now."""
        found = {(one.row.id, one.number): one for one in (*self.starts, *starts)}
        order = {row.id: place for place, row in enumerate(ROWS)}
        return [found[key] for key in sorted(found, key=lambda key: (order[key[0]], key[1]))]


def read(folder: Path, part: str, images: Sequence[str]) -> Kept:
    """What is there; nothing where there was no run.

    Parameters
    ----------
    folder : Path
    part : str
        `test` or `validation`.
    images : sequence of str
        The pictures, as the database names them.

    Raises
    ------
    InputError
        Results of other pictures.
    """
    about, scores = folder / f"{part}.json", folder / f"{part}-scores.csv"
    if not about.is_file() or not scores.is_file():
        return Kept()
    with scores.open(newline="", encoding="utf-8") as file:
        head, *lines = csv.reader(file)
    if [line[0] for line in lines] != list(images):
        raise InputError(
            f"{scores} is of other pictures", expected=f"these {len(images)}", got=str(len(lines)),
            hint="Publish anew: --anew.",
        )  # fmt: skip
    columns = {name: np.array([float(line[i] or "nan") for line in lines]) for i, name in enumerate(head) if i}
    known, found = {row.id: row for row in ROWS}, Kept()
    for one in json.loads(about.read_text(encoding="utf-8"))["rows"]:
        row = known.get(one["row"])
        if row is None:
            continue
        for start in one["starts"]:
            values = columns.get(f"{row.id}/{start['number']}")
            if values is None:
                continue
            found.starts.append(
                Start(row, start["number"], Request(row.metric, {}, start["identity"]), Facts(**start["facts"]))
            )
            found.values[start["identity"]] = values
        if one.get("seconds"):
            found.seconds[row.id] = one["seconds"]
    return found


def rounded(values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Scores as they are written.

    >>> rounded({"x": np.array([0.12345678949, np.nan])})["x"].tolist()
    [0.123456789, nan]
    """
    return {name: np.array([float(f"{value:.{_DIGITS}g}") for value in each]) for name, each in values.items()}


def write(
    folder: Path, part: str, images: Sequence[str], starts: Sequence[Start], values: Mapping[str, np.ndarray]
) -> None:
    """The scores of all starts, whole or not at all."""
    text = io.StringIO(newline="")
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(["image", *(f"{one.row.id}/{one.number}" for one in starts)])
    columns = [values[one.request.identity] for one in starts]
    for place, image in enumerate(images):
        each = (float(column[place]) for column in columns)
        lines.writerow([image, *("" if np.isnan(value) else f"{value:.{_DIGITS}g}" for value in each)])
    with replacing(str(folder / f"{part}-scores.csv")) as file:
        file.write(text.getvalue().encode())
