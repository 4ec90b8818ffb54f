"""Reading the table: a curve over layers, and networks side by side with paired intervals over contents."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from visq.errors import OptionError
from visq.probe.table import BASELINE, FEWEST_DRAWS, Row, Table, best

FACTORS = ("goal", "train_data", "arch", "net", "readout")
#: `depth_fraction` of the layer that is named beside the best one, as it is chosen without looking at scores.
FIXED = 2 / 3


@dataclass(frozen=True, slots=True)
class Curve:
    """Agreement against depth: one network and read-out on one database.

    `x` are names of layers, or fractions of the depth; the other sequences belong to them, None where undefined.
    """

    dataset: str
    net: str
    random: bool
    readout: str
    layers: tuple[str, ...]
    x: tuple[str | float, ...]
    srcc: tuple[float | None, ...]
    plcc: tuple[float | None, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """SRCC of one row minus that of another on the same pairs, with its paired 95 % interval over contents."""

    value: float
    low: float
    high: float

    @property
    def above(self) -> bool:
        """Whether it is certain to be above 0, as far as the interval tells."""
        return self.low > 0

    @property
    def below(self) -> bool:
        """Whether it is certain to be below 0."""
        return self.high < 0

    def __str__(self) -> str:
        if math.isnan(self.low):
            return f"{self.value:+.3f} (no interval)"
        return f"{self.value:+.3f} ({self.low:+.3f} to {self.high:+.3f})"


@dataclass(frozen=True, slots=True)
class Standing:
    """One network (and read-out) on one database.

    Attributes
    ----------
    value : str
        Of the factor that was asked for.
    best : Row
        Its layer of the highest SRCC: optimistic, as it was chosen on the same pairs.
    fixed : Row
        The layer nearest to two thirds of the depth, chosen without a look at scores.
    elsewhere : Row or None
        The layer that is best on the other databases of the table; None with one database.
    against : dict of str to Difference
        The best layer minus each baseline.
    over_random : Difference or None
        The best layer minus the best layer of the twin with random weights.
    """

    dataset: str
    factor: str
    value: str
    best: Row
    fixed: Row
    elsewhere: Row | None = None
    against: dict[str, Difference] = field(default_factory=dict)
    over_random: Difference | None = None


def curve(
    table: Table, by: str = "layer", *, readout: str = "l2", net: str | None = None, dataset: str | None = None
) -> tuple[Curve, ...]:
    """Agreement against depth.

    Parameters
    ----------
    table : Table
    by : str
        `layer`: names; `depth`: fractions of the depth, which networks of different kinds share.
    readout, net, dataset : str
        Which rows; all networks and databases where not given.

    Raises
    ------
    OptionError
        Nothing in the table is meant.
    """
    if by not in ("layer", "depth"):
        raise OptionError("a curve runs by layer or depth", expected="layer or depth", got=repr(by))
    found: dict[tuple[str, str], list[Row]] = {}
    for row in table.where(readout=readout):
        wanted = net in (None, row.net) and dataset in (None, row.dataset)
        if row.goal != BASELINE and row.depth_fraction is not None and wanted:
            found.setdefault((row.dataset, row.net), []).append(row)
    if not found:
        raise OptionError("the table has no such rows", got=f"read-out {readout}, network {net}, database {dataset}")
    return tuple(
        Curve(
            name, network, rows[0].random, readout, tuple(r.layer for r in rows),
            tuple(r.layer if by == "layer" else float(r.depth_fraction or 0.0) for r in rows),
            tuple(r.srcc for r in rows), tuple(r.plcc for r in rows), tuple(r.ci_low for r in rows),
            tuple(r.ci_high for r in rows),
        )
        for (name, network), rows in found.items()
    )  # fmt: skip


def compare(
    table: Table,
    factor: str = "goal",
    baselines: Iterable[str] = ("ssim", "lpips"),
    *,
    readout: str = "l2",
) -> tuple[Standing, ...]:
    """Networks side by side, ordered by a factor, each against baselines and its random twin.

    Parameters
    ----------
    table : Table
    factor : str
        `goal`, `train_data`, `arch`, `net`, or `readout` (then every read-out is a line of its own).
    baselines : iterable of str
        Those of them that the table has are compared with.
    readout : str
        Which read-out, unless that is the factor.

    Raises
    ------
    OptionError
        An unknown factor.
    """
    if factor not in FACTORS:
        raise OptionError("unknown factor", expected=" or ".join(FACTORS), got=repr(factor))
    lines = []
    for row in _groups(table, None if factor == "readout" else readout):
        standing = _standing(table, row, factor, tuple(baselines))
        if standing is not None:
            lines.append(standing)
    order = list(dict.fromkeys(line.value for line in lines))
    sets = list(table.sets)
    return tuple(sorted(lines, key=lambda line: (sets.index(line.dataset), order.index(line.value))))


def difference(table: Table, a: Row, b: Row) -> Difference:
    """SRCC of row `a` minus that of row `b`, which are of one database; NaN limits with fewer than 10 draws."""
    from visq.evaluate import compare_metrics

    value = (a.srcc or 0.0) - (b.srcc or 0.0)
    pairs = table.sets[a.dataset]
    if a.srcc is None or b.srcc is None or len(pairs.contents) < 2 or table.samples < FEWEST_DRAWS:
        return Difference(value if a.srcc is not None and b.srcc is not None else math.nan, math.nan, math.nan)
    found = compare_metrics(
        table.distances[a.key], table.distances[b.key], pairs.impairment, groups=pairs.groups,
        samples=table.samples, seed=table.seed,
    )  # fmt: skip
    return Difference(found.difference, *found.interval)


def twin_of(table: Table, row: Row) -> Row | None:
    """The best layer of the same network with random weights, by the same read-out on the same database."""
    return best(table.where(dataset=row.dataset, net=f"{row.net}-random", readout=row.readout))


def fixed(rows: Iterable[Row]) -> Row | None:
    """The row nearest to two thirds of the depth."""
    known = [row for row in rows if row.srcc is not None and row.depth_fraction is not None and row.layer != "input"]
    return min(known, key=lambda row: abs((row.depth_fraction or 0.0) - FIXED)) if known else None


def _groups(table: Table, readout: str | None) -> list[tuple[str, str, str]]:
    """(database, network, read-out), as they come."""
    rows = [row for row in table.rows if row.goal != BASELINE and readout in (None, row.readout)]
    return list(dict.fromkeys((row.dataset, row.net, row.readout) for row in rows))


def _standing(table: Table, which: tuple[str, str, str], factor: str, baselines: tuple[str, ...]) -> Standing | None:
    dataset, net, readout = which
    rows = table.where(dataset=dataset, net=net, readout=readout)
    top, middle = best(rows), fixed(rows)
    if top is None:
        return None
    against = {}
    for name in baselines:
        line = table.baseline(dataset, name)
        if line is not None:
            against[name] = difference(table, top, line)
    twin = twin_of(table, top)
    return Standing(
        dataset, factor, str(getattr(top, factor)), top, middle or top, _elsewhere(table, which), against,
        difference(table, top, twin) if twin is not None else None,
    )  # fmt: skip


def _elsewhere(table: Table, which: tuple[str, str, str]) -> Row | None:
    """The row here of the layer whose mean SRCC over the other databases is highest."""
    dataset, net, readout = which
    others: dict[str, list[float]] = {}
    for row in table.where(net=net, readout=readout):
        if row.dataset != dataset and row.srcc is not None and not row.surrogate and row.layer != "input":
            others.setdefault(row.layer, []).append(row.srcc)
    here = {row.layer: row for row in table.where(dataset=dataset, net=net, readout=readout) if row.defined}
    known = {layer: sum(values) / len(values) for layer, values in others.items() if layer in here}
    return here[max(known, key=lambda layer: known[layer])] if known else None


__all__ = ["FACTORS", "Curve", "Difference", "Standing", "compare", "curve", "difference", "fixed", "twin_of"]
