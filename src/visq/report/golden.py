"""The golden files of the tests as data: who computed what, how near it has to be met, and what visq gives now.

A golden file is TOML with ``[[value]]`` tables (one number somebody computed) and ``[[left_out]]`` tables (published
numbers that are not checked, and why). ``authors = ["..."]`` at its top names beginnings of origins that are the
metric's own authors, where `AUTHORS` does not tell. ``[[not_nearer]]`` tables say of which pictures another library
comes nearer to the authors' number, and why.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from visq import catalog

#: How an origin begins that is the authors' own program, or the official one.
AUTHORS = ("authors'", "the authors'", "official", "MATLAB", "C++ program of the authors")


@dataclass(frozen=True, slots=True)
class Row:
    """One golden value. `digits` is half a unit of the last digit that its source printed."""

    metric: str
    image: str
    reference: str
    given: str
    options: dict[str, Any]
    value: float
    printed: str
    digits: float
    tolerance: float
    relative: bool
    origin: str
    why: str
    status: str
    authors: bool

    @property
    def allowed(self) -> float:
        """The largest difference that the tests accept, in units of the score."""
        return self.tolerance * abs(self.value) if self.relative else self.tolerance

    @property
    def option_text(self) -> str:
        """`name=value` of each option, as the command line takes them."""
        return _texts(self.options)

    @property
    def call_text(self) -> str:
        """The same without the files of parameters, which everybody else calls otherwise."""
        return _texts({name: value for name, value in self.options.items() if not str(value).startswith("shared:")})

    @property
    def pictures(self) -> tuple[str, ...]:
        """Paths of the image and its reference inside the folder of reference data."""
        return tuple(f"golden/{name}" for name in (self.image, self.reference) if name)

    @property
    def parameters(self) -> tuple[str, ...]:
        """Paths of the files of parameters there that its options name."""
        found = (str(value) for value in self.options.values())
        return tuple(value.removeprefix("shared:") for value in found if value.startswith("shared:"))


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Published values that no test checks, as (name in the list, picture, value), and the reason."""

    metric: str
    reason: str
    rows: tuple[tuple[str, str, float], ...]


def _texts(options: dict[str, Any]) -> str:
    return ", ".join(f"{name}={_plain(value)}" for name, value in options.items())


def _plain(value: Any) -> str:
    return value.removeprefix("shared:golden/") if isinstance(value, str) else json.dumps(value)


def _files(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted(folder.glob("*.toml")):
        yield path.stem, tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value


def read(folder: Path) -> list[Row]:
    """Every golden value, in the order of the catalogue and of the files."""
    order = {name: i for i, name in enumerate(catalog.ids())}
    files = sorted(_files(folder), key=lambda file: order.get(file[0], len(order)))
    return [_row(metric, table, tuple(data.get("authors", ()))) for metric, data in files for table in data["value"]]


def _row(metric: str, table: dict[str, Any], authors: tuple[str, ...]) -> Row:
    value = table["value"]
    return Row(
        metric=metric,
        image=table["image"],
        reference=table.get("reference", ""),
        given=table["given"],
        options={name: _number(option) for name, option in table.get("options", {}).items()},
        value=float(value),
        printed=str(value),
        digits=half_digit(str(value)),
        tolerance=float(table["rtol"] if "rtol" in table else table["atol"]),
        relative="rtol" in table,
        origin=table["origin"],
        why=table["why"],
        status=table["status"],
        authors=table["status"] == "verified" and table["origin"].startswith(AUTHORS + authors),
    )


def half_digit(printed: str) -> float:
    """Half a unit of the last digit of a printed number.

    >>> half_digit("0.9620"), half_digit("21")
    (5e-05, 0.5)
    """
    exponent = Decimal(printed).as_tuple().exponent
    return float(Decimal(5).scaleb(exponent - 1)) if isinstance(exponent, int) else 0.0


def left_out(folder: Path) -> list[LeftOut]:
    """The published values that are not checked."""
    return [
        LeftOut(metric, table["reason"], tuple((name, image, float(value)) for name, image, value in table["rows"]))
        for metric, data in _files(folder)
        for table in data.get("left_out", ())
    ]


def not_nearer(folder: Path) -> dict[tuple[str, str], str]:
    """Why another library is nearer to a published value, by metric and picture."""
    return {
        (metric, image): table["reason"]
        for metric, data in _files(folder)
        for table in data.get("not_nearer", ())
        for image in table["images"]
    }


def ours(row: Row, shared: Path) -> float:
    """What visq gives for a row, from the pictures under `shared`.

    `uint8`: the pixels as the file holds them, through Pillow; `float64`: those divided by 255, with the luma rounded
    as MATLAB rounds it; `file`: the file itself, read by visq.

    Raises
    ------
    OSError
        A picture that is not there.
    """
    import visq

    options = {name: _option(value, shared) for name, value in row.options.items()}
    metric = catalog.get(row.metric)
    takes_luma = any(option.name == "rounded_luma" for option in metric.options) and options.get("channels") != "rgb"
    if row.given == "float64" and takes_luma:
        options.setdefault("rounded_luma", True)
    pictures = [_picture(shared / name, row.given) for name in row.pictures]
    return float(visq.metric(row.metric, **options)(*pictures))


def _option(value: Any, shared: Path) -> Any:
    if isinstance(value, str) and value.startswith("shared:"):
        return str(shared / value.removeprefix("shared:"))
    return value


def _picture(path: Path, given: str) -> Any:
    import numpy as np
    from PIL import Image

    import visq

    if given == "file":
        return visq.open_image(path)
    with Image.open(path) as picture:
        if picture.mode not in ("L", "RGB"):
            raise OSError(f"{path.name} has mode {picture.mode}, which its file does not hold as pixels")
        pixels = np.asarray(picture)
    return pixels if given == "uint8" else pixels.astype(np.float64) / 255.0
