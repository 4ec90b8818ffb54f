"""Choices between two items at a time, counted, and whether they suffice for a scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from visq.errors import InputError
from visq.evaluate.raters.votes import listed


@dataclass(frozen=True, eq=False)
class Pairs:
    """How often each item was preferred to each other one.

    Attributes
    ----------
    items : tuple of str
        What was compared.
    wins : ndarray
        `(items, items)`; `wins[i, j]`: how often i was preferred to j. Fractions are allowed, as weights.
    ties : ndarray
        Symmetric; `ties[i, j]`: how often neither was preferred.

    Examples
    --------
    >>> pairs = count_pairs(["a", "a", "b"], ["b", "b", "a"], [1, 0.5, 0])
    >>> pairs.wins[0, 1], pairs.ties[0, 1], pairs.comparisons
    (np.float64(2.0), np.float64(1.0), 3.0)
    """

    items: tuple[str, ...]
    wins: np.ndarray
    ties: np.ndarray

    def __post_init__(self) -> None:
        for name in ("wins", "ties"):
            matrix = np.array(getattr(self, name), dtype=np.float64)
            if matrix.shape != (len(self.items),) * 2:
                raise InputError(
                    f"{name} do not fit the items",
                    expected=f"a square of {len(self.items)}",
                    got=" x ".join(map(str, matrix.shape)) or "one number",
                )
            if not (np.isfinite(matrix).all() and (matrix >= 0).all()):
                raise InputError(f"{name} hold what is no count", expected="numbers from 0 on")
            np.fill_diagonal(matrix, 0)
            object.__setattr__(self, name, matrix)
        if len(set(self.items)) < max(2, len(self.items)):
            raise InputError("items cannot be told apart", expected="at least 2 different names")
        if not np.array_equal(self.ties, self.ties.T):
            raise InputError("ties are not symmetric", expected="ties[i, j] equal to ties[j, i]: the ties of that pair")

    @classmethod
    def of(cls, wins: object, ties: object = None, items: Sequence[str] | None = None) -> Pairs:
        """From matrices of counts; the diagonal is passed over. Names that are not given are 1, 2, 3 and so on.

        Raises
        ------
        InputError
            No square, negative or infinite counts, ties that are not symmetric.
        """
        if isinstance(wins, cls):
            return wins
        matrix = np.asarray(wins, dtype=np.float64)
        if matrix.ndim != 2:
            raise InputError("wins are no square", got=f"{matrix.ndim} dimensions")
        names = [str(i + 1) for i in range(len(matrix))] if items is None else items
        return cls(tuple(map(str, names)), matrix, np.zeros_like(matrix) if ties is None else np.asarray(ties))

    @property
    def comparisons(self) -> float:
        """How many comparisons there were."""
        return float(self.wins.sum() + self.ties.sum() / 2)

    def groups(self) -> list[list[str]]:
        """Items that can be put on one scale without a prior: strongly connected groups, the largest first.

        Two items are in one group where a chain of wins or ties leads from each to the other.
        """
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import connected_components

        edges = csr_array((self.wins + self.ties > 0).astype(np.int8))
        count, label = connected_components(edges, directed=True, connection="strong")
        found = [[self.items[i] for i in np.flatnonzero(label == g)] for g in range(count)]
        return sorted(found, key=len, reverse=True)

    def check_connected(self) -> None:
        """Refuse comparisons that no scale follows from.

        Raises
        ------
        InputError
            Items that nothing joins, or that always won or lost against all others: their distance is unknown, or
            infinite (Ford 1957).
        """
        groups = self.groups()
        if len(groups) == 1:
            return
        one = set(groups[-1])
        inside = np.array([name in one for name in self.items])
        out = (self.wins + self.ties)[inside][:, ~inside].sum()
        into = (self.wins + self.ties)[~inside][:, inside].sum()
        names = listed(groups[-1])
        if out == into == 0:
            fact = f"{names}: never compared with the other items"
        else:
            how = "won every" if into == 0 else "lost every" if out == 0 else "not joined both ways by"
            fact = f"{names}: {how} comparison with the other items"
        raise InputError(
            f"the comparisons do not join all items: they fall into {len(groups)} groups; {fact}",
            expected="a chain of wins or ties from every item to every other",
            hint="Compare more pairs, leave items out, or give a prior, as prior=0.5.",
        )


def count_pairs(first: Sequence[str], second: Sequence[str], preference: Sequence[float]) -> Pairs:
    """Counts from a list of answers.

    Parameters
    ----------
    first, second : sequence of str
        What was compared, one comparison each.
    preference : sequence of float
        1: the first was preferred, 0: the second, 0.5: neither.

    Returns
    -------
    Pairs
        Items in the order in which they come first.

    Raises
    ------
    InputError
        Columns of different lengths, another preference, or an item compared with itself.
    """
    items, ones, others, choices = answered(first, second, preference)
    wins = np.zeros((len(items), len(items)))
    ties = np.zeros_like(wins)
    for i, j, choice in zip(ones, others, choices, strict=True):
        if choice == 0.5:
            ties[i, j] += 1
            ties[j, i] += 1
        else:
            wins[(i, j) if choice == 1 else (j, i)] += 1
    return Pairs(items, wins, ties)


def answered(
    first: Sequence[str], second: Sequence[str], preference: Sequence[float]
) -> tuple[tuple[str, ...], list[int], list[int], list[float]]:
    """Items in the order in which they come first, and of each comparison the places of both and the preference.

    Raises
    ------
    InputError
        As `count_pairs`.
    """
    if not len(first) == len(second) == len(preference):
        raise InputError(
            "columns of comparisons differ in length", got=f"{len(first)}, {len(second)} and {len(preference)} rows"
        )
    place = {name: i for i, name in enumerate(dict.fromkeys([*map(str, first), *map(str, second)]))}
    ones, others = [place[str(name)] for name in first], [place[str(name)] for name in second]
    for number, (i, j, choice) in enumerate(zip(ones, others, preference, strict=True), start=1):
        if i == j:
            raise InputError(f"comparison {number}: {first[number - 1]!r} is compared with itself")
        if choice not in (0, 0.5, 1):
            raise InputError(
                f"comparison {number}: no preference",
                expected="1 (the first), 0 (the second) or 0.5 (neither)",
                got=repr(choice),
                hint="Shares of answers go into Pairs.of(wins) as weights.",
            )
    return tuple(place), ones, others, [float(choice) for choice in preference]
