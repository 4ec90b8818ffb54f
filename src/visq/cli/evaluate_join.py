"""Which score belongs to which label: by the name of the image, and never by order."""

from __future__ import annotations

import math
import ntpath
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from visq.cli.evaluate_tables import Scores, Table, number_of
from visq.errors import OptionError, PairingError

NAMED = 5
Match = Literal["exact", "nocase", "stem"]


@dataclass(frozen=True)
class Labels:
    """What people said of each image, with what belongs to it.

    Attributes
    ----------
    names : list of str
        Of the images, as the file gives them.
    scores : list of float
        Theirs.
    column : str
        Where they come from.
    groups, std : list or None
        Content and standard deviation of each.
    by : dict of str to list
        Labels to break the result down by.
    unrated : list of str
        Images whose label is empty: they are left out.
    """

    names: list[str]
    scores: list[float]
    column: str
    groups: list[str] | None = None
    std: list[float] | None = None
    by: dict[str, list[str]] = field(default_factory=dict)
    unrated: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Joined:
    """One metric's scores beside the labels, and what has no partner.

    Attributes
    ----------
    scores : Scores
        Of the metric.
    values : list of float
        One for each label; NaN where there is none.
    missing : list of str
        Labelled and not scored, errors included.
    failed : list of (str, str)
        Labelled, and the table says why there is no score.
    extra : list of str
        Scored and not labelled.
    """

    scores: Scores
    values: list[float]
    missing: list[str]
    failed: list[tuple[str, str]]
    extra: list[str]

    @property
    def matched(self) -> int:
        """Labels that have a score."""
        return len(self.values) - len(self.missing)


def labels_of(table: Table, key: str, label: str, *, groups: str = "", std: str = "", by: Sequence[str] = ()) -> Labels:
    """The labels of a table.

    Raises
    ------
    OptionError
        A column that the table has not, several that could be the label and none named, or an image without content or
        standard deviation.
    """
    numeric = table.numeric([key, groups, std, *by])
    if not label:
        if "score" in numeric:  # as in the manifest of a folder, visq.csv
            numeric = ["score"]
        if len(numeric) != 1:
            raise OptionError(
                f"{table.path}: which column holds the labels?",
                got=", ".join(numeric) or "no column of numbers",
                hint=f"Name it: --label-column {numeric[0] if numeric else 'COLUMN'}.",
            )
        label = numeric[0]
    cells = [number_of(cell) for cell in table.column(label)]
    kept = [i for i, value in enumerate(cells) if math.isfinite(value)]
    if len(kept) < len(cells) and label not in table.numeric([]):
        raise OptionError(f"{table.path}: {label} is not a column of numbers")

    def texts(column: str) -> list[str]:
        values = table.column(column)
        return ["" if values[i] is None else str(values[i]) for i in kept]

    if groups and "" in texts(groups):
        raise OptionError(f"{table.path}: {groups} is empty for {listed([texts(key)[texts(groups).index('')]])}")
    names = ["" if cell is None else str(cell) for cell in table.column(key)]
    spread = [number_of(cell) for cell in table.column(std)] if std else []
    without = [names[i] for i in kept if std and not 0 <= spread[i] < math.inf]
    if without:
        raise OptionError(f"{table.path}: {std} is no standard deviation for {listed(without)}")
    return Labels(
        names=texts(key), scores=[cells[i] for i in kept], column=label, groups=texts(groups) if groups else None,
        std=[spread[i] for i in kept] if std else None, by={column: texts(column) for column in by},
        unrated=[name for name, value in zip(names, cells, strict=True) if not math.isfinite(value)],
    )  # fmt: skip


class Joiner:
    """Joins scores with labels by as many trailing parts of their paths as tell the images apart.

    Mostly that is the file name; where two labelled or two scored images in different folders share theirs, it is the
    folder too, and so on.

    Raises
    ------
    PairingError
        An image that is labelled twice.
    """

    def __init__(self, labels: Labels, match: Match = "exact") -> None:
        self.labels, self.match = labels, match
        twice = _twice([_parts(name, match) for name in labels.names], labels.names)
        if twice:
            raise PairingError(f"labelled more than once: {listed(twice)}", hint="Leave one of each in the labels.")

    def join(self, scores: Scores) -> Joined:
        """One metric's scores beside the labels.

        Raises
        ------
        PairingError
            An image that is scored twice, or no scored image is labelled.
        """
        theirs = [_parts(name, self.match) for name in self.labels.names]
        given = [(name, _parts(name, self.match)) for name, _ in [*scores.values, *scores.failed]]
        twice = _twice([parts for _, parts in given], [name for name, _ in given])
        if twice:
            raise PairingError(
                f"{scores.label} scored more than once: {listed(twice)}", hint="Leave one of each in the scores."
            )
        depth = max(_depth(theirs), _depth([parts for _, parts in given]))
        values = {parts[-depth:]: value for (_, parts), (_, value) in zip(given, scores.values, strict=False)}
        reasons = dict(scores.failed)
        failed = {parts[-depth:]: reasons[name] for name, parts in given[len(scores.values) :]}
        wanted = {parts[-depth:] for parts in theirs}
        found = [values.get(parts[-depth:], math.nan) for parts in theirs]
        joined = Joined(
            scores,
            found,
            [name for name, value in zip(self.labels.names, found, strict=True) if math.isnan(value)],
            [(n, failed[p[-depth:]]) for n, p in zip(self.labels.names, theirs, strict=True) if p[-depth:] in failed],
            [name for name, parts in given if parts[-depth:] not in wanted],
        )
        if not joined.matched and not joined.failed:
            raise PairingError(
                f"no image that {scores.label} scored is labelled",
                expected=f"names such as {listed(self.labels.names[:2])}",
                got=listed([name for name, _ in given][:2]) or "no scores",
                hint=self._advice([parts for _, parts in given], theirs, depth),
            )
        return joined

    def _advice(self, given: Sequence[tuple[str, ...]], theirs: Sequence[tuple[str, ...]], depth: int) -> str:
        if depth > min(len(parts) for parts in [*given, *theirs]):
            return f"Some share a file name: both need {depth} parts of the path to tell all images apart."
        for match in ("nocase", "stem"):
            if {_changed(p[-1], match) for p in given} & {_changed(p[-1], match) for p in theirs}:
                return f"They would meet with --match {match}."
        return "--key names the column that holds the name of the image."


def listed(names: Sequence[Any]) -> str:
    """The first five, on one line, and how many more there are."""
    from visq.cli.text import name as printed

    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(printed(str(name)) for name in names[:NAMED]) + more


def _parts(name: str, match: Match) -> tuple[str, ...]:
    """A path in parts, of either system's making, without what a folder calls itself."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]
    return tuple(_changed(part, match) for part in parts) or ("",)


def _changed(part: str, match: str) -> str:
    if match == "exact":
        return part
    folded = part.casefold()
    return ntpath.splitext(folded)[0] if match == "stem" else folded


def _twice(keys: Sequence[tuple[str, ...]], names: Sequence[str]) -> list[str]:
    times = Counter(keys)
    return list(dict.fromkeys(name for key, name in zip(keys, names, strict=True) if times[key] > 1))


def _depth(keys: Sequence[tuple[str, ...]]) -> int:
    """The fewest trailing parts that tell all keys apart."""
    deepest = max(map(len, keys), default=1)
    return next((d for d in range(1, deepest) if len({key[-d:] for key in keys}) == len(keys)), deepest)
