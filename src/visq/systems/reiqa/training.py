"""What the recipes of the two encoders have in common: the network, the loss, and what they are judged by meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from visq.errors import InputError
from visq.systems.reiqa.design import Part, size_of

if TYPE_CHECKING:
    import torch

    from visq.train.data.photographs import Photographs

#: Of both recipes: 0, -1 or an empty text stand for what the size says.
OPTIONS: dict[str, Any] = {
    "size": "small", "queue": 0, "negatives": "", "groups": 0, "momentum": 0.0, "judging": 64, "split": -1,
}  # fmt: skip


def contrast(options: Mapping[str, Any], part: Part) -> torch.nn.Module:
    """A network that has learned nothing, its parameters drawn from torch's generator."""
    import torch

    from visq.systems.reiqa.contrast import Contrast

    return Contrast(size_of(options), part, int(torch.randint(2**31 - 1, ())))


def photographs(data: Any, options: Mapping[str, Any], seed: int, least: int) -> tuple[Photographs, Photographs]:
    """Photographs to learn from, and at most `judging` others, all of them large enough.

    Raises
    ------
    InputError, OptionError, ReadError
        As `visq.train.data.photographs.opened` and `large_enough`.
    """
    from visq.train.data.photographs import JUDGES, large_enough, opened

    fit, validation = opened(data, seed=seed, split=options["split"])
    small = options.get("small", "leave out")
    (learned, _), (judged, _) = (large_enough(one, least, small) for one in (fit, validation))
    judged = replace(judged, pictures=judged.pictures[: options["judging"]])
    if len(judged) < JUDGES:
        raise InputError(
            "too few photographs to judge by", expected=f"{JUDGES} or more", got=str(len(judged)),
            hint="Give more photographs, or set options.judging higher.",
        )  # fmt: skip
    return learned, judged


def objective(outputs: torch.Tensor, batch: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:  # noqa: ARG001
    """The contrastive loss: the name of a pair is its place."""
    from visq.systems.reiqa.contrast import contrastive_loss

    return {"contrast": contrastive_loss(outputs)}


__all__ = ["OPTIONS", "contrast", "objective", "photographs"]
