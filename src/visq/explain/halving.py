"""Parts of pictures and their scores: critical, trivial and random halves, growing shares."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from visq.errors import InputError
from visq.explain.cells import Bools, Cells, Floats
from visq.explain.estimators import most_important
from visq.explain.importances import BATCH, Importance, of_masker
from visq.explain.masking import Masker

DRAWS = 10
FRACTIONS = tuple(i / 10 for i in range(1, 11))


@dataclass(frozen=True, slots=True, eq=False)
class Halved:
    """Scores of one picture and its parts by one model.

    Attributes
    ----------
    importance : Importance
        By which the halves were chosen: of this model, or of another.
    full, critical, trivial : float
    random : (draws,) array
        Random halves.
    most, least : (fractions,) array
        Growing shares of the picture, the most important cells first and the least important ones.
    """

    importance: Importance
    full: float
    critical: float
    trivial: float
    random: Floats
    most: Floats
    least: Floats


def halved(
    masker: Masker,
    importance: Importance | None = None,
    *,
    draws: int = DRAWS,
    fractions: Sequence[float] = FRACTIONS,
    seed: int = 0,
    **options: Any,
) -> Halved:
    """Score a picture by its halves and by growing shares.

    Parameters
    ----------
    masker : Masker
        The picture, from `visq.explain.masking.prepared` or `visq.explain.pooling`.
    importance : Importance, optional
        Of another model, to choose the halves by; None: of this one, with `options` of `of_masker`.
    draws : int
        Random halves.
    fractions : sequence of float
        Shares of the cells, above 0 and up to 1.
    seed : int
        Of the random halves (and of the masks of the importance).
    """
    if draws < 1 or any(not 0 < f <= 1 for f in fractions):
        raise InputError("no such parts", expected="a draw at least, and shares above 0 and up to 1")
    chosen = importance or of_masker(masker, seed=seed, **options)
    shape, count = masker.cells.shape, masker.cells.count
    values, critical = on_cells(chosen, masker.cells)
    order = np.argsort(-values, kind="stable")
    shares = [max(1, round(f * count)) for f in fractions]
    masks = [np.ones(count, dtype=bool), critical, ~critical]
    generator = np.random.default_rng([seed, count])
    masks += [_of(count, generator.permutation(count)[: count // 2]) for _ in range(draws)]
    masks += [_of(count, order[:n]) for n in shares] + [_of(count, order[::-1][:n]) for n in shares]
    keeps = np.stack(masks).reshape(-1, *shape)
    scores = np.concatenate([masker(keeps[i : i + BATCH]) for i in range(0, len(keeps), BATCH)])
    at = 3 + draws
    of_whole, of_critical, of_trivial = (float(v) for v in scores[:3])
    most, least = scores[at : at + len(shares)], scores[at + len(shares) :]
    return Halved(chosen, of_whole, of_critical, of_trivial, scores[3:at], most, least)


def on_cells(importance: Importance, cells: Cells) -> tuple[Floats, Bools]:
    """Importance `(n,)` and the critical half of it `(n,)` on the grid of another model.

    What decides most there is the half of its own cells with the largest importance, averaged over their area.
    """
    values = importance.cells.carried(cells, importance.map).ravel()
    return values, importance.critical.ravel() if importance.cells.shape == cells.shape else most_important(values)


def halves_of(
    maskers: Iterable[Masker],
    importances: Iterable[Importance] | None = None,
    *,
    on_step: Callable[[], None] = lambda: None,
    seed: int = 0,
    **options: Any,
) -> list[Halved]:
    """`halved` of many pictures, one after the other; each is dropped when it is done.

    Parameters
    ----------
    maskers : iterable of Masker
        A generator keeps memory small.
    importances : iterable of Importance, optional
        Of another model, in the same order.
    on_step : callable, optional
        Called after every picture.
    seed : int
        Every picture has random halves of its own.
    """
    result = []
    others = iter(importances) if importances is not None else None
    for number, masker in enumerate(maskers):
        given = next(others, None) if others is not None else None
        if others is not None and given is None:
            raise InputError("there are fewer importances than pictures", expected="one for each")
        result.append(halved(masker, given, seed=seed + number, **options))
        on_step()
    return result


def _of(count: int, kept: Any) -> Bools:
    mask = np.zeros(count, dtype=bool)
    mask[kept] = True
    return mask


__all__ = ["DRAWS", "FRACTIONS", "Halved", "halved", "halves_of", "on_cells"]
