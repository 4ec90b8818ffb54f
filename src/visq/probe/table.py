"""The table of a probe: a row for each network, layer, read-out and database, and what it was made from."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visq.errors import MissingExtraError, OptionError, StoreError
from visq.probe.networks import Network
from visq.probe.pairsets import PairSet

Floats = NDArray[np.float64]
Key = tuple[str, str, str, str]
FORMAT = "visq probe 1"
#: `goal` of rows that are metrics of the catalogue.
BASELINE = "baseline"
#: Fewer draws make no interval.
FEWEST_DRAWS = 10
#: In the note of a row whose distances are sums over images of several sizes.
SEVERAL_SIZES = "images of several sizes"


@dataclass(frozen=True, slots=True)
class Row:
    """One network, layer and read-out on one database.

    Correlations are positive where the distance falls as people's opinion rises; None where undefined, and `note` says
    why. `plcc` is of the distances as they are, `plcc_logistic` after a fitted logistic curve. `ci_low` and `ci_high`
    are of `srcc`, by a bootstrap over contents. `seconds` is processor time a picture: through the network to the
    deepest tap that was measured, and the reduction of this one. `identity` keys what was measured: architecture and
    parameters.
    """

    net: str
    goal: str
    train_data: str
    arch: str
    layer: str
    depth_fraction: float | None
    readout: str
    dataset: str
    n: int
    srcc: float | None
    plcc: float | None
    plcc_logistic: float | None
    krcc: float | None
    ci_low: float | None
    ci_high: float | None
    seconds: float | None
    contents: int = 0
    parameters: int | None = None
    depth: int | None = None
    random: bool = False
    transductive: bool = False
    surrogate: bool = False
    identity: str = ""
    note: str = ""

    @property
    def key(self) -> Key:
        """What makes the row unique: database, network, layer, read-out."""
        return self.dataset, self.net, self.layer, self.readout

    @property
    def defined(self) -> bool:
        """Whether it has a rank correlation."""
        return self.srcc is not None


COLUMNS = tuple(one.name for one in fields(Row))
_PAIR_COLUMNS = ("dataset", "image", "reference", "group", "distortion", "level", "score")


@dataclass(frozen=True)
class Skipped:
    """A layer or read-out that a database could not be judged by, and why."""

    dataset: str
    net: str
    layer: str
    readout: str
    reason: str


@dataclass(frozen=True)
class Table:
    """Everything a probe found.

    Attributes
    ----------
    rows : tuple of Row
    sets : dict of str to PairSet
        The databases by their names in the table.
    nets : tuple of Network
    skipped : tuple of Skipped
    distances : dict of (dataset, net, layer, readout) to (P,)
        What every row was computed from, rising with damage.
    samples, seed : int
        Of the intervals.
    made : dict
        How it was made.
    """

    rows: tuple[Row, ...]
    sets: dict[str, PairSet]
    nets: tuple[Network, ...]
    skipped: tuple[Skipped, ...] = ()
    distances: dict[Key, Floats] = field(default_factory=dict, repr=False)
    samples: int = 2000
    seed: int = 0
    made: dict[str, Any] = field(default_factory=dict)

    def where(self, **wanted: Any) -> tuple[Row, ...]:
        """Rows whose columns have these values.

        Raises
        ------
        OptionError
            No such column.
        """
        unknown = [name for name in wanted if name not in COLUMNS]
        if unknown:
            raise OptionError(f"the table has no column {unknown[0]!r}", expected=", ".join(COLUMNS))
        return tuple(row for row in self.rows if all(getattr(row, k) == v for k, v in wanted.items()))

    def baseline(self, dataset: str, metric: str) -> Row | None:
        """The row of a metric of the catalogue, by its name or the beginning of it."""
        rows = [row for row in self.where(dataset=dataset, goal=BASELINE) if row.defined]
        exact = [row for row in rows if row.net == metric]
        return next(iter(exact or [row for row in rows if row.net.split(":")[0] == metric]), None)

    def as_csv(self) -> str:
        """A line for each row; what is undefined is empty."""
        text = io.StringIO(newline="")
        lines = csv.writer(text, lineterminator="\n")
        lines.writerow(COLUMNS)
        for row in self.rows:
            lines.writerow([_cell(getattr(row, name)) for name in COLUMNS])
        return text.getvalue()

    def as_dict(self) -> dict[str, Any]:
        """All of it but the distances, as plain data."""
        return {
            "format": FORMAT,
            "made": self.made,
            "samples": self.samples,
            "seed": self.seed,
            "datasets": [
                {
                    "id": name, "title": one.title, "pairs": len(one), "contents": len(one.contents),
                    "score": one.score_name, "scores_lower_is_better": one.scores_lower_is_better,
                    "surrogate": one.surrogate, "notes": list(one.notes), "paper": one.paper, "licence": one.licence,
                }
                for name, one in self.sets.items()
            ],
            "networks": [
                {
                    "name": n.name, "goal": n.goal, "train_data": n.train_data, "arch": n.arch,
                    "parameters": n.parameters, "depth": n.depth, "identity": n.identity, "seed": n.seed,
                    "taps": list(n.taps),
                }
                for n in self.nets
            ],
            "skipped": [asdict(one) for one in self.skipped],
            "rows": [asdict(row) for row in self.rows],
        }  # fmt: skip

    def as_json(self) -> str:
        """`as_dict` as text, and what the table says of the paper's seven conclusions."""
        from visq.probe.verdicts import answers

        data = {**self.as_dict(), "conclusions": answers(self)}
        return json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + "\n"

    def distances_as_csv(self) -> str:
        """A line for each pair: its names, labels and score, and the distance of every row of its database."""
        text = io.StringIO(newline="")
        lines = csv.writer(text, lineterminator="\n")
        keys = list(self.distances)
        columns = list(dict.fromkeys(key[1:] for key in keys))
        trial = any(one.trial for one in self.sets.values())
        names = ["/".join(part for part in column if part) for column in columns]
        lines.writerow([*_PAIR_COLUMNS, *names, *["note"] * trial])
        for name, one in self.sets.items():
            for i, pair in enumerate(one.pairs):
                found = [self.distances.get((name, *column)) for column in columns]
                labels = [name, pair.id, pair.reference_id, pair.group, pair.distortion, pair.level, repr(pair.score)]
                numbers = ["" if d is None else repr(float(d[i])) for d in found]
                lines.writerow(labels + numbers + [one.trial] * trial)
        return text.getvalue()

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the table: `.csv`, `.json` or `.parquet`; whole or not at all.

        Raises
        ------
        OptionError
            Another ending.
        MissingExtraError
            Parquet without polars.
        StoreError
            It cannot be written: no such folder, a full disk.
        """
        from visq.store.tables import replacing

        name = os.fspath(path)
        check_output(name)
        ending = os.path.splitext(name)[1].lower()  # noqa: PTH122
        with replacing(name) as file:
            if ending == ".parquet":
                import polars as pl

                pl.DataFrame([asdict(row) for row in self.rows], infer_schema_length=None).write_parquet(file)
            else:
                file.write((self.as_csv() if ending == ".csv" else self.as_json()).encode())


ENDINGS = (".csv", ".json", ".parquet")


def check_output(name: str, endings: Sequence[str] = ENDINGS) -> None:
    """Raise where nothing could be written to this name, before anything is measured.

    Raises
    ------
    OptionError
        Another ending.
    MissingExtraError
        Parquet without polars.
    StoreError
        A folder, or a name in a folder that is not there or must not be written to.
    """
    from importlib.util import find_spec

    ending = os.path.splitext(name)[1].lower()  # noqa: PTH122 - a name that pathlib might alter
    if ending not in endings:
        raise OptionError(f"-o {name}: unknown kind of file", expected="a name ending in " + ", ".join(endings))
    if ending == ".parquet" and find_spec("polars") is None:
        raise MissingExtraError(f"-o {name}: Parquet tables need polars", hint='Run: pip install "visq[tables]"')
    path = Path(os.path.realpath(name))
    if path.is_dir():
        raise StoreError(f"-o {name} is a folder", hint="Name a file in it.")
    if not path.parent.is_dir():
        raise StoreError(f"-o {name} cannot be written: there is no folder {path.parent}", hint="Make it first.")
    if not os.access(path.parent, os.W_OK):
        raise StoreError(f"-o {name}: {path.parent} is not writable", hint="Choose a place you may write to.")


def made_by_a_probe(path: str) -> bool:
    """Whether a file was written by `Table.write`, is the page of a probe, or holds its distances."""
    ending = os.path.splitext(path)[1].lower()  # noqa: PTH122
    try:
        if ending == ".parquet":
            import polars as pl

            return tuple(pl.read_parquet_schema(path)) == COLUMNS
        with Path(path).open("rb") as file:
            start = file.read(2000)
    except Exception:  # whatever it is that a reader of Parquet makes of it, it is none of ours
        return False
    marks = {
        ".csv": (",".join(COLUMNS) + "\n", ",".join(_PAIR_COLUMNS)),
        ".json": (f'{{\n "format": "{FORMAT}"',),
        ".html": ("<!DOCTYPE html>",),
    }
    whole = ending != ".html" or (b'name="generator" content="visq ' in start and b"<title>Perceptual probe: " in start)
    return whole and start.startswith(tuple(mark.encode() for mark in marks.get(ending, ("\0",))))


def row_of(distances: Floats, pairs: PairSet, *, samples: int, seed: int, **known: Any) -> Row:
    """A row from distances that rise with damage; `known` are the columns that say what was measured."""
    from visq.evaluate import agreement, bootstrap

    blank: dict[str, Any] = dict.fromkeys(("srcc", "plcc", "plcc_logistic", "krcc", "ci_low", "ci_high"))
    common = {
        "dataset": known.pop("dataset", pairs.id), "n": len(pairs), "contents": len(pairs.contents),
        "surrogate": pairs.surrogate,
    }  # fmt: skip
    # A row may be read without its database: that it is a trial must be in it.
    known = _noted(known, pairs.trial)
    if (distances == distances[0]).all():
        return Row(**common, **blank, **_noted(known, "constant"))
    found = agreement(distances, pairs.impairment, samples=0)
    low = high = None
    if samples >= FEWEST_DRAWS and len(pairs.contents) > 1:
        interval = bootstrap("srcc", distances, pairs.impairment, groups=pairs.groups, samples=samples, seed=seed)
        low, high = _number(interval.low), _number(interval.high)
    return Row(
        **common, srcc=_number(found.srcc), plcc=_number(found.plcc), plcc_logistic=_number(found.plcc_fitted),
        krcc=_number(found.krcc), ci_low=low, ci_high=high, **known,
    )  # fmt: skip


def _noted(known: dict[str, Any], more: str) -> dict[str, Any]:
    return {**known, "note": "; ".join(part for part in (known.get("note", ""), more) if part)}


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.6g}" if isinstance(value, float) else value


def best(rows: Iterable[Row]) -> Row | None:
    """The row of the highest SRCC, the first of equals; the input is no layer of a network and not among them."""
    defined = [row for row in rows if row.srcc is not None and row.layer != "input"]
    return max(defined, key=lambda row: row.srcc or 0.0) if defined else None


__all__ = [
    "BASELINE", "COLUMNS", "FEWEST_DRAWS", "SEVERAL_SIZES", "Row", "Skipped", "Table", "best", "check_output",
    "made_by_a_probe", "row_of",
]  # fmt: skip
