"""The files that make a folder of pictures a database: `manifest.csv`, `dmos.csv` and `README.txt`."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from visq.distortions.synth.journal import Journal, write_manifest
from visq.distortions.synth.plan import IMAGES, LABELS, MANIFEST, README, Plan, makers, surrogate
from visq.errors import StoreError
from visq.store.tables import replacing

#: KADID-10k's columns.
LABEL_COLUMNS = ("dist_img", "ref_img", "dmos", "var")


def write(plan: Plan, folder: Path, journal: Journal) -> None:
    """Write all three, each whole or not at all.

    Raises
    ------
    StoreError
        No room, or no permission.
    """
    _replaced(folder / README, lambda file: file.write(readme(plan, journal).encode()))
    _replaced(folder / LABELS, lambda file: write_labels(journal.rows("score IS NOT NULL"), file))
    _replaced(folder / MANIFEST, lambda file: write_manifest(journal.rows(), file))


def _replaced(path: Path, write_into: Callable[[IO[bytes]], Any]) -> None:
    try:
        with replacing(str(path)) as file:
            write_into(file)
    except StoreError as error:
        raise StoreError(error.message, hint="The pictures are safe. Make room, then resume the run.") from error


def write_labels(rows: Iterable[dict[str, Any]], file: IO[bytes]) -> None:
    """`dmos.csv` as KADID-10k has it. `var` is empty: there is no variance without ratings."""
    text = io.TextIOWrapper(file, encoding="ascii", newline="", write_through=True)
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(LABEL_COLUMNS)
    for row in rows:
        lines.writerow([row["image"], row["reference"], f"{row['score']:g}", ""])
    text.detach()


def readme(plan: Plan, journal: Journal) -> str:
    """What the folder holds, for somebody who finds it."""
    recipe = plan.recipe
    [[references, pictures, failed]] = journal.query(
        "SELECT coalesce(sum(status = 'ok' AND type = 0), 0), coalesce(sum(status = 'ok' AND type > 0), 0),"
        " coalesce(sum(status <> 'ok'), 0) FROM pictures"
    )
    return "\n".join(_lines(plan, int(references), int(pictures), int(failed))).format(
        levels=", ".join(map(str, recipe.levels)),
        size="whole" if recipe.size is None else f"the middle {recipe.size[0]}x{recipe.size[1]} pixels, never resized",
        seed=recipe.seed,
        ends=f"{surrogate(1):g} at level 1 to {surrogate(5):g} at level 5",
        made=", ".join(f"{name} {version}" for name, version in makers().items()),
    )


def _lines(plan: Plan, references: int, pictures: int, failed: int) -> Iterator[str]:
    yield f"{pictures} distorted pictures of {references} photograph{'' if references == 1 else 's'}, made by visq"
    yield ""
    yield "NOBODY HAS RATED THESE PICTURES. The column dmos of dmos.csv is a surrogate made from the level,"
    yield "dmos = 5 - 4 level / 5 ({ends}), on KADID-10k's scale, where more is better."
    yield "Within one type it puts the levels in their order; it says nothing of one type against another, and"
    yield "nothing of people. Say so wherever a number from it is printed. The column var is empty."
    unlabelled = [one.name for one in plan.recipe.types if not one.monotone]
    if unlabelled:
        yield f"Types whose severity does not rise with the level have no label: {', '.join(unlabelled)}."
        yield "Their pictures are here and in manifest.csv."
    yield ""
    yield f"{IMAGES}/        untouched pictures ({plan.reference(1)}) and distorted ones: number of the photograph,"
    yield f"               of the type, and level ({plan.image(1, plan.recipe.types[0].number, plan.recipe.levels[0])})"
    yield f"{LABELS}       one line for each distorted picture with a label, in KADID-10k's columns"
    yield f"{MANIFEST}   one line for each picture: its photograph and the SHA-256 of it, distortion, amount and its"
    yield "               unit, seed, SHA-256 of the picture, and what failed and why"
    yield ""
    yield "Photographs: {size}. Levels: {levels}. Seed: {seed}."
    if failed:
        yield f"Not made: {failed} (status error in manifest.csv)."
    yield ""
    yield "Types:"
    for one in plan.recipe.types:
        yield f"  {one.number:>3}  {one.name}" + ("" if one.name == one.title else f"  ({one.title})")
    yield ""
    yield "A picture is made again, from its reference and its line of manifest.csv, by"
    yield "  visq.distort(reference, distortion, level, seed=seed, key=source_sha256)"
    yield "Made with {made}."
    yield ""


__all__ = ["LABEL_COLUMNS", "readme", "write", "write_labels"]
