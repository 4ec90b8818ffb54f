"""REQA's multi-level tolerance: each of several predictions of an image may miss by less than the one before."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from visq.errors import InputError, OptionError
from visq.losses.tensors import floating, number, per_item

#: Weights of the three levels, from the loosest on. The released program uses C throughout.
WEIGHTS = {"A": (1.5, 1.0, 0.5), "B": (0.5, 1.5, 1.0), "C": (0.5, 1.0, 1.5)}


def tolerance(
    predictions: Tensor,
    scores: Tensor,
    *,
    thresholds: Sequence[float] = (5.0, 2.5, 0.0),
    weights: Sequence[float] | str = "C",
) -> Tensor:
    """The mean over items and levels k of w_k max(0, |p_k - y| - t_k).

    Parameters
    ----------
    predictions : Tensor, (N, K)
        K predictions of each item, from the coarsest on.
    scores : Tensor, (N,)
        On the same scale.
    thresholds : K numbers
        From 0 on, in units of the scores. REQA's are for scores of 0..100: for 0..1 take (0.05, 0.025, 0).
    weights : K numbers, or "A", "B", "C"
        From 0 on. The letters are the schedules of the release, for three levels; see `curriculum`.

    Returns
    -------
    Tensor, ()
        0 (all within their tolerance) or more, in units of the scores. Lower is better.

    Raises
    ------
    InputError
        Shapes that do not belong together, thresholds or weights of another number than an item has predictions.
        `OptionError` for one below 0.

    Notes
    -----
    B. Li, F. Huo, REQA, J. Visual Communication and Image Representation 98 (2024), 104043, as in the released code.

    Examples
    --------
    >>> import torch
    >>> tolerance(torch.tensor([[54.0, 52.0, 50.5]]), torch.tensor([50.0])).item()
    0.25
    """
    p = floating(predictions, "predictions", axes=2)
    y = per_item(scores, p, "scores")
    limits = _levels(thresholds, p, "thresholds")
    if isinstance(weights, str) and weights not in WEIGHTS:
        raise OptionError("unknown weights", expected=f"numbers, or one of {', '.join(WEIGHTS)}", got=repr(weights))
    weight = _levels(WEIGHTS[weights] if isinstance(weights, str) else weights, p, "weights")
    return (weight * functional.relu((p - y[:, None]).abs() - limits)).mean()


def curriculum(epoch: int, *, switches: tuple[int, int] = (11, 21)) -> str:
    """Which weights an epoch takes where the tolerance tightens on the way: A, then B, then C.

    Parameters
    ----------
    epoch : int
        From 0 on.
    switches : (int, int)
        The first epochs of B and of C. After those at which the release has switches, without using them.

    Examples
    --------
    >>> [curriculum(epoch) for epoch in (0, 10, 11, 21)]
    ['A', 'A', 'B', 'C']
    """
    first, second = switches
    return "A" if epoch < first else "B" if epoch < second else "C"


def _levels(values: Sequence[float], p: Tensor, name: str) -> Tensor:
    try:
        numbers = [number(value, name, least=0) for value in values]
    except TypeError as error:
        raise OptionError(f"{name} takes a number a level", got=repr(values)) from error
    if len(numbers) != p.shape[1]:
        raise InputError(
            f"{name} and predictions differ in the number of levels", expected=str(p.shape[1]), got=str(len(numbers))
        )
    return torch.tensor(numbers, dtype=p.dtype, device=p.device)
