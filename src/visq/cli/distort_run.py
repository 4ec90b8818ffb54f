"""What `visq distort` does to one picture after the other."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from visq.distortions.apply import distort
from visq.distortions.sheet import Sheet
from visq.distortions.synth.plan import MANIFEST, strength
from visq.errors import InputError, StoreError, VisqError
from visq.media import Limits, open_image
from visq.media.lossless import check_name, save
from visq.media.source import printable
from visq.store.names import escape
from visq.store.tables import replacing

if TYPE_CHECKING:
    from visq.cli.distort import Strength

#: Columns of the manifest of a folder.
COLUMNS = (
    "image", "source", "source_sha256", "distortion", "title", "level", "amount", "unit", "seed", "width", "height",
    "bit_depth", "sha256", "bytes", "status", "error", "warnings",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Job:
    """One picture, and the file for each strength (empty where none is written). `folder`: they go to a folder."""

    source: str
    problem: str
    targets: tuple[str, ...]
    folder: bool


@dataclass
class Run:
    """All pictures of one call.

    Parameters
    ----------
    strengths : sequence of Strength
        What is done to each.
    seed : int
    limits : dict
        Of the reader.
    folder : str or None
        Where `manifest.csv` goes.
    sheet : str or None
        Where the contact sheet of the picture goes.
    """

    strengths: Sequence[Strength]
    seed: int
    limits: dict[str, int]
    folder: str | None = None
    sheet: str | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)
    _drawn: Sheet | None = None

    def do(self, job: Job, *, alone: bool) -> Iterator[dict[str, Any]]:
        """Rows of one picture. One that is alone and cannot be read is the user's mistake, of many it is a row.

        Raises
        ------
        VisqError
            The only picture cannot be read, or nothing of it can be made; a file cannot be written.
        """
        try:
            if job.problem:
                raise InputError(f"{printable(job.source)}: {job.problem}")
            image = open_image(job.source, limits=Limits(**self.limits))
        except VisqError as error:
            if alone:
                raise
            reason = str(error).removeprefix(f"{printable(job.source)}: ")
            for one, target in zip(self.strengths, job.targets, strict=True):
                yield self._keep(self._row(job, one, target) | {"status": "error", "error": reason})
            return
        if self.sheet:
            self._begin_sheet(job.source, image.pixels)
        for one, target in zip(self.strengths, job.targets, strict=True):
            row = self._row(job, one, target) | {
                "source_sha256": image.meta.sha256, "warnings": list(image.meta.warnings)
            }  # fmt: skip
            try:
                made = distort(image.pixels, one.name, one.level, seed=self.seed, key=image.meta.sha256)
                row |= self._saved(target, made)
            except StoreError:
                raise
            except VisqError as error:
                if alone and len(self.strengths) == 1:
                    raise
                row |= {"status": "error", "error": str(error)}
                made = None
            self._tile(one, row, made)
            yield self._keep(row)

    def finish(self) -> None:
        """Write the manifest and the sheet."""
        if self.folder:
            with replacing(str(Path(self.folder) / MANIFEST)) as file:
                text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
                lines = csv.writer(text, lineterminator="\n")
                lines.writerow(COLUMNS)
                for row in self.rows:
                    cells = row | {"source": escape(row["source"]), "warnings": "; ".join(row["warnings"])}
                    lines.writerow([escape(cells[c]) if c == "image" else cells[c] for c in COLUMNS])
                text.detach()
        if self.sheet and self._drawn is not None:
            save(self.sheet, np.asarray(self._drawn.draw()))

    def _row(self, job: Job, one: Strength, target: str) -> dict[str, Any]:
        amount, unit = strength(one.name, one.level or 0)
        return dict.fromkeys(COLUMNS) | {
            "image": target, "source": job.source, "source_sha256": "", "distortion": one.name, "title": one.title,
            "level": one.level, "amount": amount, "unit": unit, "seed": self.seed, "sha256": "", "error": "",
            "warnings": [],
        }  # fmt: skip

    def _keep(self, row: dict[str, Any]) -> dict[str, Any]:
        self.rows.append(row)
        return row

    def _saved(self, target: str, made: np.ndarray) -> dict[str, Any]:
        facts = {"status": "ok", "width": made.shape[1], "height": made.shape[0], "bit_depth": 8 * made.dtype.itemsize}
        if not target:
            return facts
        check_name(target)
        data = save(target, made)
        return facts | {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}

    def _begin_sheet(self, source: str, pixels: np.ndarray) -> None:
        levels = sorted({one.level for one in self.strengths if one.level is not None})
        columns = ["untouched", *(f"level {level}" for level in levels)]
        if any(one.level is None for one in self.strengths) and not levels:
            columns.append("distorted")
        self._drawn = Sheet(f"{printable(Path(source).name)}, middle, pixel for pixel", columns)
        for one in self.strengths:
            self._drawn.add(_label(one), 0, pixels)

    def _tile(self, one: Strength, row: dict[str, Any], made: np.ndarray | None) -> None:
        if self._drawn is None:
            return
        levels = sorted({other.level for other in self.strengths if other.level is not None})
        column = 1 if one.level is None else 1 + levels.index(one.level)
        note = str(row["amount"]) if made is not None else row["error"]
        self._drawn.add(_label(one), column, made, note)


def _label(one: Strength) -> str:
    """A row of the sheet: name, and what it means where the name does not say."""
    return one.name if one.title.casefold().replace(" ", "_") == one.name else f"{one.name}\n{one.title}"


__all__ = ["COLUMNS", "Job", "Run"]
