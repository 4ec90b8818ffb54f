"""What encoders have learned, measured without scores of people: damage, and scenes.

Whatever is measured here must show scenes that neither the encoders nor the read-out learned from. Distances are those
of angles: rows are brought to unit length, after their columns were centred.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from visq.errors import InputError

#: Rows of distances at a time.
_ROWS = 1024


def nearest_kind(features: Any, kind: Any, scene: Any) -> float:
    """How often the nearest picture of another scene has the same kind of damage: 0..1, higher is better.

    Parameters
    ----------
    features : (N, F) array
    kind, scene : (N,) array
        Numbers or names of the damage, and of the scene that it was done to.

    Returns
    -------
    float
        With k kinds, each as often, chance is about 1 / k.

    Raises
    ------
    InputError
        Less than two scenes; columns of different lengths.

    Examples
    --------
    >>> nearest_kind([[1.0, 0.0], [0.0, 1.0], [0.9, 0.1], [0.1, 0.9]], [1, 2, 1, 2], [0, 0, 1, 1])
    1.0
    """
    rows, kinds, scenes = _unit(features), np.asarray(kind), np.asarray(scene)
    _check(rows, kinds, scenes)
    if len(np.unique(scenes)) < 2:
        raise InputError("the nearest picture must be of another scene", expected="two scenes or more", got="one")
    return _hits(rows, rows, kinds, kinds, scenes[:, None] != scenes[None, :])


def matched(queries: Any, keys: Any) -> float:
    """How often a query's own key is nearer than those of all others: 0..1, higher is better; chance is 1 / N.

    >>> matched([[1.0, 0.0], [0.0, 1.0]], [[0.9, 0.1], [0.2, 0.8]])
    1.0
    """
    first, second = (np.asarray(one, dtype=np.float64) for one in (queries, keys))
    if first.shape != second.shape or first.ndim != 2 or not len(first):
        raise InputError("queries and keys do not belong together", got=f"{first.shape} and {second.shape}")
    numbers = np.arange(len(first))
    return _hits(_length(first), _length(second), numbers, numbers, np.ones((len(first), len(first)), bool))


def stand_in_labels(references: Sequence[np.ndarray], pictures: Sequence[np.ndarray]) -> np.ndarray:
    """Labels where nobody was asked: ranks, 0..1, of the mean of SSIM and gradient-magnitude similarity.

    Parameters
    ----------
    references, pictures : sequences of (H, W, 3) arrays
        Pairs.

    Returns
    -------
    (N,) array
        Higher is better; of equal means the mean rank.
    """
    from scipy.stats import rankdata

    from visq.metrics.gmsd import gmsd
    from visq.metrics.ssim import ssim

    values = []
    for reference, picture in zip(references, pictures, strict=True):
        _, similar = gmsd(picture, reference, full=True)
        values.append((float(ssim(picture, reference)) + float(np.mean(similar))) / 2.0)
    return (rankdata(values) - 1.0) / max(len(values) - 1, 1)


def _hits(rows: np.ndarray, others: np.ndarray, wanted: np.ndarray, have: np.ndarray, allowed: np.ndarray) -> float:
    right, counted = 0, 0
    for first in range(0, len(rows), _ROWS):
        part = slice(first, first + _ROWS)
        near = np.where(allowed[part], rows[part] @ others.T, -np.inf)
        some = allowed[part].any(axis=1)
        best = near.argmax(axis=1)
        right += int((have[best] == wanted[part])[some].sum())
        counted += int(some.sum())
    return right / counted


def _unit(features: Any) -> np.ndarray:
    rows = np.asarray(features, dtype=np.float64)
    if rows.ndim != 2 or not len(rows):
        raise InputError("no table of features", expected="(N, F)", got=str(rows.shape))
    return _length(rows - rows.mean(axis=0))


def _length(rows: np.ndarray) -> np.ndarray:
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(norms > 0, norms, 1.0)


def _check(*columns: np.ndarray) -> None:
    if len({len(one) for one in columns}) > 1:
        raise InputError("columns of different lengths", got=", ".join(str(len(one)) for one in columns))


__all__ = ["matched", "nearest_kind", "stand_in_labels"]
