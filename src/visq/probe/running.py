"""`run`: networks x layers x read-outs x databases to one table."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from visq.errors import InputError, OptionError
from visq.probe.cache import Cache
from visq.probe.fitting import cross_validated, gained, plain_of
from visq.probe.measuring import FORWARD, Work, altered, baseline, judge_of, measure, too_small
from visq.probe.networks import Net, Network, open_net, parse_net
from visq.probe.pairsets import PairSet, pairs
from visq.probe.reading import ReadOut, l2, readouts, sizes_differ
from visq.probe.reductions import HEAD
from visq.probe.table import BASELINE, SEVERAL_SIZES, Key, Row, Skipped, Table, row_of

if TYPE_CHECKING:
    from visq.api import Metric
    from visq.datasets import Dataset

Floats = NDArray[np.float64]
# What to say where images of several sizes are compared by a sum over their elements.
_SEVERAL = f"{SEVERAL_SIZES}: rms compares them"


def run(
    nets: str | Net | Network | Sequence[str | Net | Network],
    *,
    layers: str | Iterable[str] = "all",
    readouts: str | Iterable[str] = ("l2",),
    dataset: PairSet | Dataset | str | os.PathLike[str] | Sequence[PairSet | Dataset | str | os.PathLike[str]],
    baselines: Iterable[str] = (),
    exclude_contents: Iterable[Any] = (),
    random_twin: bool = False,
    allow_random: bool = False,
    samples: int = 2000,
    seed: int = 0,
    cache: str | os.PathLike[str] = "",
    on_total: Callable[[int], None] = lambda total: None,  # noqa: ARG005
    on_pair: Callable[[], None] = lambda: None,
    on_tick: Callable[[], None] = lambda: None,
) -> Table:
    """How well distances inside networks agree with people: one row a network, layer, read-out and database.

    Parameters
    ----------
    nets : str, Net, Network, or several
        `vgg16`, `vgg16-random`, `vgg16@FILE`, or what `Net` describes.
    layers : str or iterable of str
        `all`: the input, every layer after its ReLU, pools and blocks. `every`: convolutions before it too. Or names,
        each a tap of at least one network; each network takes those it has.
    readouts : str or iterable of str
        As `visq.probe.reading` lists them; `all` for all.
    dataset : PairSet, Dataset, path, or several
        Rated pairs: `visq.probe.pairs(...)`, `visq.dataset(...)`, a folder with `visq.csv`, a `.csv` file.
    baselines : iterable of str
        Full-reference metrics of the catalogue that go into the same table.
    exclude_contents : iterable
        Contents to leave out of every database.
    random_twin : bool
        Each network once more with random weights, named `-random`.
    allow_random : bool
        Random weights, named so, where public ones are not there.
    samples, seed : int
        Draws of the bootstrap over contents behind every interval; seed of them, of random weights and of rotations.
    cache : path
        File in which measurements are kept: the same call goes on where it was stopped.
    on_total, on_pair, on_tick : callable
        Hear of progress: how many pairs x networks there are, each that is done, and often.

    Returns
    -------
    Table

    Raises
    ------
    OptionError
        Unknown networks, taps, read-outs or metrics.
    WeightsError
        Weights that are not there, responses that are NaN.
    InputError
        Fewer than 10 pairs, constant scores, images that do not fit together.

    Notes
    -----
    P. Hernandez-Camara et al., arXiv 2302.13345 (2023). Distances are accumulated in float64, and no response is kept.
    """
    reading, metrics = _readouts(readouts), {name: judge_of(name) for name in baselines}
    sets = _sets(dataset, exclude_contents)
    opened = _open(nets, random_twin, allow_random, seed)
    chosen = _layers(opened, layers if isinstance(layers, str) else list(layers), reading)
    on_total(sum(len(one) for one in sets.values()) * (len(opened) + len(metrics)))
    made = _Made(samples, seed, Work(on_pair, on_tick))
    with Cache(os.fspath(cache)) as store:
        for name, one in sets.items():
            for metric, judge in metrics.items():
                made.baseline(metric, judge, name, one, store)
            for net in opened:
                made.network(net, chosen[net.name], reading, name, one, store)
            sets[name] = replace(one, notes=(*one.notes, *altered(one, store)))
    return Table(
        tuple(made.rows), sets, tuple(opened), tuple(made.skipped), made.distances, samples, seed,
        made_by("visq.probe.run"),
    )  # fmt: skip


@dataclass
class _Made:
    """A table in the making."""

    samples: int
    seed: int
    work: Work
    rows: list[Row] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    distances: dict[Key, Floats] = field(default_factory=dict)

    def baseline(self, metric: str, judge: Metric, dataset: str, pairs: PairSet, store: Cache) -> None:
        row, found = _baseline(metric, judge, dataset, pairs, store, self.work, self.samples, self.seed)
        self.rows.append(row)
        self.distances[row.key] = found

    def network(
        self, net: Network, taps: Sequence[str], reading: Sequence[ReadOut], dataset: str, pairs: PairSet, store: Cache
    ) -> None:
        wanted = {*taps, *(tap for readout in reading for tap in readout.taps)}
        needed = dict.fromkeys(readout.needs for readout in reading)
        measure(net, pairs, [tap for tap in net.taps if tap in wanted], needed, store, self.work)
        part = _Part(net, dataset, pairs, taps, store, self.samples, self.seed, self.work.on_tick)
        self.rows += part.rows(reading)
        self.skipped += part.skipped
        self.distances |= part.distances


def made_by(command: str) -> dict[str, Any]:
    """How a table was made: command, day, versions, machine."""
    from visq.bench import provenance

    made = provenance.made(command)
    return {**made, "packages": made["packages"] | provenance.versions(("torch",))}


@dataclass
class _Part:
    """One network on one database."""

    net: Network
    dataset: str
    pairs: PairSet
    taps: Sequence[str]
    store: Cache
    samples: int
    seed: int
    on_tick: Callable[[], None]

    def __post_init__(self) -> None:
        self.skipped: list[Skipped] = []
        self.distances: dict[Key, Floats] = {}
        _, self.forward, _ = self.store.vectors(self.net.identity, "", FORWARD, self.pairs.keys)

    def rows(self, reading: Sequence[ReadOut]) -> list[Row]:
        """Rows of all read-outs."""
        made: list[Row] = []
        for readout in reading:
            work = {"tap": self._tap, "concat": self._concat, "relevance": self._relevance}[readout.kind]
            made += work(readout)
        return made

    def _vectors(self, tap: str, readout: ReadOut) -> tuple[Floats, float] | None:
        found, seconds, _ = self.store.vectors(self.net.identity, tap, readout.needs, self.pairs.keys)
        if found is None:
            self._skip(tap, readout, too_small(self.net))
            return None
        return found, seconds + self.forward

    def _skip(self, layer: str, readout: ReadOut, reason: str) -> None:
        self.skipped.append(Skipped(self.dataset, self.net.name, layer, readout.name, reason))

    def _tap(self, readout: ReadOut) -> list[Row]:
        rows = []
        total: Floats = np.zeros(len(self.pairs))
        for tap in self.taps:
            found = self._vectors(tap, readout)
            if found is None or readout.of is None:
                continue
            distances = readout.of(found[0])
            raw = readout.name == "l2" or readout.name.startswith("minkowski")
            note = _SEVERAL if raw and sizes_differ(found[0]) else ""
            rows.append(self._row(tap, readout, distances, found[1], note=note))
            if tap != "input":
                total = total + distances
        if readout.name == "lpips_style" and len(rows) > 1:
            name = "+".join((rows[0].layer if rows[0].layer != "input" else rows[1].layer, "...", rows[-1].layer))
            rows.append(self._row(name, readout, total, self.forward, note="summed over layers"))
        return rows

    def _concat(self, readout: ReadOut) -> list[Row]:
        """sqrt(sum of l2^2): over the taps so far, or over those that are named."""
        rows = []
        square, seconds = np.zeros(len(self.pairs)), self.forward
        taps = readout.taps or tuple(tap for tap in self.taps if tap != "input")
        if not set(taps) <= set(self.net.taps):
            return []  # named after another network's layers
        for tap in taps:
            found = self._vectors(tap, readout)
            if found is None:
                if readout.taps:
                    return []
                continue
            square = square + l2(found[0]) ** 2
            seconds += found[1] - self.forward
            if not readout.taps or tap == taps[-1]:
                notes = ["" if readout.taps else f"all chosen layers up to {tap}"]
                notes.append(_SEVERAL if sizes_differ(found[0]) else "")
                rows.append(self._row(tap, readout, np.sqrt(square), seconds, note="; ".join(filter(None, notes))))
        return rows

    def _relevance(self, readout: ReadOut) -> list[Row]:
        rows = []
        for tap in self.taps:
            found = self._vectors(tap, readout)
            if found is None:
                continue
            D, pairs = found[0][:, HEAD:], self.pairs
            try:
                distances, chosen = cross_validated(D, pairs.impairment, pairs.groups, readout.name, self.seed)
            except InputError as error:
                self._skip(tap, readout, error.message)
                continue
            name, plain = plain_of(found[0])
            gain, (low, high) = gained(distances, plain, pairs, samples=self.samples, seed=self.seed)
            interval = "no interval" if math.isnan(low) else f"{low:+.3f} to {high:+.3f}"
            note = f"gain over {name} {gain:+.3f} ({interval}); {', '.join(chosen)}"
            rows.append(self._row(tap, readout, distances, found[1], note=note))
        return rows

    def _row(self, tap: str, readout: ReadOut, distances: Floats, seconds: float, note: str = "") -> Row:
        net = self.net
        row = row_of(
            distances, self.pairs, samples=self.samples, seed=self.seed, dataset=self.dataset, net=net.name,
            goal=net.goal, train_data=net.train_data, arch=net.arch, layer=tap,
            depth_fraction=net.place(tap) if tap in net.taps else None, readout=readout.name, seconds=seconds,
            parameters=net.parameters, depth=net.depth, random=net.random, transductive=readout.transductive,
            identity=net.identity, note=note,
        )  # fmt: skip
        self.distances[row.key] = distances
        self.on_tick()
        return row


def _baseline(
    metric: str, judge: Metric, dataset: str, one: PairSet, store: Cache, work: Work, samples: int, seed: int
) -> tuple[Row, Floats]:
    identity, lower = baseline(judge, one, store, work)
    vectors, seconds, _ = store.vectors(identity, "", "score", one.keys)
    if vectors is None:
        raise InputError(f"{metric}: pairs of {dataset} have no score")
    distances = vectors[:, 0] if lower else -vectors[:, 0]
    row = row_of(
        distances, one, samples=samples, seed=seed, dataset=dataset, net=metric, goal=BASELINE, train_data="", arch="",
        layer="", depth_fraction=None, readout="metric", seconds=seconds, identity=identity,
    )  # fmt: skip
    return row, distances


def _readouts(given: str | Iterable[str]) -> tuple[ReadOut, ...]:
    return readouts(given)


def _sets(given: Any, exclude: Iterable[Any]) -> dict[str, PairSet]:
    """The databases, checked, under names that differ."""
    several = given if isinstance(given, list | tuple) else [given]
    exclude = list(exclude)
    found: dict[str, PairSet] = {}
    for one in several:
        if isinstance(one, PairSet):
            taken = one.without(exclude)
        else:
            taken = pairs(one if not isinstance(one, os.PathLike) else os.fspath(one), exclude_contents=exclude)
        taken.check()
        name, number = taken.id, 1
        while name in found:
            number += 1
            name = f"{taken.id}-{number}"
        found[name] = replace(taken, id=name)
    if not found:
        raise OptionError("no database was named", expected="rated pairs")
    return found


def _open(given: Any, random_twin: bool, allow_random: bool, seed: int) -> list[Network]:
    """Every network that is meant, each name once."""
    several = given if isinstance(given, list | tuple) else [given]
    wanted: list[Net | Network] = []
    for one in several:
        parts = [p for p in one.split(",") if p.strip()] if isinstance(one, str) else [one]
        for part in parts:
            net = parse_net(part) if isinstance(part, str) else part
            # Of all: public weights may not be there, and then random ones must be those of the twin.
            if isinstance(net, Net) and not net.seed:
                net = replace(net, seed=seed)
            wanted.append(net)
            if random_twin and isinstance(net, Net) and net.weights != "random":
                wanted.append(net.twin())
    opened: dict[str, Network] = {}
    for net in wanted:
        one = open_net(net, allow_random=allow_random)
        same = opened.setdefault(one.name, one)
        if same.identity != one.identity:
            raise OptionError(f"two networks are called {one.name}", hint="Give them names: Net(..., name=...).")
    if not opened:
        raise OptionError("no network was named", expected="one of visq.backbones.ids()")
    return list(opened.values())


def _layers(nets: Sequence[Network], layers: str | list[str], reading: Sequence[ReadOut]) -> dict[str, tuple[str, ...]]:
    """The taps of each network; a name is a mistake only where no network has it."""
    names = [n.strip() for n in (layers.split(",") if isinstance(layers, str) else layers) if n.strip()]
    for readout in reading:
        if readout.taps and not any(set(readout.taps) <= set(net.taps) for net in nets):
            nets[0].choose(readout.taps)
    if names in (["all"], ["every"]):
        return {net.name: net.choose(names) for net in nets}
    union = list(dict.fromkeys(tap for net in nets for tap in net.taps))
    unknown = [name for name in names if name not in union]
    if unknown or not names:
        nets[0].choose(unknown or names)
    return {net.name: tuple(tap for tap in net.taps if tap in names) for net in nets}


__all__ = ["run"]
