"""What is minimised and what is measured while visq-nr is trained.

Of rated photographs: a smooth distance of the score from the mean opinion, and one minus their correlation. Of damaged
ones: a score that does not fall by a margin from level to level. Of trimmed ones: a score that is not that of the
picture. The width of the interval and the sub-scores are learned beside it and change no score.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from visq.evaluate import plcc, rmse, srcc
from visq.losses.correlation import plcc as line
from visq.losses.ordering import ordered
from visq.losses.regression import smooth_l1
from visq.losses.uncertainty import gaussian_nll
from visq.systems.visq_nr.design import SUBSCORES
from visq.systems.visq_nr.training.material import DAMAGED, PART_OF, RATED, TRIMMED, VARIED
from visq.train.data.degradations import COMMON, STEPS

#: By how much a score, in 0..1, has to fall from one level to the next.
MARGIN = 0.02
_BETA = 0.1
_PLACES = torch.tensor([SUBSCORES.index(PART_OF[one.name]) for one in COMMON])


def objective(outputs: Mapping[str, Tensor], batch: Mapping[str, Tensor], options: Mapping[str, Any]) -> dict[str, Any]:
    """The terms, weighted by ``options["weights"]``."""
    weights = options["weights"]
    score, stream = outputs["score"], batch["stream"]
    rated, damaged = stream == RATED, (stream == DAMAGED) | (stream == VARIED)
    given, opinion = score[rated], batch["score"][rated]
    # The score is held: a wide interval must not excuse a wrong one.
    width = gaussian_nll(given.detach(), opinion, 2.0 * outputs["log_scale"][rated])
    levels, groups = batch["level"][damaged], batch["group"][damaged]
    terms = {
        "value": smooth_l1(given, opinion, beta=_BETA),
        "line": line(given, opinion),
        "order": ordered(score[damaged], levels, margin=0.0, slope=MARGIN, groups=groups),
        "trim": apart(score[stream == TRIMMED]),
        "width": width,
        "parts": parts(outputs, levels, batch["type"][damaged], damaged),
    }
    return {name: weights[name] * value for name, value in terms.items() if weights[name] > 0}


def apart(scores: Tensor) -> Tensor:
    """Mean distance of two scores of one picture, which stand one after the other."""
    first, second = scores.reshape(-1, 2).unbind(1)
    return (first - second).abs().mean()


def parts(outputs: Mapping[str, Tensor], levels: Tensor, types: Tensor, damaged: Tensor) -> Tensor:
    """Cross entropy of the sub-scores: one less a fifth of the level for the one that the damage is of, else one."""
    given = torch.stack([outputs[name][damaged] for name in SUBSCORES], dim=1)
    own = functional.one_hot(_PLACES.to(types.device)[types], len(SUBSCORES)).to(given.dtype)
    wanted = 1.0 - own * (levels.to(given.dtype) / (STEPS - 1))[:, None]
    # Away from 0 and 1, where its slope has no end.
    return functional.binary_cross_entropy(given.clamp(1e-6, 1.0 - 1e-6), wanted)


def measure(outputs: Mapping[str, Tensor], batch: Mapping[str, Tensor]) -> dict[str, float]:
    """Agreement with people, and how well the score behaves, on the validation part.

    `srcc`, `plcc`, `rmse` (in 0..1) of the pictures themselves; `trim`: the 95th percentile of the change in points of
    100; `falling`: the share of steps from one level of damage to the next in which the score falls.
    """
    score, stream = outputs["score"].double().clamp(0.0, 1.0), batch["stream"]
    given, opinion = score[stream == RATED].numpy(), batch["score"][stream == RATED].numpy()
    steps = score[stream == DAMAGED].reshape(-1, STEPS).diff(dim=1)
    cut = score[stream == TRIMMED].reshape(-1, 2)
    return {
        "srcc": srcc(given, opinion), "plcc": plcc(given, opinion), "rmse": rmse(given, opinion),
        "trim": changed(cut), "falling": float((steps < 0).double().mean()),
    }  # fmt: skip


def changed(pairs: Tensor) -> float:
    """95th percentile of the difference of `(N, 2)` scores in 0..1, in points of 100."""
    return 100.0 * float((pairs[:, 0] - pairs[:, 1]).abs().quantile(0.95))


__all__ = ["MARGIN", "apart", "changed", "measure", "objective", "parts"]
