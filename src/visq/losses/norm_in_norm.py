"""Norm-in-norm: predictions and scores are centred and brought to norm 1 before they are compared."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from visq.losses.correlation import unit
from visq.losses.tensors import number, pair, rounding


def norm_in_norm(predictions: Tensor, scores: Tensor, *, p: float = 2.0, q: float = 2.0, share: float = 0.5) -> Tensor:
    """The norm-in-norm loss: a p-norm of the difference of vectors of q-norm 1.

    With u and v the predictions and scores less their means over the q-norms of that, rho the cosine between u and v,
    and S = 2^max(1, 1/q) N^max(0, 1/p - 1/q), a bound on the norm::

        l0 = (|| u - v ||_p / S)^p,   l1 = (|| rho u - v ||_p / S)^p,   loss = share l0 + (1 - share) l1

    With p = q = 2 and r Pearson's correlation, l0 = (1 - r)/2 and l1 = (1 - r^2)/4; their mean is
    `correlation.plcc_induced`.

    Parameters
    ----------
    predictions, scores : Tensor, (N,)
        N from 2 on.
    p, q : float
        From 1 on. The authors of the loss recommend p = 1, q = 2; MonotonicIQA and LoDa have 2 and 2.
    share : float
        Of l0, 0 to 1. l1 alone does not tell predictions from their negative.

    Returns
    -------
    Tensor, ()
        0 (on a straight rising line with the scores) to 1. Lower is better.

    Raises
    ------
    InputError
        Fewer than 2 items, scores that are all equal. `OptionError` for p, q or `share` out of range.

    Notes
    -----
    D. Li, T. Jiang, M. Jiang, Norm-in-norm loss with faster convergence and better performance for image quality
    assessment, ACM Multimedia 2020. Their program gives a batch of one a loss of 0, and the release of MonotonicIQA,
    whose batches come as one row, therefore minimises something else; here a batch of one is refused. Equal predictions
    have u = 0.

    Examples
    --------
    >>> import torch
    >>> y = torch.tensor([1.0, 2.0, 3.0, 5.0])
    >>> round(norm_in_norm(torch.tensor([1.0, 2.0, 3.0, 4.0]), y, share=1.0).item(), 6)
    0.008646
    >>> round(norm_in_norm(-y, y, p=1.0).item(), 4)
    0.4226
    """
    x, y = pair(predictions, scores, minimum=2)
    number(p, "p", least=1)
    part = number(share, "share", least=0, most=1)
    u, v = unit(x, order=q, flat=rounding(predictions)), unit(y, order=q, constant=False)
    scale = 2 ** max(1, 1 / q) * len(x) ** max(0.0, 1 / p - 1 / q)
    rho = functional.cosine_similarity(u, v, dim=0)
    return part * _power((u - v) / scale, p) + (1 - part) * _power((rho * u - v) / scale, p)


def _power(values: Tensor, p: float) -> Tensor:
    """The p-th power of the p-norm."""
    size = values.abs()
    return (values.square() if p == 2 else size if p == 1 else size**p).sum()
