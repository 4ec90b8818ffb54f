"""Distances between predictions and scores on one scale: absolute, squared, and those between the two."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from visq.losses.tensors import number, pair


def l1(predictions: Tensor, scores: Tensor) -> Tensor:
    """Mean absolute error, mean |p - y|.

    Parameters
    ----------
    predictions, scores : Tensor, (N,)
        On one scale; N from 1 on.

    Returns
    -------
    Tensor, ()
        0 (equal) or more, in units of the scores; lower is better. The slope is 0 where a prediction hits its score.

    Raises
    ------
    InputError
        Shapes or devices that differ, another rank, an empty batch. `InputTypeError` for what is no floating tensor.

    Examples
    --------
    >>> import torch
    >>> round(l1(torch.tensor([0.2, 0.9]), torch.tensor([0.5, 0.8])).item(), 6)
    0.2
    """
    p, y = pair(predictions, scores)
    return functional.l1_loss(p, y)


def l2(predictions: Tensor, scores: Tensor) -> Tensor:
    """Mean squared error, mean (p - y)^2, in squared units of the scores. Parameters and errors are those of `l1`.

    Examples
    --------
    >>> import torch
    >>> round(l2(torch.tensor([0.2, 0.9]), torch.tensor([0.5, 0.8])).item(), 6)
    0.05
    """
    p, y = pair(predictions, scores)
    return functional.mse_loss(p, y)


def huber(predictions: Tensor, scores: Tensor, *, delta: float = 1.0) -> Tensor:
    """Huber's loss: d^2/2 up to |d| = delta, delta (|d| - delta/2) beyond, d = p - y; the mean over the batch.

    Parameters
    ----------
    predictions, scores : Tensor, (N,)
    delta : float
        Above 0, in units of the scores: 1 suits scores of 0..5 or 0..100; scores of 0..1 stay within and want less.

    Raises
    ------
    OptionError
        `delta` out of range. The others are those of `l1`.

    Notes
    -----
    P. J. Huber, Annals of Mathematical Statistics 35 (1964), 73-101.

    Examples
    --------
    >>> import torch
    >>> huber(torch.tensor([3.0, 0.5]), torch.tensor([0.0, 0.0])).item()
    1.3125
    """
    p, y = pair(predictions, scores)
    return functional.huber_loss(p, y, delta=number(delta, "delta", above=0))


def smooth_l1(predictions: Tensor, scores: Tensor, *, beta: float = 1.0) -> Tensor:
    """Huber's loss divided by its bend: d^2/(2 beta) up to |d| = beta, |d| - beta/2 beyond; the mean over the batch.

    Far from the scores its slope is that of `l1`, whatever `beta` is.

    Parameters
    ----------
    predictions, scores : Tensor, (N,)
    beta : float
        Above 0, in units of the scores.

    Raises
    ------
    OptionError
        `beta` out of range. The others are those of `l1`.

    Notes
    -----
    R. Girshick, Fast R-CNN, ICCV 2015, eq. 3 with beta 1. MonotonicIQA (Feng et al., Electronics Letters 59, 2023) adds
    it to `norm_in_norm`.

    Examples
    --------
    >>> import torch
    >>> smooth_l1(torch.tensor([3.0, 0.5]), torch.tensor([0.0, 0.0]), beta=0.5).item()
    1.5
    """
    p, y = pair(predictions, scores)
    return functional.smooth_l1_loss(p, y, beta=number(beta, "beta", above=0))
