"""Training: a `Recipe` says what is learned from what, and `fit` is the only loop that does it.

>>> from visq.train import load, override
>>> recipe = override(load("example"), "epochs=4", "optimiser.rate=0.02")
>>> recipe.epochs, recipe.optimiser.rate
(4, 0.02)

Importing this package loads no numerical library; `fit` needs the extra `train`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from visq.lazy import names

if TYPE_CHECKING:
    from visq.train.fitting import Fitted, fit
    from visq.train.loading import load
    from visq.train.overriding import override
    from visq.train.planning import Plan, plan
    from visq.train.recipe import Group, Optimiser, Recipe, Schedule, Validation
    from visq.train.streams import Stream, Streams

_HOME = {
    "Fitted": "fitting", "fit": "fitting", "load": "loading", "override": "overriding", "Plan": "planning",
    "plan": "planning", "Group": "recipe", "Optimiser": "recipe", "Recipe": "recipe", "Schedule": "recipe",
    "Validation": "recipe", "Stream": "streams", "Streams": "streams",
}  # fmt: skip

__all__ = [
    "Fitted", "Group", "Optimiser", "Plan", "Recipe", "Schedule", "Stream", "Streams", "Validation", "fit", "load",
    "override", "plan",
]  # fmt: skip

__getattr__ = names(__name__, _HOME)
