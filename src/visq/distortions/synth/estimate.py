"""How long a set will take and how much room it needs, measured on a few of its pictures before it is begun."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from visq.distortions.synth.plan import Plan
from visq.errors import StoreError

if TYPE_CHECKING:
    from visq.distortions.synth.crew import Crew

# Photographs looked at, spread over the folder, and seconds of a processor for all of them.
_LOOKED_AT = 3
_SECONDS = 9.0
# Rows of the row table and of the journal while the run lasts, measured: about 330 bytes a picture each.
_ROW_BYTES = 700
# The smallest unit in which disks give room to files.
_BLOCK = 4096
# Photographs differ: less than this share of the need is clearly too little.
_CLEARLY = 0.8


@dataclass(frozen=True, slots=True)
class Estimate:
    """What is to be made, and what that comes to.

    Attributes
    ----------
    pictures, references : int
        Files to be made, distorted and untouched.
    bytes : float
        Room on the disk.
    seconds : float
        Of one process.
    measured : int
        Pictures that it was measured on; 0 where nothing could be measured.
    """

    pictures: int
    references: int
    bytes: float
    seconds: float
    measured: int

    def time(self, jobs: int) -> float:
        """Seconds with so many processes, as far as there are cores for them."""
        return self.seconds / max(1, min(jobs, os.cpu_count() or 1))


def measure(plan: Plan, crew: Crew, *, pictures: int, references: int) -> Estimate:
    """Make some pictures of a few photographs in memory, and reckon.

    Parameters
    ----------
    plan : Plan
    crew : Crew
        Its workers do it, so that a photograph that hangs a reader is survived.
    pictures, references : int
        Still to be made.
    """
    answers: list[dict[str, Any]] = []
    for task in _tasks(plan):
        for _, answer in crew.run([task]):
            if isinstance(answer, dict) and "made" in answer:
                answers.append(answer)
        if len(answers) == _LOOKED_AT:
            break
    made = [one for answer in answers for one in answer["made"]]
    if not made:
        return Estimate(pictures, references, 0.0, 0.0, 0)
    pixels = sum(answer["pixels"] for answer in answers) / len(answers)
    numbers = [one.number for one in plan.recipe.types]
    seconds = _mean([(number, each) for number, each, _ in made], numbers) * pixels
    size = _mean([(number, each) for number, _, each in made], numbers) * pixels
    opened = sum(answer["opened"] for answer in answers) / len(answers)
    reference = sum(answer["per_pixel"] for answer in answers) / len(answers) * pixels
    return Estimate(
        pictures,
        references,
        pictures * (_blocks(size) + _ROW_BYTES) + references * (_blocks(reference) + _ROW_BYTES),
        pictures * seconds + references * opened,
        len(made),
    )


def from_rows(
    found: Sequence[tuple[int, float, float, int]], numbers: Sequence[int], *, pictures: int, references: int
) -> Estimate | None:
    """The same from pictures that were made already, as (type, mean seconds, mean bytes, count); type 0 is references.

    None where they are too few to tell.
    """
    made = [row for row in found if row[0]]
    if len(made) < len(numbers) or sum(row[3] for row in made) < 4 * len(numbers):
        return None
    first = next((row for row in found if not row[0]), (0, 0.0, 0.0, 0))
    seconds = _mean([(row[0], row[1]) for row in made], numbers)
    size = _mean([(row[0], row[2]) for row in made], numbers)
    return Estimate(
        pictures,
        references,
        pictures * (_blocks(size) + _ROW_BYTES) + references * (_blocks(first[2]) + _ROW_BYTES),
        pictures * seconds + references * first[1],
        sum(row[3] for row in made),
    )


def _tasks(plan: Plan) -> Iterator[dict[str, Any]]:
    """Photographs spread over the folder, more than are needed: some may be broken. Levels from the middle outwards."""
    count = len(plan.photos)
    spread = sorted({(2 * i + 1) * count // (2 * _LOOKED_AT) for i in range(_LOOKED_AT)})
    places = [*spread, *(i for i in range(min(count, 50)) if i not in spread)]
    levels = plan.recipe.levels
    order = sorted(levels, key=lambda level: abs(levels.index(level) - (len(levels) - 1) / 2))
    types = plan.recipe.types
    for number, place in enumerate(places):
        photo = plan.photos[place]
        # Each photograph begins with other types: what there is no time for is not the same of all.
        first = number * len(types) // _LOOKED_AT % len(types)
        turned = types[first:] + types[:first]
        what = [(one.number, one.name, level) for level in order for one in turned]
        if not photo.problem:
            yield {"do": "measure", "source": photo.path, "what": what, "seconds": _SECONDS / len(spread)}


def _mean(values: Sequence[tuple[int, float]], numbers: Sequence[int]) -> float:
    """Mean over types of the mean of each; one that was not come to counts as the mean of the others."""
    means = []
    for number in numbers:
        of_type = [value for one, value in values if one == number]
        if of_type:
            means.append(sum(of_type) / len(of_type))
    return sum(means) / len(means) if means else 0.0


def _blocks(size: float) -> float:
    """Room that a file of this size takes: half a block more on average, and at least one."""
    return max(float(_BLOCK), size + _BLOCK / 2)


def free_bytes(folder: Path) -> int:
    """Room on the disk that a folder lies on, or will lie on."""
    place = folder.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    return shutil.disk_usage(place).free


def check_room(estimate: Estimate, folder: Path) -> None:
    """Refuse to begin what clearly will not fit.

    Raises
    ------
    StoreError
    """
    free = free_bytes(folder)
    if estimate.bytes * _CLEARLY > free:
        raise StoreError(
            f"the disk of {folder} is too small",
            expected=f"about {in_bytes(estimate.bytes)}",
            got=f"{in_bytes(free)} free",
            hint="Make fewer or smaller pictures, or name a folder on another disk.",
        )


def in_bytes(number: float) -> str:
    """`1.5 GB`: powers of ten, as disks are sold.

    >>> in_bytes(999), in_bytes(1_500_000_000)
    ('999 B', '1.5 GB')
    """
    for unit, step in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if number >= step:
            return f"{number / step:.{0 if number >= 100 * step else 1}f} {unit}"
    return f"{number:.0f} B"


def in_time(seconds: float) -> str:
    """`2 h 05 min`, `3 min`, `40 s`.

    >>> in_time(7500), in_time(40.2)
    ('2 h 05 min', '40 s')
    """
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02} min" if minutes >= 60 else f"{minutes} min"


__all__ = ["Estimate", "check_room", "free_bytes", "from_rows", "in_bytes", "in_time", "measure"]
