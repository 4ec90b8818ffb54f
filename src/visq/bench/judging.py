"""Metrics judged by one database: agreement with people, which differences are significant, who ranks where."""

from __future__ import annotations

import hashlib
import math
import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from visq.bench.plan import Plan, label
from visq.bench.scoring import Scores
from visq.bench.timing import Time
from visq.errors import VisqWarning
from visq.evaluate import agreement, breakdown, significance_matrix
from visq.run.tasks import Request

if TYPE_CHECKING:
    from visq.evaluate import Agreement, SignificanceMatrix

#: A metric with fewer scores than this, or for fewer than half of the pictures, is listed but not judged.
FEWEST = 5
#: Chance of a difference that is none, over all pairs of metrics of one database.
ALPHA = 0.05


@dataclass(frozen=True)
class Entry:
    """One metric on one database.

    Attributes
    ----------
    request, label : Request, str
    values : (n,)
        A number a picture; NaN where there is none.
    scored : int
        Pictures that have one.
    agreement : Agreement or None
        None where it was not judged; `why` says why.
    parts : dict of str to Agreement
        By kind of distortion; empty where there are fewer than two kinds.
    time : Time or None
    rank : int
        1 + the number of metrics that are significantly better.
    better, worse : int
        Metrics that are significantly better, and significantly worse, than this one.
    letters : str
        Two metrics that share a letter do not differ significantly.
    """

    request: Request
    label: str
    values: NDArray[np.float64]
    scored: int
    agreement: Agreement | None = None
    why: str = ""
    parts: dict[str, Agreement] = field(default_factory=dict)
    time: Time | None = None
    rank: int = 0
    better: int = 0
    worse: int = 0
    letters: str = ""


@dataclass(frozen=True)
class Verdict:
    """All metrics on one database.

    Attributes
    ----------
    plan, scores : Plan, Scores
    entries : tuple of Entry
        The judged ones, by SRCC from the highest down; then the others.
    matrix : SignificanceMatrix or None
        Of the judged ones, in the order of `entries`; None where there are fewer than two, or fewer than two contents.
    common : int
        Pictures that all judged metrics scored: those of the matrix.
    hashes : dict of str to str
        SHA-256 of the scores and parts of the samples (`labels`), and of all picture files (`images`).
    """

    plan: Plan
    scores: Scores
    entries: tuple[Entry, ...]
    matrix: SignificanceMatrix | None
    common: int
    hashes: dict[str, str]

    @property
    def judged(self) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.entries if entry.agreement is not None)


def judge(
    plan: Plan,
    scores: Scores,
    times: Mapping[str, Time] | None = None,
    *,
    samples: int = 1000,
    seed: int = 0,
    on_done: Callable[[], None] = lambda: None,
) -> Verdict:
    """Judge the metrics of a plan by the scores of its database.

    Parameters
    ----------
    plan, scores
    times : mapping of identity to Time, optional
    samples, seed : int
        Of the bootstrap over contents.
    on_done : callable
        Called after each metric.
    """
    entries = []
    for one in plan.requests:
        entry = _entry(plan, one, scores.values[one.identity], samples, seed)
        entries.append(replace(entry, time=(times or {}).get(one.identity)))
        on_done()
    judged = sorted((e for e in entries if e.agreement is not None), key=_order)
    others = [e for e in entries if e.agreement is None]
    matrix, common = _significance(plan, judged, seed)
    if matrix is not None:
        judged = _ranked(judged, matrix.verdict > 0)
    elif len(judged) == 1:
        judged = [replace(judged[0], rank=1, letters="a")]
    return Verdict(plan, scores, (*judged, *others), matrix, common, _hashes(plan, scores))


def direction(plan: Plan, one: Request) -> dict[str, bool]:
    """How predictions and scores run, as the functions of `visq.evaluate` take it."""
    return {
        "lower_is_better": one.spec.lower_is_better,
        "scores_lower_is_better": plan.dataset.spec.lower_is_better,
    }


def letters(differs: NDArray[np.bool_]) -> list[str]:
    """A compact letter display: items share a letter if and only if they do not differ.

    H.-P. Piepho, "An algorithm for a letter-based representation of all-pairwise comparisons", Journal of Computational
    and Graphical Statistics 13 (2004), 456-466: columns are split where two of their members differ, and dropped where
    another holds them.

    Parameters
    ----------
    differs : (n, n) of bool
        Symmetric.

    Examples
    --------
    >>> letters(np.array([[0, 0, 1], [0, 0, 0], [1, 0, 0]], bool))
    ['a', 'ab', 'b']
    """
    n = len(differs)
    columns: list[frozenset[int]] = [frozenset(range(n))]
    for i in range(n):
        for j in range(i + 1, n):
            if not differs[i, j]:
                continue
            split = [c for c in columns if i in c and j in c]
            kept = [c for c in columns if c not in split]
            for column in split:
                kept += [column - {i}, column - {j}]
            kept = list(dict.fromkeys(kept))
            columns = [c for c in kept if c and not any(c < other for other in kept)]
    columns.sort(key=sorted)
    return ["".join(_letter(k) for k, c in enumerate(columns) if i in c) for i in range(n)]


def _letter(number: int) -> str:
    """a to z, then A to Z, then a1, b1 and so on."""
    alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    turn, place = divmod(number, len(alphabet))
    return alphabet[place] + (str(turn) if turn else "")


def _order(entry: Entry) -> tuple[float, str]:
    srcc = entry.agreement.srcc if entry.agreement else math.nan
    return (math.inf if math.isnan(srcc) else -srcc, entry.label)


def _entry(plan: Plan, one: Request, values: NDArray[np.float64], samples: int, seed: int) -> Entry:
    dataset = plan.dataset
    known = np.flatnonzero(np.isfinite(values))
    entry = Entry(one, label(one), values, known.size)
    least = max(FEWEST, math.ceil(values.size / 2))
    if known.size < least:
        return replace(entry, why=f"{known.size} of {values.size} pictures were scored; {least} are needed")
    options = {"groups": dataset.groups[known], "seed": seed, **direction(plan, one)}
    std = _std(plan, known)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", VisqWarning)  # said in the notes of the result
        found = agreement(values[known], dataset.scores[known], std=std, samples=samples, **options)  # type: ignore[arg-type]
        if math.isnan(found.srcc):
            return replace(entry, why="; ".join(found.notes))
        kinds = [sample.distortion for sample in dataset.samples]
        parts = {}
        if len(set(kinds)) > 1:
            by = [kinds[i] or "(none)" for i in known]
            parts = breakdown(values[known], dataset.scores[known], by, std=std, samples=0, **options)  # type: ignore[arg-type]
    return replace(entry, agreement=found, parts=parts)


def _std(plan: Plan, known: NDArray[np.intp]) -> NDArray[np.float64] | None:
    std = np.array([plan.dataset.samples[i].std for i in known])
    return std if np.isfinite(std).all() else None


def _significance(plan: Plan, judged: Sequence[Entry], seed: int) -> tuple[SignificanceMatrix | None, int]:
    common = np.flatnonzero(np.isfinite([e.values for e in judged]).all(axis=0)) if judged else np.empty(0, int)
    dataset = plan.dataset
    groups = dataset.groups[common]
    if len(judged) < 2 or common.size < FEWEST or np.unique(groups).size < 2:
        return None, common.size
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", VisqWarning)  # a metric that is constant on these: NaN, no verdict
        found = significance_matrix(
            {e.request.identity: e.values[common] for e in judged},
            dataset.scores[common],
            groups=groups,
            lower_is_better={e.request.identity: e.request.spec.lower_is_better for e in judged},
            scores_lower_is_better=dataset.spec.lower_is_better,
            correction="holm",
            alpha=ALPHA,
            seed=seed,
        )
    return found, common.size


def _ranked(judged: Sequence[Entry], won: NDArray[np.bool_]) -> list[Entry]:
    """Ranks and letters; `won[i, j]`: whether metric i is significantly better than metric j."""
    shared = letters(won | won.T)
    better, worse = won.sum(axis=0), won.sum(axis=1)
    return [
        replace(entry, rank=1 + int(better[i]), better=int(better[i]), worse=int(worse[i]), letters=shared[i])
        for i, entry in enumerate(judged)
    ]


def _hashes(plan: Plan, scores: Scores) -> dict[str, str]:
    """What was judged by: the samples with their scores, and the content of the pictures."""
    text = "".join(
        f"{s.image}\t{s.reference}\t{s.score!r}\t{s.std!r}\t{s.group}\t{s.distortion}\t{s.level}\t{s.part}\n"
        for s in plan.dataset.samples
    )
    files = "".join(
        f"{s.image}\t{sha}\t{scores.references.get(s.reference, '')}\n"
        for s, sha in zip(plan.dataset.samples, scores.hashes, strict=True)
    )
    return {
        name: hashlib.sha256(os.fsencode(value)).hexdigest() for name, value in (("labels", text), ("images", files))
    }
