"""What is minimised and what is measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from visq.errors import OptionError
from visq.evaluate import plcc, rmse, srcc
from visq.losses.consistency import consistency
from visq.losses.distribution import cross_entropy, histogram
from visq.losses.regression import l2
from visq.ops.choices import check_choice
from visq.systems.pmt.design import GRADES


def graded(scores: Tensor) -> Tensor:
    """Opinions in 0..1 as grades in 1..5.

    >>> import torch
    >>> graded(torch.tensor([0.0, 0.5, 1.0])).tolist()
    [1.0, 3.0, 5.0]
    """
    return 1.0 + (GRADES - 1.0) * scores


def objective(
    outputs: Mapping[str, Tensor], batch: Mapping[str, Tensor], options: Mapping[str, Any]
) -> dict[str, Tensor]:
    """The terms.

    With ``target="mean"`` the squared distance of the score from the mean opinion, in grades. With
    ``target="distribution"`` the cross entropy of the distribution with votes that mean and spread suggest,
    ``t_k`` in proportion to ``exp(-(k - MOS)^2 / (2 s^2))``. With `consistency` above 0 also its product with the
    squared distance of a score by a part of a picture from that by the whole, which is held: it teaches what is asked
    about when halves of pictures are compared, and has no place in such an experiment.
    """
    check_choice("target", options["target"], ("mean", "distribution"))
    wanted = graded(batch["score"])
    if options["target"] == "mean":
        terms = {"square": l2(outputs["score"], wanted)}
    elif "logits" in outputs:
        terms = {"votes": cross_entropy(outputs["logits"], histogram(wanted, batch["spread"]))}
    else:
        raise OptionError("this network gives no distribution", expected="options.target=mean")
    weight = options.get("consistency", 0.0)
    if weight > 0 and "whole" in outputs:
        terms["consistency"] = weight * consistency(outputs["score"], outputs["whole"], squared=True)
    return terms


def measure(outputs: Mapping[str, Tensor], batch: Mapping[str, Tensor]) -> dict[str, float]:
    """`srcc` and `plcc` with mean opinions, and `rmse` in grades."""
    score, wanted = outputs["score"].numpy(), graded(batch["score"]).numpy()
    return {"srcc": srcc(score, wanted), "plcc": plcc(score, wanted), "rmse": rmse(score, wanted)}


__all__ = ["graded", "measure", "objective"]
