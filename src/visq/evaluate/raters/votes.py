"""Raw votes of a rating study: who gave which item what, with the gaps that real studies have."""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from visq.errors import InputError, InputTypeError, ReadError
from visq.evaluate.cells import cell_number

_NAMED = 5


@dataclass(frozen=True, eq=False)
class Votes:
    """Votes of several observers on several items.

    Make one with `Votes.from_matrix`, `Votes.from_table` or `read_votes`.

    Attributes
    ----------
    observers, items : tuple of str
        Names, in the order of the rows and columns.
    matrix : ndarray
        float64 `(observers, items)`; NaN where an observer did not vote on an item.

    Examples
    --------
    >>> votes = Votes.from_table(["ann", "bob", "ann"], ["x.png", "x.png", "y.png"], [5, 4, 2])
    >>> votes.matrix
    array([[ 5.,  2.],
           [ 4., nan]])
    >>> votes.count, votes.missing
    (3, 1)
    """

    observers: tuple[str, ...]
    items: tuple[str, ...]
    matrix: np.ndarray

    def __post_init__(self) -> None:
        matrix = np.asarray(self.matrix, dtype=np.float64)
        if matrix.shape != (len(self.observers), len(self.items)):
            raise InputError(
                "the matrix of votes does not fit its names",
                expected=f"{len(self.observers)} observers x {len(self.items)} items",
                got=" x ".join(map(str, matrix.shape)) or "one number",
            )
        if not matrix.size:
            raise InputError("there are no votes", expected="at least one observer and one item")
        for kind, names in (("observer", self.observers), ("item", self.items)):
            twice = _twice(names)
            if twice:
                raise InputError(f"the {kind} {twice[0]!r} comes twice", expected="each name once")
        if np.isinf(matrix).any():
            raise InputError("a vote is infinite", expected="finite numbers; NaN where there is no vote")
        silent = [self.observers[i] for i in np.flatnonzero(np.isnan(matrix).all(axis=1))]
        unseen = [self.items[j] for j in np.flatnonzero(np.isnan(matrix).all(axis=0))]
        for kind, bare in (("observers without a vote", silent), ("items without a vote", unseen)):
            if bare:
                raise InputError(f"{kind}: {listed(bare)}", hint="Leave them out.")
        object.__setattr__(self, "matrix", matrix)

    @classmethod
    def from_matrix(
        cls, matrix: object, observers: Sequence[str] | None = None, items: Sequence[str] | None = None
    ) -> Votes:
        """From a matrix with a row for each observer and a column for each item; NaN where there is no vote.

        Names that are not given are `observer 1`, `item 1` and so on.

        Raises
        ------
        InputError
            Not two-dimensional, names that do not fit, an infinite vote, an observer or item without a vote.
        """
        values = _numbers(matrix)
        if values.ndim != 2:
            raise InputError("votes are not a matrix", expected="(observers, items)", got=f"{values.ndim} dimensions")
        rows = [f"observer {i + 1}" for i in range(values.shape[0])] if observers is None else observers
        columns = [f"item {j + 1}" for j in range(values.shape[1])] if items is None else items
        return cls(tuple(map(str, rows)), tuple(map(str, columns)), values)

    @classmethod
    def from_table(
        cls,
        observers: Sequence[str],
        items: Sequence[str],
        votes: Sequence[float],
        *,
        repeats: Literal["error", "mean"] = "error",
    ) -> Votes:
        """From three columns of a long table, one vote a row; names keep the order in which they come first.

        Parameters
        ----------
        observers, items, votes : sequence
            As long as each other. A vote that is NaN is missing.
        repeats : {"error", "mean"}
            What two votes of one observer on one item are: a mistake, or a repetition of which the mean counts.

        Raises
        ------
        InputError
            Columns of different lengths, or an observer who voted twice on an item.
        """
        if not len(observers) == len(items) == len(votes):
            raise InputError(
                "columns of votes differ in length", got=f"{len(observers)}, {len(items)} and {len(votes)} rows"
            )
        rows = {name: i for i, name in enumerate(dict.fromkeys(map(str, observers)))}
        columns = {name: j for j, name in enumerate(dict.fromkeys(map(str, items)))}
        total = np.zeros((len(rows), len(columns)))
        count = np.zeros(total.shape, dtype=np.int64)
        for observer, item, vote in zip(observers, items, _numbers(votes).tolist(), strict=True):
            if math.isnan(vote):
                continue
            place = rows[str(observer)], columns[str(item)]
            if count[place] and repeats != "mean":
                raise InputError(
                    f"the observer {str(observer)!r} voted twice on {str(item)!r}",
                    hint="Where that was meant as a repetition, repeats='mean' takes the mean of both.",
                )
            total[place] += vote
            count[place] += 1
        matrix = np.where(count > 0, total / np.maximum(count, 1), np.nan)
        return cls(tuple(rows), tuple(columns), matrix)

    @property
    def count(self) -> int:
        """How many votes there are."""
        return int((~np.isnan(self.matrix)).sum())

    @property
    def missing(self) -> int:
        """How many cells of the matrix hold no vote."""
        return int(np.isnan(self.matrix).sum())

    def without(self, observers: Sequence[str]) -> Votes:
        """The votes of all other observers.

        Raises
        ------
        InputError
            Somebody who is no observer, or nobody would be left, or an item would have no vote.
        """
        unknown = [name for name in observers if name not in self.observers]
        if unknown:
            raise InputError(f"no observer is called {unknown[0]!r}")
        kept = [i for i, name in enumerate(self.observers) if name not in set(observers)]
        return Votes(tuple(self.observers[i] for i in kept), self.items, self.matrix[kept])


def read_votes(
    path: str | Path,
    *,
    observer: str = "observer",
    item: str = "item",
    vote: str = "vote",
    repeats: Literal["error", "mean"] = "error",
) -> Votes:
    """Votes of a CSV file: a long table or a matrix.

    A long table has the columns named by `observer`, `item` and `vote`, one vote a row; further columns are passed
    over. A matrix has the observers' names in its first column, which is called as `observer` says, and an item in
    every other one. An empty cell, `NaN` or `NA` is a missing vote.

    Raises
    ------
    ReadError
        No such file, not text, no header that is either of the two, or a vote that is no number.
    InputError
        An observer who voted twice on an item, or who has no vote.
    """
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file))
    except OSError as error:
        raise ReadError(f"{path} cannot be read: {error.strerror or error}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise ReadError(f"{path} is not a CSV file in UTF-8") from error
    header = [cell.strip() for cell in rows[0]] if rows else []
    body = [(number, row) for number, row in enumerate(rows[1:], start=2) if any(cell.strip() for cell in row)]
    for number, row in body:
        if len(row) != len(header):
            raise ReadError(f"{path}, line {number}: {len(row)} cells", expected=f"{len(header)}, as in the header")
    twice = [name for name in (observer, item, vote) if header.count(name) > 1]
    if twice:
        raise ReadError(f"{path} has several columns called {twice[0]!r}")
    if {observer, item, vote} <= set(header):
        at = {name: header.index(name) for name in (observer, item, vote)}
        values = [_number(path, number, row[at[vote]]) for number, row in body]
        people = [row[at[observer]].strip() for _, row in body]
        return Votes.from_table(people, [row[at[item]].strip() for _, row in body], values, repeats=repeats)
    if len(header) > 1 and header[0] == observer:
        matrix = [[_number(path, number, cell) for cell in row[1:]] for number, row in body]
        shaped = np.array(matrix, dtype=np.float64).reshape(len(body), len(header) - 1)
        return Votes.from_matrix(shaped, [row[0].strip() for _, row in body], header[1:])
    raise ReadError(
        f"{path} is no table of votes",
        expected=f"the columns {observer}, {item}, {vote}, or {observer} and one column for each item",
        got=", ".join(header)[:200] or "nothing",
        hint="observer=, item= and vote= name the columns of other tables.",
    )


def differential_votes(
    votes: Votes, reference: Mapping[str, str], *, top: float | None = 5.0, crush: bool = False
) -> Votes:
    """Each vote less the same observer's vote on the item's hidden reference.

    With `top`, the best mark of the scale, it is `vote - reference vote + top` and rises with quality: the differential
    viewer score of ITU-T P.910 (ACR with hidden reference). It is above `top` where somebody liked the item better;
    `crush=True` then takes `7 d / (2 + d)`, as the Recommendation allows on its scale of 5. With `top=None` it is
    `reference vote - vote`: the difference score of LIVE and others, which falls with quality.

    Parameters
    ----------
    votes : Votes
        On the items and on their references.
    reference : mapping of str to str
        Name of the reference of each item. Items it does not name are left out, as references mostly are.

    Returns
    -------
    Votes
        On the items named, missing where either vote is.

    Raises
    ------
    InputError
        An item or reference that nobody voted on, or `crush` with another scale.
    """
    if crush and top != 5.0:
        raise InputError("crush=True belongs to the scale of 5", expected="top=5.0", got=f"top={top}")
    place = {name: j for j, name in enumerate(votes.items)}
    unknown = [name for name in (*reference, *reference.values()) if name not in place]
    if unknown or not reference:
        raise InputError(f"without votes: {listed(list(dict.fromkeys(unknown))) or 'no item is named'}")
    own = votes.matrix[:, [place[name] for name in reference]]
    pristine = votes.matrix[:, [place[name] for name in reference.values()]]
    difference = pristine - own if top is None else own - pristine + top
    if crush:
        difference = np.where(difference > top, 7 * difference / (2 + difference), difference)
    some = ~np.isnan(difference).all(axis=1)
    names = tuple(name for name, has in zip(votes.observers, some, strict=True) if has)
    return Votes(names, tuple(reference), difference[some])


def z_scores(votes: Votes) -> Votes:
    """Votes of every observer with mean 0 and standard deviation 1 (n - 1), so that all use the scale alike.

    Raises
    ------
    InputError
        An observer who gave all items the same mark, or voted once.
    """
    given = (~np.isnan(votes.matrix)).sum(axis=1)
    mean = np.nanmean(votes.matrix, axis=1)
    variance = np.nansum((votes.matrix - mean[:, None]) ** 2, axis=1) / np.maximum(given - 1, 1)
    # Not by the variance: the mean of equal marks such as 0.1 is not always their value.
    same = np.nanmax(votes.matrix, axis=1) == np.nanmin(votes.matrix, axis=1)
    flat = [votes.observers[i] for i in np.flatnonzero(same)]
    if flat:
        raise InputError(f"no spread in the votes of {listed(flat)}", hint="Leave them out: votes.without([...]).")
    return Votes(votes.observers, votes.items, (votes.matrix - mean[:, None]) / np.sqrt(variance)[:, None])


def _numbers(values: object) -> np.ndarray:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputTypeError(
            "votes are not numbers", expected="numbers; NaN where there is no vote", got=str(error)
        ) from None


def _number(path: str | Path, line: int, cell: str) -> float:
    value = cell_number(cell)
    if value is None:
        raise ReadError(f"{path}, line {line}: the vote is not a number", got=repr(cell.strip()))
    return value


def _twice(names: Sequence[str]) -> list[str]:
    return [name for name, times in Counter(names).items() if times > 1]


def listed(names: Sequence[str]) -> str:
    """The first five names, and how many more there are."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
