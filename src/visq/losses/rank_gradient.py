"""REQA's rank-and-gradient loss: pairs in the wrong order cost what both differences say."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from visq.losses.tensors import number, pair, warn_alone

# What the slope of a pair is held at by `stable`.
_STEEPEST = 5.0


def rank_gradient(predictions: Tensor, scores: Tensor, *, eps: float = 1e-4, stable: bool = False) -> Tensor:
    """The mean over all N^2 ordered pairs of max(0, -Dp Dy) (1/(|Dp| + eps) + 1/(|Dy| + eps)).

    Dp = p_i - p_j, Dy = y_i - y_j. A pair in the wrong order costs about |Dy| + |Dp|, one in the right order nothing.

    Parameters
    ----------
    predictions, scores : Tensor, (N,)
        On one scale, REQA's 0..100: the two differences are added up.
    eps : float
        Above 0.
    stable : bool
        Hold the slope of the first part at 5 for each pair. As published it is |Dy| eps / (|Dp| + eps)^2, up to
        |Dy| / eps, thousands, at a near tie of the predictions, and almost 0 elsewhere. The value stays as it is.

    Returns
    -------
    Tensor, ()
        0 (no pair in the wrong order, equal predictions included) or more. Lower is better.

    Raises
    ------
    InputError
        As `regression.l1`. `OptionError` for `eps` out of range.

    Warns
    -----
    VisqWarning
        A batch of one holds no pairs.

    Notes
    -----
    B. Li, F. Huo, REQA: coarse-to-fine assessment of image quality to alleviate the range effect, J. Visual
    Communication and Image Representation 98 (2024), 104043, as in the released code; `stable` is ours.

    Examples
    --------
    >>> import torch
    >>> y = torch.tensor([10.0, 20.0, 30.0])
    >>> round(rank_gradient(torch.tensor([3.0, 2.0, 1.0]), y).item(), 4)
    9.7771
    """
    p, y = pair(predictions, scores)
    warn_alone(p, "rank_gradient")
    number(eps, "eps", above=0)
    ahead, gap = p[:, None] - p[None, :], y[:, None] - y[None, :]
    wrong = functional.relu(-ahead * gap)
    by_prediction = wrong / (ahead.abs() + eps)
    if stable:
        apart = ahead.abs()
        slope = (gap.abs() * eps / (apart + eps) ** 2).clamp(max=_STEEPEST) * (wrong > 0)
        by_prediction = by_prediction.detach() + slope.detach() * (apart - apart.detach())
    return (by_prediction + wrong / (gap.abs() + eps)).mean()
