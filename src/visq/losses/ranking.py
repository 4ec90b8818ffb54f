"""Losses of pairs: the better of two items is to be predicted higher, by a margin, a probability or a distribution."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from visq.losses.tensors import labels, mean_of, number, pair, per_item, warn_alone

# Beyond, the normal distribution function of either type is 0 or 1 and its logarithm's slope no longer exact.
_FAR = 30.0


def margin_rank(
    predictions: Tensor,
    scores: Tensor,
    *,
    margin: float = 0.02,
    slope: float = 0.0,
    within: float | None = None,
    groups: Tensor | None = None,
) -> Tensor:
    """Pairs in the wrong order, or in the right one by too little: the mean of max(0, m - (p_i - p_j)) over y_i > y_j.

    m = margin + slope (y_i - y_j).

    Parameters
    ----------
    predictions, scores : Tensor, (N,)
    margin, slope : float
        From 0 on, in units of the predictions, and of predictions for each unit of the scores. With both 0 equal
        predictions cost nothing and have no slope: nothing then drives them apart.
    within : float, optional
        Only pairs whose scores differ by less: the hard ones.
    groups : Tensor of whole numbers, (N,), optional
        Only pairs of one group: one database, or one picture with its damaged copies.

    Returns
    -------
    Tensor, ()
        0 (every pair in order, by the margin) or more. 0 too where there are no pairs. Pairs of equal scores do not
        count. Lower is better.

    Raises
    ------
    InputError
        As `regression.l1`, and `groups` of another length. `OptionError` for a margin, slope or `within` out of range.

    Warns
    -----
    VisqWarning
        A batch of one holds no pairs.

    Notes
    -----
    margin 0.02: the rank term of the stand-in for StereoSRQA. margin 0 or slope 1, with `within`: the rank term of S.
    Wen, J. Wang, A strong baseline for image and video quality assessment, arXiv 2111.07104 (CenseoQoE, released code).

    Examples
    --------
    >>> import torch
    >>> y, p = torch.tensor([0.2, 0.5, 0.9]), torch.tensor([0.5, 0.2, 0.9])
    >>> round(margin_rank(p, y, margin=0.0, within=0.35).item(), 6)
    0.3
    """
    p, y = pair(predictions, scores)
    warn_alone(p, "margin_rank")
    chosen, ahead, gap = _pairs(p, y, within, groups)
    room = number(margin, "margin", least=0) + number(slope, "slope", least=0) * gap
    return mean_of(functional.relu(room - ahead), chosen)


def ranknet(
    predictions: Tensor,
    scores: Tensor,
    *,
    temperature: float = 1.0,
    within: float | None = None,
    groups: Tensor | None = None,
) -> Tensor:
    """RankNet: the mean of log(1 + exp(-(p_i - p_j)/T)) over the pairs with y_i > y_j.

    The cross entropy of the model P(i better than j) = 1/(1 + exp(-(p_i - p_j)/T)) for an order that is certain.

    Parameters
    ----------
    predictions, scores : Tensor, (N,)
    temperature : float
        T, above 0, in units of the predictions: for predictions of 0..1 a tenth or less makes the order matter.
    within, groups
        As in `margin_rank`.

    Returns
    -------
    Tensor, ()
        Above 0; log 2 where all predictions are equal; 0 where there are no pairs. Lower is better, and it goes on
        falling as ordered pairs move apart.

    Raises
    ------
    InputError, OptionError
        As `margin_rank`.

    Notes
    -----
    C. Burges et al., Learning to rank using gradient descent, ICML 2005. Pairs of equal scores, which they give the
    target 1/2, do not count here.

    Examples
    --------
    >>> import torch
    >>> y = torch.tensor([1.0, 2.0, 3.0])
    >>> round(ranknet(torch.zeros(3), y).item(), 6)
    0.693147
    """
    p, y = pair(predictions, scores)
    warn_alone(p, "ranknet")
    chosen, ahead, _ = _pairs(p, y, within, groups)
    return mean_of(functional.softplus(-ahead / number(temperature, "temperature", above=0)), chosen)


def fidelity(
    predictions: Tensor,
    scores: Tensor,
    *,
    spread: float = 1.0,
    within: float | None = None,
    std: Tensor | None = None,
    groups: Tensor | None = None,
) -> Tensor:
    """Fidelity: the mean over pairs of 1 - sqrt(P Q) - sqrt((1 - P)(1 - Q)).

    Thurstone's model with equal spreads gives Q = Phi((p_i - p_j) / (sqrt(2) spread)), the predicted probability that i
    looks better than j. P is what people said: 1 for y_i > y_j, or Phi((y_i - y_j) / sqrt(s_i^2 + s_j^2)) with the
    standard deviations s of the scores.

    Parameters
    ----------
    predictions, scores : Tensor, (N,)
    spread : float
        Above 0, in units of the predictions.
    within, groups
        As in `margin_rank`.
    std : Tensor, (N,), optional
        Of each score. Without it pairs of equal scores do not count; with it they do, with P = 1/2.

    Returns
    -------
    Tensor, ()
        0 (the distributions agree) to 1, within the rounding of the type; 0 where there are no pairs. Lower is better.
        A pair that is far in the wrong order costs nearly 1 and has next to no slope.

    Raises
    ------
    InputError, OptionError
        As `margin_rank`.

    Notes
    -----
    M.-F. Tsai et al., FRank: a ranking method with fidelity loss, SIGIR 2007; W. Zhang, K. Ma, G. Zhai, X. Yang,
    Uncertainty-aware blind image quality assessment in the laboratory and wild, IEEE TIP 30 (2021), 3474-3486.

    Examples
    --------
    >>> import torch
    >>> y = torch.tensor([1.0, 2.0])
    >>> round(fidelity(torch.zeros(2), y).item(), 6)  # 1 - sqrt(1/2)
    0.292893
    >>> abs(fidelity(y, y, spread=0.5, std=torch.tensor([0.5, 0.5])).item()) < 1e-6
    True
    """
    p, y = pair(predictions, scores)
    warn_alone(p, "fidelity")
    chosen, ahead, gap = _pairs(p, y, within, groups, ties=std is not None)
    found = ahead / (math.sqrt(2) * number(spread, "spread", above=0))
    overlap = _overlap(found, _certainty(gap, per_item(std, p, "std")) if std is not None else None)
    return mean_of(1 - overlap, chosen)


def _pairs(
    p: Tensor, y: Tensor, within: float | None, groups: Tensor | None, *, ties: bool = False
) -> tuple[Tensor, Tensor, Tensor]:
    """Which of all ordered pairs `(N, N)` count, by how much i is predicted above j, and by how much it scores above.

    Each pair counts once: i is the better one, or of a tie the earlier one.
    """
    gap = y[:, None] - y[None, :]
    chosen = gap > 0
    if ties:
        chosen = chosen | ((gap == 0) & torch.ones_like(chosen).triu(1))
    if within is not None:
        chosen = chosen & (gap < number(within, "within", above=0))
    if groups is not None:
        label = labels(groups, y, "groups")
        chosen = chosen & (label[:, None] == label[None, :])
    return chosen, p[:, None] - p[None, :], gap


def _certainty(gap: Tensor, std: Tensor) -> Tensor:
    """How many standard deviations apart two scores are; 0 for two equal ones without any."""
    both = (std[:, None].square() + std[None, :].square()).sqrt()
    return gap / both.clamp(min=torch.finfo(gap.dtype).tiny)


def _overlap(found: Tensor, wanted: Tensor | None) -> Tensor:
    """sqrt(P Q) + sqrt((1 - P)(1 - Q)) from the normal deviates of Q and P, P being 1 where there is none.

    In logarithms, because the slope of sqrt(Phi) is 0/0 where Phi has vanished.
    """
    log = torch.special.log_ndtr
    found = found.clamp(-_FAR, _FAR)
    if wanted is None:
        return (log(found) / 2).exp()
    wanted = wanted.clamp(-_FAR, _FAR)
    return ((log(found) + log(wanted)) / 2).exp() + ((log(-found) + log(-wanted)) / 2).exp()
