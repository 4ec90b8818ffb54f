"""Triplets: an anchor has to lie nearer to what is like it than to what is not."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from visq.errors import InputError
from visq.losses.tensors import floating, norm, number, other, pair
from visq.ops.choices import check_choice


def relative_triplet(predictions: Tensor, scores: Tensor) -> Tensor:
    """TReS' relative ranking: the best two of a batch lie nearer to each other than to the worst, and the other way on.

    With the batch sorted by score, its worst w, second worst w2, second best b2 and best b::

        max(0, |p_w - p_w2| - |p_w - p_b| + (y_b - y_w2)) + max(0, |p_b - p_b2| - |p_b - p_w| + (y_b2 - y_w))

    Parameters
    ----------
    predictions, scores : Tensor, (N,)
        On one scale; N from 4 on. Of equal scores the earlier item comes first.

    Returns
    -------
    Tensor, ()
        0 or more, in units of the scores. Lower is better. Only distances enter: predictions that are exactly upside
        down cost 0 too, so it goes with a regression loss.

    Raises
    ------
    InputError
        Fewer than 4 items. The others are those of `regression.l1`.

    Notes
    -----
    S. A. Golestaneh, S. Dadsetan, K. M. Kitani, No-reference image quality assessment via transformers, relative
    ranking, and self-consistency, WACV 2022, as in the released code, which adds 1e-6 to each distance. The margins are
    differences of scores: with scores of 0..100 they outweigh other terms, with 0..1 hardly count.

    Examples
    --------
    >>> import torch
    >>> y = torch.tensor([10.0, 20.0, 30.0, 40.0])
    >>> [relative_triplet(p, y).item() for p in (y, torch.ones(4), y.flip(0))]
    [0.0, 40.0, 0.0]
    """
    p, y = pair(predictions, scores, minimum=4)
    order = torch.sort(y, stable=True).indices[[0, 1, -2, -1]]
    worst, worse, better, best = p[order]
    y_worst, y_worse, y_better, y_best = y[order]
    low = (worst - worse).abs() - (worst - best).abs() + (y_best - y_worse)
    high = (best - better).abs() - (best - worst).abs() + (y_better - y_worst)
    return functional.relu(low) + functional.relu(high)


def margin_triplet(
    anchor: Tensor, positive: Tensor, negative: Tensor, *, margin: float = 1.0, over: Literal["last", "flat"] = "last"
) -> Tensor:
    """Triplets of features: the mean of max(0, d(anchor, positive) - d(anchor, negative) + margin), d Euclidean.

    Parameters
    ----------
    anchor, positive, negative : Tensor, (N, ...)
        Features of one shape.
    margin : float
        From 0 on, in units of the features.
    over : {"last", "flat"}
        A distance along the last axis, one for each place of the others, or a single one of all that an item has.

    Returns
    -------
    Tensor, ()
        0 or more. Lower is better. The slope of a distance of 0 is taken as 0.

    Raises
    ------
    InputError
        Shapes or devices that differ. `OptionError` for a margin out of range or an unknown `over`.

    Notes
    -----
    F. Schroff, D. Kalenichenko, J. Philbin, FaceNet, CVPR 2015, with squared distances there. FPR (B. Chen et al., IEEE
    TIP 31, 2022, 6139-6151) has margin 0.5 on maps `(N, C, H, W)`, whose last axis is the width, an accident of its
    release; DFSS-IQA (B. Chen et al., IEEE TIP 33, 2024, 3227-3241) margin 1 on vectors.

    Examples
    --------
    >>> import torch
    >>> a, p, n = torch.zeros(1, 2), torch.tensor([[3.0, 4.0]]), torch.tensor([[0.0, 5.5]])
    >>> margin_triplet(a, p, n).item()
    0.5
    """
    check_choice("over", over, ("last", "flat"))
    a = floating(anchor, "anchor", axes=0)
    near, far = (other(v, a, name) for v, name in ((positive, "positive"), (negative, "negative")))
    for values, name in ((near, "positive"), (far, "negative")):
        if values.shape != a.shape or a.ndim < 2:
            raise InputError(
                f"anchor and {name} are no features of one shape",
                expected="(N, ...) for both",
                got=f"{tuple(a.shape)} and {tuple(values.shape)}",
            )
    room = _distance(a, near, over) - _distance(a, far, over) + number(margin, "margin", least=0)
    return functional.relu(room).mean()


def _distance(a: Tensor, b: Tensor, over: str) -> Tensor:
    difference = a - b
    return norm(difference.flatten(1) if over == "flat" else difference)
