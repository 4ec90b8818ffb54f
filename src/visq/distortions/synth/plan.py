"""What a distorted set is to hold: which photographs, which types at which levels, and the names of its files."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from visq.distortions import registry
from visq.distortions.chain import Step, parse
from visq.distortions.spec import LEVELS
from visq.errors import InputError, OptionError, StoreError

#: Files and folders of a set.
IMAGES, MANIFEST, LABELS, README, PLAN = "images", "manifest.csv", "dmos.csv", "README.txt", "plan.json"
#: Name of a bank that stands for every distortion that there is.
EVERY = "all"
_MAKERS = ("numpy", "scipy", "pillow", "numba", "av", "pyvips")


@dataclass(frozen=True, slots=True)
class Type:
    """One type of distortion of a set.

    Attributes
    ----------
    number : int
        In the names of files, from 1.
    name : str
        As `visq.distort` takes it: `kadid10k/10`, `gaussian_blur`, `gaussian_blur+jpeg`.
    title : str
        In words.
    monotone : bool
        Whether severity rises with the level. Where it does not, the level says nothing of quality.
    """

    number: int
    name: str
    title: str
    monotone: bool


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides the pixels of a set, but for the photographs.

    Attributes
    ----------
    types : tuple of Type
    levels : tuple of int
        1 mild to 5 severe, rising.
    size : (width, height) or None
        Cut from the centre of every photograph; None takes it whole.
    seed : int
    form : {"png", "webp"}
        Format of the files, lossless both.
    """

    types: tuple[Type, ...]
    levels: tuple[int, ...] = tuple(range(1, LEVELS + 1))
    size: tuple[int, int] | None = None
    seed: int = 0
    form: str = "png"

    @property
    def each(self) -> int:
        """Distorted pictures of one photograph."""
        return len(self.types) * len(self.levels)

    @classmethod
    def loaded(cls, fields: dict[str, Any]) -> Recipe:
        """Back from JSON."""
        size = fields["size"]
        return cls(
            tuple(Type(**one) for one in fields["types"]),
            tuple(fields["levels"]),
            None if size is None else (size[0], size[1]),
            fields["seed"],
            fields["form"],
        )


@dataclass(frozen=True, slots=True)
class Photo:
    """One photograph. `problem` says why it cannot be read, where that is known already."""

    path: str
    relative: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """A recipe and the photographs, in the order of their numbers."""

    recipe: Recipe
    photos: tuple[Photo, ...]

    @property
    def pictures(self) -> int:
        """Distorted pictures in all."""
        return len(self.photos) * self.recipe.each

    def reference(self, photo: int) -> str:
        """Name of the untouched picture of a photograph, numbered from 1: `I01.png`.

        There are as many digits as the greatest number has, two at least, as in KADID-10k.
        """
        return f"I{photo:0{self._digits}}.{self.recipe.form}"

    def image(self, photo: int, number: int, level: int) -> str:
        """Name of a distorted picture, by photograph, type and level: `I01_10_05.png`."""
        digits = max(2, len(str(max(one.number for one in self.recipe.types))))
        return f"I{photo:0{self._digits}}_{number:0{digits}}_{level:02}.{self.recipe.form}"

    @property
    def _digits(self) -> int:
        return max(2, len(str(len(self.photos))))

    def described(self) -> dict[str, Any]:
        """The plan as `plan.json` holds it: names of photographs as their number and a hash."""
        names = hashlib.sha256()
        for photo in self.photos:
            names.update(os.fsencode(photo.relative) + b"\0")
        return {
            "recipe": json.loads(json.dumps(asdict(self.recipe))),
            "photographs": len(self.photos),
            "names_sha256": names.hexdigest(),
        }


def types_of(names: Sequence[str], bank: str = "") -> tuple[Type, ...]:
    """Types of a bank, or of distortions by name, numbered.

    Parameters
    ----------
    names : sequence of str
        As `visq.distort` takes them, without levels: `gaussian_blur`, `tid2013/8`, `gaussian_blur+jpeg`.
    bank : str
        Instead of names: `kadid10k`, `tid2013`, `reiqa` in their own numbering, `all` for all distortions.

    Raises
    ------
    OptionError
        Names and a bank, or neither; a name with all its levels in it; the same one twice.
    UnknownDistortionError

    Examples
    --------
    >>> [one.title for one in types_of(["gaussian_blur", "jpeg"])]
    ['Gaussian blur', 'JPEG']
    """
    if bool(names) == bool(bank):
        raise OptionError("what to make is not clear", expected="a bank or names of distortions, not both")
    if bank and registry.plain_name(bank) != EVERY:
        chosen = registry.bank(bank)
        return tuple(Type(entry.number, chosen.name(entry), entry.name, entry.monotone) for entry in chosen.entries)
    wanted = registry.ids() if bank else list(names)
    types = tuple(_type(number, name) for number, name in enumerate(wanted, 1))
    twice = [one.name for one in types if sum(other.name == one.name for other in types) > 1]
    if twice:
        raise OptionError(f"{twice[0]} is named twice", expected="each distortion once")
    return types


def _type(number: int, name: str) -> Type:
    steps = parse(name)
    if all(step.level is not None or step.amount is not None for step in steps):
        raise OptionError(
            f"{name} is one strength, and a set has several",
            expected="a name without level or amount",
            hint="Choose the levels of the whole set.",
        )
    return Type(number, written(steps), " + ".join(map(step_title, steps)), all(step.monotone for step in steps))


def written(steps: Iterable[Step]) -> str:
    """Steps back as a name."""
    return "+".join(
        step.name
        + (f":{step.level}" if step.level is not None else "")
        + (f"={step.amount:g}" if step.amount is not None else "")
        for step in steps
    )


def step_title(step: Step) -> str:
    """A step in words: the database's, or those of the distortion."""
    return step.entry.name if step.entry else step.spec.title


def strength(name: str, level: int) -> tuple[str, str]:
    """The amounts that a name stands for at a level, and their units; those of the steps of a chain joined by ` + `.

    Where a bank states a PSNR instead of an amount, that is given.

    Examples
    --------
    >>> strength("gaussian_blur=1.5", 5)
    ('1.5', 'standard deviation in pixels')
    """
    amounts, units = [], []
    for step in parse(name):
        at = step.level if step.level is not None else level
        sought = step.amount is None and step.entry is not None and step.entry.search is not None
        if step.amount is not None:
            amounts.append(f"{step.amount:g}")
        else:
            amounts.append(f"{step.amounts[at - 1]:g}" if at else "0")
        units.append("PSNR in dB" if sought else step.spec.unit)
    return " + ".join(amounts), " + ".join(units)


def surrogate(level: int) -> float:
    """The label of a level where there is no rating: ``5 - 4 level / 5``, so 5 untouched and 1 at level 5.

    It is KADID-10k's scale (1 very annoying, 5 imperceptible) laid evenly over the levels. Nobody has looked: levels of
    one type are in their order, those of different types are not comparable.

    >>> [surrogate(level) for level in (0, 1, 5)]
    [5.0, 4.2, 1.0]
    """
    return round(5.0 - 4.0 * level / LEVELS, 6)


def levels_of(text: str) -> tuple[int, ...]:
    """Levels as people write them: `1-5`, `3`, `1,3,5`.

    Raises
    ------
    OptionError

    Examples
    --------
    >>> levels_of("1,3-5")
    (1, 3, 4, 5)
    """
    found: set[int] = set()
    for part in text.split(","):
        first, mark, last = (piece.strip() for piece in part.partition("-"))
        last = last if mark else first
        if not (first.isdecimal() and last.isdecimal() and 1 <= int(first) <= int(last) <= LEVELS):
            raise OptionError("levels are not readable", expected=f"1-{LEVELS}, 3 or 1,3,5", got=repr(text))
        found.update(range(int(first), int(last) + 1))
    return tuple(sorted(found))


def size_of(text: str) -> tuple[int, int]:
    """`512x384` as (512, 384).

    Raises
    ------
    OptionError
    """
    width, _, height = text.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise OptionError("the size is not readable", expected="WIDTHxHEIGHT in pixels, 512x384", got=repr(text))
    return int(width), int(height)


def makers() -> dict[str, str]:
    """Versions of what makes the pixels: another encoder may give other bytes."""
    found = {"visq": _version("visq"), "python": platform.python_version(), "machine": platform.machine()}
    return found | {name: version for name in _MAKERS if (version := _version(name))}


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def keep_plan(folder: Path, plan: Plan) -> list[str]:
    """Write down the plan of a new set, or compare it with that of the set in the folder.

    Returns
    -------
    list of str
        What to tell: libraries that were others when the set was begun.

    Raises
    ------
    StoreError
        The folder holds another set.
    """
    from visq.store.tables import replacing

    path, described = folder / PLAN, plan.described()
    if path.exists():
        held = _read_plan(path)
        differs = _differences(held, described)
        if differs:
            raise StoreError(
                f"{folder} holds another set: {differs[0]}",
                hint="Run the same command again, or name another folder.",
            )
        former, now = held.get("made_with", {}), makers()
        changed = [
            f"{name} {former.get(name)} then, {now.get(name)} now" for name in now if former.get(name) != now[name]
        ]
        return [f"begun with other versions: {', '.join(changed)}: pictures may differ in bytes"] if changed else []
    with replacing(str(path)) as file:
        file.write(json.dumps({**described, "made_with": makers()}, indent=1).encode() + b"\n")
    return []


def _read_plan(path: Path) -> dict[str, Any]:
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        _ = held["recipe"]["types"], held["photographs"], held["names_sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{path} is not the plan of a set, or is damaged", hint="Name another folder.") from error
    return held


def _differences(held: dict[str, Any], described: dict[str, Any]) -> list[str]:
    differs = [
        f"{name} {_short(held['recipe'].get(name))} then, {_short(value)} now"
        for name, value in described["recipe"].items()
        if held["recipe"].get(name) != value
    ]
    if held["photographs"] != described["photographs"]:
        differs.append(f"{held['photographs']} photographs then, {described['photographs']} now")
    elif held["names_sha256"] != described["names_sha256"]:
        differs.append("photographs of other names")
    return differs


def _short(value: Any) -> str:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        names = [one.get("name", "?") for one in value]
        return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return "the whole photograph" if value is None else str(value)


def check_photos(photos: Sequence[Photo]) -> None:
    """Refuse a plan without photographs.

    Raises
    ------
    InputError
    """
    if not photos:
        raise InputError("no photographs found", hint="Name a folder with pictures, or pictures.")


__all__ = [
    "EVERY", "IMAGES", "LABELS", "MANIFEST", "PLAN", "README", "Photo", "Plan", "Recipe", "Type",
    "check_photos", "keep_plan", "levels_of", "makers", "size_of", "step_title", "strength", "surrogate", "types_of",
    "written",
]  # fmt: skip
