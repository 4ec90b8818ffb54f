"""What a bench will do: which pictures of which databases, and which metrics on each of them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from visq import catalog
from visq.catalog.naming import parse, value_text
from visq.errors import DatasetError, OptionError
from visq.run.tasks import Request, Task, request
from visq.weights.stand_in import computable

if TYPE_CHECKING:
    from visq.api import Metric
    from visq.datasets import Dataset

#: Kinds of metrics that a database of each kind can judge.
ABLE = {"fr": ("fr", "rr", "nr"), "nr": ("nr",)}
#: What `all` stands for on it, and what is measured where nothing is named.
ALL = {"fr": ("fr", "rr"), "nr": ("nr",)}
DEFAULT = {
    "fr": catalog.DEFAULT_FULL_REFERENCE,
    "nr": (*catalog.DEFAULT_NO_REFERENCE, *catalog.CLASSICAL_NO_REFERENCE),
}
#: Names that stand for all metrics of a kind.
GROUPS = ("fr", "rr", "nr")


@dataclass(frozen=True, slots=True)
class Source:
    """A database as it was named: `id`, the folder it lies in, and which of its sets of scores is meant.

    `more` tells two folders of one database apart.
    """

    id: str
    root: str
    labels: str = ""
    more: str = ""

    @property
    def name(self) -> str:
        """What its files are called."""
        return "-".join(re.sub(r"[^A-Za-z0-9_.-]", "_", part) for part in (self.id, self.labels, self.more) if part)


@dataclass(frozen=True)
class Plan:
    """One database with the pictures and metrics that are wanted of it.

    Attributes
    ----------
    source : Source
    dataset : Dataset
        Only the pictures that are judged.
    requests : tuple of Request
    split : str
        The part as it was asked for; empty for all of it.
    limit : int
        First contents that a trial was cut down to; 0 for all of them.
    whole : int
        Pictures of the database, or of the part of it, before it was cut down.
    """

    source: Source
    dataset: Dataset
    requests: tuple[Request, ...]
    split: str = ""
    limit: int = 0
    whole: int = 0

    @property
    def name(self) -> str:
        return self.source.name

    def tasks(self) -> Iterator[Task]:
        """What to score: each picture with its reference, and once more by itself for metrics that take none.

        Pictures of one reference follow one another, so that it is decoded once.
        """
        pairs = [self.dataset.paths(i) for i in range(len(self.dataset.samples))]
        order = sorted(range(len(pairs)), key=lambda i: self.dataset.samples[i].reference)
        for takes_reference, offset in ((True, 0), (False, len(pairs))):
            only = tuple(i for i, one in enumerate(self.requests) if one.spec.takes_reference == takes_reference)
            for i in order if only else ():
                image, reference = pairs[i]
                with_it = os.fspath(reference) if takes_reference and reference else ""
                yield Task(offset + i, os.fspath(image), with_it, only)

    def place(self, task: Task) -> int:
        """Which sample a task is about."""
        return task.item % len(self.dataset.samples)

    def names(self, task: Task) -> tuple[str, str]:
        """Image and reference of a task as tables hold them: relative to the database, wherever that lies."""
        sample = self.dataset.samples[self.place(task)]
        return sample.image, sample.reference if task.reference else ""


def source(text: str) -> Source:
    """A database as the command line names it: `ID`, `ID=ROOT` or `ID:LABELS=ROOT`.

    Without a root it is looked for in the folder ID.

    Examples
    --------
    >>> source("csiq=/data/CSIQ").root, source("csiq").root
    ('/data/CSIQ', 'csiq')
    >>> source("cidiq:mos100=/data/CIDIQ").labels
    'mos100'
    """
    name, equals, root = text.partition("=")
    name, colon, labels = name.partition(":")
    if not name.strip() or (equals and not root) or (colon and not labels.strip()):
        raise OptionError(f"{text!r} names no database", expected="DATASET=ROOT or DATASET:LABELS=ROOT")
    return Source(name.strip(), root or name.strip(), labels.strip())


def make(
    sources: Sequence[Source], metrics: Sequence[str] = (), *, split: str = "", limit: int = 0
) -> tuple[Plan, ...]:
    """Read the databases and choose their pictures and metrics.

    Parameters
    ----------
    sources : sequence of Source
    metrics : sequence of str
        Metrics as `-m` takes them, or `all`, `fr`, `rr`, `nr`. Empty: the usual four with references, three without.
        Each is measured on the databases that can judge it.
    split : str
        `official:PART`, or `K` or `K:PART` for one of the ten fixed splits; PART is `test` unless given.
    limit : int
        Only the first contents of each, for a trial.

    Raises
    ------
    OptionError
        A metric that none of the databases can judge, a part that there is not, a database named twice.
    DatasetError
        A database that cannot be read, or of a kind that is not judged here.
    """
    if not sources:
        raise OptionError("no database was named", expected="DATASET=ROOT")
    sources = _told_apart(sources)
    found = [_read(one) for one in sources]
    chosen = choose(metrics, {kind_of(dataset) for dataset in found})
    plans = []
    for one, dataset in zip(sources, found, strict=True):
        part = _part(dataset, split)
        kept = _first_contents(part, limit)
        plans.append(Plan(one, kept, chosen[kind_of(dataset)], split, limit, len(part.samples)))
    return tuple(plans)


def part_of(one: Source, split: str = "") -> Dataset:
    """The rated pictures of a database, or of a part of it, as `--split` names it.

    Raises
    ------
    OptionError, DatasetError
        As `make`.
    """
    return _part(_read(one), split)


def kind_of(dataset: Dataset) -> str:
    """`fr` where there are references, else `nr`: a folder of one's own may be either."""
    return "fr" if any(sample.reference for sample in dataset.samples) else "nr"


def choose(texts: Sequence[str], kinds: Iterable[str]) -> dict[str, tuple[Request, ...]]:
    """The metrics that databases of each kind are to judge.

    Examples
    --------
    >>> {kind: [one.id for one in chosen] for kind, chosen in choose(["psnr,niqe"], ["fr", "nr"]).items()}
    {'fr': ['psnr', 'niqe'], 'nr': ['niqe']}
    """
    kinds = sorted(set(kinds))
    if not texts:
        return {kind: tuple(request(name) for name in DEFAULT[kind]) for kind in kinds}
    named = [item for text in texts for item in parse(text)]
    chosen: dict[str, dict[str, Request]] = {kind: {} for kind in kinds}
    for name, options in named:
        group = name.strip().lower()
        if group == "all" or group in GROUPS:
            if options:
                raise OptionError(f"{group} takes no options", hint="Name the metric that is meant.")
            for kind in kinds:
                some = [request(name) for name in computable(*meant(group, kind))[0]]
                chosen[kind] |= {one.identity: one for one in some}
            continue
        one = request(name, options)
        able = [kind for kind in kinds if one.spec.kind in ABLE[kind]]
        if not able:
            raise OptionError(_unable(one.spec.kind, one.id))
        for kind in able:
            chosen[kind].setdefault(one.identity, one)
    for kind, requests in chosen.items():
        if not requests:
            without = "without references" if kind == "nr" else "with references"
            raise OptionError(f"none of these metrics can be judged by a database {without}")
    return {kind: tuple(requests.values()) for kind, requests in chosen.items()}


def meant(group: str, kind: str) -> tuple[str, ...]:
    """Kinds of metrics that `all` or the name of a group stands for on a database of a kind.

    Examples
    --------
    >>> meant("all", "fr"), meant("all", "nr"), meant("nr", "fr"), meant("fr", "nr")
    (('fr', 'rr'), ('nr',), ('nr',), ())
    """
    return tuple(one for one in (ALL[kind] if group == "all" else (group,)) if one in ABLE[kind])


def label(one: Request | Metric) -> str:
    """A metric in tables: its name, with the options that differ from the defaults.

    Examples
    --------
    >>> label(request("ssim")), label(request("ssim", {"downsample": True}))
    ('ssim', 'ssim:downsample=true')
    """
    defaults = {option.name: option for option in one.spec.options}
    given = []
    for key, value in sorted(one.options.items()):
        option = defaults.get(key)
        if option is None or option.default != value:
            shown = Path(value).name if option is not None and option.type == "path" else value_text(value)
            given.append(f"{key}={shown}")
    return f"{one.id}:{','.join(given)}" if given else one.id


def _told_apart(sources: Sequence[Source]) -> list[Source]:
    names = [one.name for one in sources]
    told = [replace(one, more=Path(one.root).resolve().name) if names.count(one.name) > 1 else one for one in sources]
    twice = [one for i, one in enumerate(told) if one.name in [other.name for other in told[:i]]]
    if twice:
        raise OptionError(f"a database is named twice: {twice[0].name}")
    return told


def _unable(kind: str, name: str) -> str:
    if kind in ("fr", "rr"):
        return f"{name} needs a reference, and these databases have none"
    return f"{name} is a metric of another kind ({kind}) than these databases can judge"


def _read(one: Source) -> Dataset:
    from visq.datasets import dataset as read
    from visq.datasets import get

    spec = get(one.id)
    if spec.kind not in ABLE:
        raise DatasetError(
            f"{spec.title} is a database of another kind ({spec.kind}), by which nothing is judged here",
            expected="a database of single rated images",
        )
    dataset = read(spec.id, one.root, labels=one.labels)
    if not len(dataset.samples):
        raise DatasetError(f"{one.root}: no rated image of {dataset.spec.title} was found in it")
    return dataset


def _part(dataset: Dataset, split: str) -> Dataset:
    if not split:
        return dataset
    which, _, part = split.partition(":")
    part = part or "test"
    if which == "official":
        parts = dataset.official()
    elif which.isdecimal():
        parts = dataset.split(int(which))
    else:
        raise OptionError(f"--split {split} is not readable", expected="official:PART, or K or K:PART")
    if part not in parts or not len(parts[part]):
        raise OptionError(
            f"{dataset.spec.title} has no part {part!r} in this split", expected=" or ".join(parts), got=part
        )
    return dataset.subset(parts[part])


def _first_contents(dataset: Dataset, limit: int) -> Dataset:
    if not limit:
        return dataset
    groups = [sample.group for sample in dataset.samples]
    first = set(list(dict.fromkeys(groups))[:limit])
    return dataset.subset([i for i, group in enumerate(groups) if group in first])
