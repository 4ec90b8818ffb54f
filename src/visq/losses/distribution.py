"""Losses on distributions of scores: what share of people gave each grade."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from visq.errors import InputError, OptionError
from visq.losses.tensors import norm, number, pair

# How far the shares of a histogram may add up to something else than 1.
_SUM = 1e-3


def emd(predictions: Tensor, scores: Tensor, *, order: float = 2.0, logits: bool = True) -> Tensor:
    """Earth mover's distance of order r: the mean over items of ((1/K) sum_k |CDF_p(k) - CDF_y(k)|^r)^(1/r).

    Parameters
    ----------
    predictions : Tensor, (N, K)
        Logits of the K grades, or their probabilities.
    scores : Tensor, (N, K)
        Shares of the votes, adding up to 1 for each item; grades equally far apart.
    order : float
        r, from 1 on: 2 for training, 1 to report.
    logits : bool
        Whether predictions go through a softmax first. A network that ends with one gives probabilities.

    Returns
    -------
    Tensor, ()
        0 (equal) to ((K - 1)/K)^(1/r). Lower is better. The slope at 0 is taken as 0.

    Raises
    ------
    InputError
        Shapes that differ, votes that are negative or do not add up to 1. `OptionError` for an order below 1.

    Notes
    -----
    H. Talebi, P. Milanfar, NIMA: neural image assessment, IEEE TIP 27 (2018), 3998-4011, after L. Hou, C.-P. Yu, D.
    Samaras, arXiv 1611.05916.

    Examples
    --------
    >>> import torch
    >>> votes = torch.tensor([[0.0, 0.0, 0.0, 1.0]])
    >>> round(emd(votes.flip(1), votes, logits=False).item(), 6)  # sqrt(3/4)
    0.866025
    """
    number(order, "order", least=1)
    p, y = pair(predictions, scores, axes=2)
    _check_votes(y)
    shares = p.softmax(1) if logits else p
    return norm(shares.cumsum(1) - y.cumsum(1), order, mean=True).mean()


def cross_entropy(predictions: Tensor, scores: Tensor, *, logits: bool = True) -> Tensor:
    """Cross entropy of a distribution of votes: the mean over items of -sum_k t_k log p_k.

    Blind to the order of the grades. Parameters and errors are those of `emd`.

    Returns
    -------
    Tensor, ()
        The entropy of the votes (equal) or more. Lower is better. A probability of 0 counts as the least normal number.

    Notes
    -----
    The loss of J. You, J. Korhonen, Transformer for image quality assessment (TRIQ), ICIP 2021, released code.

    Examples
    --------
    >>> import torch
    >>> round(cross_entropy(torch.zeros(1, 5), torch.tensor([[0.1, 0.2, 0.4, 0.2, 0.1]])).item(), 6)  # log 5
    1.609438
    """
    p, y = pair(predictions, scores, axes=2)
    _check_votes(y)
    log = functional.log_softmax(p, 1) if logits else p.clamp(min=torch.finfo(p.dtype).tiny).log()
    return -(y * log).sum(1).mean()


def histogram(means: Tensor, std: Tensor, *, low: float = 1.0, high: float = 5.0, grades: int = 5) -> Tensor:
    """Votes that a mean and a standard deviation suggest: t_k in proportion to exp(-(k - mean)^2 / (2 std^2)).

    A target for `emd` and `cross_entropy` where a database gives no votes.

    Parameters
    ----------
    means, std : Tensor, (N,)
        Of the votes for each item; `std` above 0.
    low, high : float
        First and last grade.
    grades : int
        How many there are, equally far apart.

    Returns
    -------
    Tensor, (N, grades)
        Adding up to 1. Its own mean is `means` only well within the grades.

    Raises
    ------
    InputError
        A standard deviation that is not above 0, lengths that differ. `OptionError` for grades out of range.

    Examples
    --------
    >>> import torch
    >>> histogram(torch.tensor([3.0]), torch.tensor([1.0])).round(decimals=3).tolist()[0][:3]
    [0.05..., 0.24..., 0.40...]
    """
    mean, spread = pair(means, std, names=("means", "std"))
    if not bool((spread > 0).all()):
        raise InputError("std out of range", expected="above 0", got=f"{float(spread.min()):g}")
    number(high, "high", above=number(low, "low"))
    if isinstance(grades, bool) or not isinstance(grades, int) or grades < 2:
        raise OptionError("grades out of range", expected="a whole number from 2 on", got=repr(grades))
    steps = torch.linspace(low, high, grades, dtype=mean.dtype, device=mean.device)
    return (-(((steps - mean[:, None]) / spread[:, None]) ** 2) / 2).softmax(1)


def _check_votes(votes: Tensor) -> None:
    sums = votes.sum(1)
    worst = int((sums - 1).abs().argmax())
    if bool((votes < 0).any()) or not abs(float(sums[worst]) - 1) <= _SUM:
        raise InputError(
            "scores are no distributions of votes",
            expected="shares from 0 on that add up to 1",
            got=f"a sum of {float(sums[worst]):g} and a least share of {float(votes.min()):g}",
            hint="Divide the votes of each item by their number.",
        )
