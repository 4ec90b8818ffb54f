"""Losses that ask for a straight line: one minus Pearson's correlation of a batch, and LoDa's form of it."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from visq.errors import InputError
from visq.losses.tensors import FLAT, norm, number, pair, rounding


def plcc(predictions: Tensor, scores: Tensor, *, half: bool = False) -> Tensor:
    """One minus Pearson's linear correlation r of the batch: 1 - r, or (1 - r)/2.

    Blind to scale and offset of the predictions: add a regression loss where they are to lie on the scale of the
    scores, or fit a curve afterwards. The slope goes with one over the spread of the predictions; where they are all
    equal r is taken as 0 and the slope, which points along the scores, is 1e6 at most: 1e3 of predictions in float16,
    130 in bfloat16, whose rounding is that much coarser.

    Parameters
    ----------
    predictions, scores : Tensor, (N,)
        N from 2 on; a correlation of fewer than 16 items is mostly noise.
    half : bool
        Divide by 2, as the paper of LoDa does.

    Returns
    -------
    Tensor, ()
        0 (r = 1), 1 (r = 0) to 2 (r = -1), or half of it; within the rounding of the type. Lower is better.

    Raises
    ------
    InputError
        Fewer than 2 items, or scores that are all equal: there is no correlation. The others are those of
        `regression.l1`.

    Notes
    -----
    (1 - r)/2: K. Xu et al., Boosting image quality assessment through efficient transformer adaptation with local
    feature enhancement, CVPR 2024 (the text; its code minimises `plcc_induced`). On several devices it is the
    correlation of each device's part of the batch, and with accumulated gradients that of each part.

    Examples
    --------
    >>> import torch
    >>> y = torch.tensor([1.0, 2.0, 3.0, 5.0])
    >>> round(plcc(torch.tensor([1.0, 2.0, 3.0, 4.0]), y).item(), 6)
    0.017292
    >>> round(plcc(-7 * y + 1, y, half=True).item(), 6)
    1.0
    """
    rho = pearson(*pair(predictions, scores, minimum=2), flat=rounding(predictions))
    return (1 - rho) / 2 if half else 1 - rho


def plcc_induced(predictions: Tensor, scores: Tensor) -> Tensor:
    """LoDa's loss: two squared distances of standardised values, which come to (1 - r)(3 + r)/8.

    With p and t the predictions and scores of the batch, less their means and over their standard deviations, and
    r = mean(p t): ( mean((p - t)^2)/4 + mean((r p - t)^2)/4 ) / 2. It is `norm_in_norm` with p = q = 2.

    Parameters
    ----------
    predictions, scores : Tensor, (N,)
        N from 2 on.

    Returns
    -------
    Tensor, ()
        0 (r = 1), 3/8 (r = 0) to 1/2 (r = -1). Its slope -(1 + r)/4 vanishes at r = -1: predictions that start exactly
        upside down stay so, which `plcc` does not let them.

    Raises
    ------
    InputError
        As `plcc`.

    Notes
    -----
    K. Xu et al., CVPR 2024, as in their released code; the closed form is ours.

    Examples
    --------
    >>> import torch
    >>> y = torch.tensor([1.0, 2.0, 3.0, 5.0])
    >>> plcc_induced(3 * y + 2, y).abs().item() < 1e-6, round(plcc_induced(-y, y).item(), 6)
    (True, 0.5)
    """
    rho = pearson(*pair(predictions, scores, minimum=2), flat=rounding(predictions))
    return (1 - rho) * (3 + rho) / 8


def pearson(predictions: Tensor, scores: Tensor, *, flat: float = FLAT) -> Tensor:
    """Pearson's correlation of two `(N,)` tensors of one type, with a finite slope where the predictions are equal."""
    return (unit(predictions, flat=flat) * unit(scores, constant=False)).sum()


def unit(values: Tensor, *, order: float = 2.0, constant: bool = True, flat: float = FLAT) -> Tensor:
    """Values less their mean over the `order`-norm of that; what is flat is divided by the norm that ends flatness.

    Flat is a standard deviation of up to `flat` times the mean, or times 1 where the mean is less.

    Raises
    ------
    InputError
        Flat values where `constant` ones are not allowed.
    """
    mean = values.mean()
    centred = values - mean
    size = len(values)
    # A q-norm of n values is at least this part of their 2-norm, so that one bound on the spread serves all orders.
    least = flat * mean.detach().abs().clamp(min=1) * size ** min(0.5, 1 / number(order, "q", least=1))
    length = norm(centred, order)
    equal = length <= least
    if not constant and bool(equal):
        raise InputError(
            "the scores of the batch are all equal, so there is no correlation with them",
            expected="two distinct scores or more",
            got=f"{size} of {float(mean):g}" if math.isfinite(float(mean)) else f"{size}",
            hint="Draw batches that hold several distinct scores (16 items or more), or leave this loss out.",
        )
    return centred / torch.where(equal, least, length)
