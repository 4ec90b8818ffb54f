"""What the recipes of LoDa minimise and measure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from visq.ops.choices import check_choice

if TYPE_CHECKING:
    from torch import Tensor

#: The losses by the name of the option: the authors' program, and the text of their paper.
LOSSES: dict[str, tuple[str, dict[str, Any]]] = {
    "plcc": ("plcc_induced", {}),
    "plcc-linear": ("plcc", {"half": True}),
}


def objective(outputs: Tensor, batch: Mapping[str, Tensor], options: Mapping[str, Any]) -> dict[str, Tensor]:
    """The loss that ``options["loss"]`` names, of the scores of a batch of crops.

    Raises
    ------
    InputError
        The ratings of the batch are all equal.
    OptionError
        Another loss.
    """
    from visq.losses.terms import make

    check_choice("loss", options["loss"], tuple(LOSSES))
    name, given = LOSSES[options["loss"]]
    return {name: make(name, **given)(outputs, batch["score"])}


def measure(outputs: Tensor, batch: Mapping[str, Tensor]) -> dict[str, float]:
    """Correlations of the means over the crops of each picture with the ratings; `spread`: deviation over crops."""
    import numpy as np

    from visq.evaluate import krcc, plcc, srcc

    numbers, place, count = np.unique(batch["picture"].numpy(), return_inverse=True, return_counts=True)
    crops = outputs.double().numpy()
    mean = np.bincount(place, crops) / count
    spread = np.sqrt(np.bincount(place, (crops - mean[place]) ** 2) / count)
    scores = np.zeros(len(numbers))
    scores[place] = batch["score"].double().numpy()
    found = {name: measured(mean, scores) for name, measured in (("srcc", srcc), ("plcc", plcc), ("krcc", krcc))}
    return {**found, "spread": float(spread.mean())}


__all__ = ["LOSSES", "measure", "objective"]
