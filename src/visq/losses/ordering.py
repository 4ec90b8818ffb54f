"""Losses that need no scores of people: damage that is known to be worse, and pictures known to be pristine."""

from __future__ import annotations

from typing import Literal

from torch import Tensor
from torch.nn import functional

from visq.losses import ranking
from visq.losses.tensors import mean_of, number, pair, per_item
from visq.ops.choices import check_choice


def ordered(
    predictions: Tensor,
    levels: Tensor,
    *,
    form: Literal["hinge", "logistic"] = "hinge",
    margin: float = 0.02,
    slope: float = 0.0,
    temperature: float = 1.0,
    within: float | None = None,
    groups: Tensor | None = None,
) -> Tensor:
    """Copies of a picture with rising damage: predictions have to fall as the level rises.

    `ranking.margin_rank` (hinge) or `ranking.ranknet` (logistic) with minus the levels in place of the scores.

    Parameters
    ----------
    predictions : Tensor, (N,)
        Higher is better.
    levels : Tensor, (N,)
        Of severity: higher is worse, 0 the untouched picture.
    form : {"hinge", "logistic"}
    margin, slope : float
        Of the hinge: by how much the prediction has to fall, and by how much more for each level.
    temperature : float
        Of the logistic form.
    within : float, optional
        Only levels that lie nearer: 1.5 for neighbours among 0, 1, 2...
    groups : Tensor of whole numbers, (N,)
        One number for each picture and kind of damage. Levels of two kinds say nothing about each other, so leave it
        out only where the batch is of one group.

    Returns
    -------
    Tensor, ()
        0 or more; 0 where no two levels of a group differ. Lower is better.

    Raises
    ------
    InputError
        As `ranking.margin_rank`. `OptionError` for an unknown form.

    Notes
    -----
    The idea: X. Liu, J. van de Weijer, A. D. Bagdanov, RankIQA: learning from rankings for no-reference image quality
    assessment, ICCV 2017, with a hinge.

    Examples
    --------
    >>> import torch
    >>> levels, picture = torch.tensor([0, 1, 2, 0, 1]), torch.tensor([1, 1, 1, 2, 2])
    >>> p = torch.tensor([0.9, 0.7, 0.8, 0.4, 0.3])
    >>> round(ordered(p, levels, margin=0.0, groups=picture).item(), 6)  # 0.1 too high in one pair of four
    0.025
    """
    check_choice("form", form, ("hinge", "logistic"))
    first, level = pair(predictions, levels, names=("predictions", "levels"))
    if form == "hinge":
        return ranking.margin_rank(first, -level, margin=margin, slope=slope, within=within, groups=groups)
    return ranking.ranknet(first, -level, temperature=temperature, within=within, groups=groups)


def below_reference(
    predictions: Tensor,
    references: Tensor,
    *,
    margin: float = 0.05,
    below: float = 0.9,
    scores: Tensor | None = None,
) -> Tensor:
    """A damaged picture has to be predicted below its reference: the mean of max(0, q(x) - q(r) + margin).

    Parameters
    ----------
    predictions, references : Tensor, (N,)
        What the network gives for damaged pictures and for their references; higher is better.
    margin : float
        From 0 on.
    below : float
        Where `scores` are given, only pictures that score less than this count: the others may well look as good.
    scores : Tensor, (N,), optional

    Returns
    -------
    Tensor, ()
        0 or more; 0 where no picture counts. Lower is better.

    Raises
    ------
    InputError
        As `regression.l1`. `OptionError` for a margin out of range.

    Notes
    -----
    The reference term of joint training with and without reference, reconstructed after K. Zeng, S. Kwong, Learning
    transformer features for image quality assessment, arXiv 2112.00485.

    Examples
    --------
    >>> import torch
    >>> q, r = torch.tensor([0.5, 0.98]), torch.tensor([0.9, 0.95])
    >>> round(below_reference(q, r).item(), 6), below_reference(q, r, scores=torch.tensor([0.5, 0.95])).item()
    (0.04, 0.0)
    """
    q, r = pair(predictions, references, names=("predictions", "references"))
    excess = functional.relu(q - r + number(margin, "margin", least=0))
    if scores is None:
        return excess.mean()
    return mean_of(excess, per_item(scores, q, "scores") < number(below, "below"))
