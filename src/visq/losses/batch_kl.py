"""GSN's loss: the distribution that the scores of a batch make, against that of the predictions."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from visq.losses.tensors import number, pair


def batch_kl(predictions: Tensor, scores: Tensor, *, tau: float = 0.1, pairwise_abs: bool = False) -> Tensor:
    """Kullback-Leibler divergence KL(P || Q) with P = softmax(y/tau), Q = softmax(p/tau) over the batch.

    A softmax of the signed differences p_i - p_j over j is the same for every i: this is the divergence between the
    relative distances in the batch. Adding a constant to the predictions changes nothing, so add a regression loss.
    For small residuals e it is Var_P(e) / (2 tau^2): with scores of 0..1 and tau = 1 no more than half the variance of
    the residuals.

    Parameters
    ----------
    predictions, scores : Tensor, (N,)
        N from 2 on, 8 or more to mean anything.
    tau : float
        Above 0, in units of the scores: 0.1 for scores of 0..1, at most 0.2 of their range to act on the order.
    pairwise_abs : bool
        Row by row of the absolute differences |p_i - p_j| instead, averaged over the rows. It does not tell predictions
        from their mirror image: only together with a regression loss.

    Returns
    -------
    Tensor, ()
        0 (predictions are the scores plus a constant) or more, within the rounding of the type. Lower is better.

    Raises
    ------
    InputError
        A batch of one. The others are those of `regression.l1`; `OptionError` for `tau` out of range.

    Notes
    -----
    After H. Cong et al., Image quality assessment with gradient Siamese network, CVPR Workshops 2022, whose abstract
    names a divergence of the relative distances in a batch; its form is a reconstruction. The batch is coupled: with
    accumulated gradients, or on several devices, it is the mean over the parts, another loss.

    Examples
    --------
    >>> import torch
    >>> y = torch.tensor([0.1, 0.4, 0.5, 0.9])
    >>> abs(batch_kl(y + 3, y).item()) < 1e-6, batch_kl(-y, y).item() > 1
    (True, True)
    >>> abs(batch_kl(-y, y, pairwise_abs=True).item()) < 1e-6
    True
    """
    p, y = pair(predictions, scores, minimum=2)
    number(tau, "tau", above=0)
    if pairwise_abs:
        p, y = (p[:, None] - p[None, :]).abs(), (y[:, None] - y[None, :]).abs()
    else:
        p, y = p[None, :], y[None, :]
    # batchmean divides by the rows: one, or one an item.
    return functional.kl_div(
        functional.log_softmax(p / tau, 1), functional.log_softmax(y / tau, 1), log_target=True, reduction="batchmean"
    )
