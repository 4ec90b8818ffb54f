"""Losses with a learned variance: of the error of a prediction, or of a whole task."""

from __future__ import annotations

import math

from torch import Tensor

from visq.errors import InputError
from visq.losses.tensors import floating, number, other, pair


def gaussian_nll(
    predictions: Tensor, scores: Tensor, log_variance: Tensor, *, limit: float = 10.0, full: bool = False
) -> Tensor:
    """Negative log likelihood of scores that are normal about the predictions: mean (exp(-s) (p - y)^2 + s) / 2.

    s is the logarithm of the variance, predicted for each item or one for all. For one s and a fixed mean squared error
    m the least is at exp(s) = m.

    Parameters
    ----------
    predictions, scores : Tensor, (N,)
    log_variance : Tensor, (N,) or ()
    limit : float
        Above 0. s counts as no less than -limit and no more than limit: without that it runs off where the error
        vanishes. Its slope outside is that at the limit, so that it can come back. 10 is a standard deviation of 0.0067
        at least.
    full : bool
        Add log(2 pi)/2.

    Returns
    -------
    Tensor, ()
        Any number. Lower is better.

    Raises
    ------
    InputError
        As `regression.l1`, and a `log_variance` of another shape. `OptionError` for a limit out of range.

    Notes
    -----
    D. A. Nix, A. S. Weigend, Estimating the mean and variance of the target probability distribution, ICNN 1994; A.
    Kendall, Y. Gal, What uncertainties do we need in Bayesian deep learning for computer vision?, NIPS 2017, eq. 8.

    Examples
    --------
    >>> import torch
    >>> gaussian_nll(torch.tensor([1.0, 3.0]), torch.tensor([2.0, 1.0]), torch.tensor(0.0)).item()
    1.25
    """
    p, y = pair(predictions, scores)
    s = _bounded(other(log_variance, p, "log_variance"), limit)
    if s.ndim and s.shape != p.shape:
        raise InputError(
            "log_variance has the wrong shape", expected=f"() or {tuple(p.shape)}", got=str(tuple(s.shape))
        )
    value = (((-s).exp() * (p - y).square() + s) / 2).mean()
    return value + math.log(2 * math.pi) / 2 if full else value


def uncertainty_weighted(cost: Tensor, log_variance: Tensor, *, regression: bool = False, limit: float = 5.0) -> Tensor:
    """One task of several, weighted by a learned uncertainty: f exp(-s) cost + s/2, f = 1/2 for a squared error.

    Add up those of all tasks, each with its own s, a parameter that starts at 0.

    Parameters
    ----------
    cost : Tensor, ()
        The loss of the task: a mean squared error (`regression`), or a cross entropy.
    log_variance : Tensor, ()
    regression : bool
        Whether f is 1/2. The result is then `gaussian_nll`.
    limit : float
        As there; 5 keeps the weight of a task between 1/148 and 148.

    Raises
    ------
    InputError
        What is no single number. `OptionError` for a limit out of range.

    Notes
    -----
    A. Kendall, Y. Gal, R. Cipolla, Multi-task learning using uncertainty to weigh losses for scene geometry and
    semantics, CVPR 2018. The abstract of 4K-BIQA (W. Lu et al., arXiv 2206.04363) names such a weighting.

    Examples
    --------
    >>> import torch
    >>> uncertainty_weighted(torch.tensor(0.5), torch.tensor(0.0)).item()
    0.5
    """
    value = floating(cost, "cost", axes=0)
    s = _bounded(other(log_variance, value, "log_variance"), limit)
    if value.ndim or s.ndim:
        raise InputError("a task has one cost and one log_variance", expected="()", got=str(tuple((value + s).shape)))
    return (0.5 if regression else 1.0) * (-s).exp() * value + s / 2


def _bounded(s: Tensor, limit: float) -> Tensor:
    """`s` within the limits, with the slope of 1 throughout: one of 0 would keep outside what is outside."""
    number(limit, "limit", above=0)
    return s + (s.clamp(-limit, limit) - s).detach()
