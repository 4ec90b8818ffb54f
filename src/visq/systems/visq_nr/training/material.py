"""What visq-nr learns from: statistics of rated photographs, and of damaged ones.

Four tables of rows, one beside the other in every batch (`stream` says which a row is of):

==========  ==========================================================================================  ============
`stream`    rows                                                                                        of pictures
==========  ==========================================================================================  ============
`RATED`     the picture                                                                                 all that fit
`DAMAGED`   every type of damage at levels 0 to 5, 0 the picture itself                                 the best rated
`TRIMMED`   the picture, and without two rows and columns                                               some
`VARIED`    one type of damage at levels 0 to 5, the types in turn                                      the next best
==========  ==========================================================================================  ============

The network's trunk does not change, so each row is computed once and kept.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from visq.datasets import dataset
from visq.systems.visq_nr.design import Design
from visq.systems.visq_nr.features import row_maker
from visq.train.data import image_cache
from visq.train.data.degradations import COMMON, STEPS, graded_pictures
from visq.train.data.feature_cache import FeatureCache, Features
from visq.train.data.feature_streams import FeatureStream
from visq.train.data.keyed import Keyed, keyed
from visq.train.data.mixing import Joined
from visq.train.data.splits import Part, Parts, held_out, parts
from visq.train.data.views import trimmed
from visq.train.data.work import Work, kept_in, shown
from visq.train.recipe import Recipe
from visq.train.streams import Streams

DATABASE = "biq2021"
RATED, DAMAGED, TRIMMED, VARIED = range(4)
#: Which sub-score each type of damage is of; the order is that of `COMMON`.
PART_OF = {
    "gaussian_blur": "sharpness", "motion_blur_any": "sharpness", "resize_bicubic": "sharpness",
    "gaussian_noise": "noise", "jpeg": "compression", "jpeg2000": "compression",
    "overexposure": "exposure", "underexposure": "exposure",
}  # fmt: skip
#: Rows and columns that are cut off in turn.
_TRIMS: tuple[Mapping[str, int], ...] = (
    {"top": 2}, {"left": 2}, {"bottom": 2, "right": 2}, {"top": 2, "left": 2}, {"top": 1, "bottom": 1, "right": 2},
)  # fmt: skip


@dataclass(frozen=True)
class Amounts:
    """How much of everything: options of the recipe.

    Attributes
    ----------
    damaged, varied, trimmed : int
        Pictures of the fit part that are damaged in every way, in one way, and trimmed. The damaged ones are the best
        rated: one that is bad already may get better by what is damage to another.
    held_damaged : int
        Pictures of the validation part that are damaged.
    validation, calibration : float
        Shares of the training part of the database.
    split_seed : int
        Of the division.
    groups, varied_groups, trims, batch : int
        In a batch: groups of six levels of pictures that are damaged in every way, and in one way, pairs of trimmed
        pictures, and rated pictures.
    """

    damaged: int = 240
    varied: int = 1200
    trimmed: int = 1000
    held_damaged: int = 40
    validation: float = 0.1
    calibration: float = 0.1
    split_seed: int = 0
    groups: int = 8
    varied_groups: int = 4
    trims: int = 8
    batch: int = 64

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Amounts:
        """Those that options name."""
        return cls(**{f.name: options[f.name] for f in fields(cls) if f.name in options})


class Material:
    """Everything that is read, computed where it lacks.

    Parameters
    ----------
    root : path
        Folder of BIQ2021.
    design : Design
    amounts : Amounts
    folder : path, optional
        Where rows and pictures are kept. None: in visq's cache.
    work : Work
        Who hears of it.
    engine : {"onnxruntime", "torch"}
    trunk : {"public", "random"} or path
    """

    def __init__(
        self, root: str | os.PathLike[str], design: Design, amounts: Amounts, *,
        folder: str | os.PathLike[str] | None = None, work: Work | None = None, engine: Any = "onnxruntime",
        trunk: str = "public",
    ) -> None:  # fmt: skip
        self.amounts, self.design = amounts, design
        self.dataset = dataset(DATABASE, root)
        a = amounts
        self.parts: Parts = parts(self.dataset, validation=a.validation, calibration=a.calibration, seed=a.split_seed)
        self._folder = kept_in(folder, "visq-nr")
        self._work = work or Work()
        self._cache = FeatureCache(self._folder / "features", row_maker(design, trunk, engine=engine))

    def rows(self, pictures: Iterable[Keyed]) -> Features:
        """Statistics of pictures."""
        return self._cache.features(list(pictures), work=self._work)

    def rated(self, part: Part) -> Features:
        """A row for every picture."""
        return self.rows(keyed(part))

    def test(self) -> Part:
        """The official test part: for figures of a network that is finished."""
        return held_out(self.dataset)

    def damaged(self, part: Part) -> Features:
        """Of every picture each type of damage, each at levels 0 to 5."""
        images = image_cache.build(part, self._folder / f"pictures-{part.identity[:12]}", work=self._work)
        return self.rows(graded_pictures(images, part, COMMON))

    def varied(self, part: Part) -> Features:
        """Of every picture one type of damage at levels 0 to 5: of the first the first type, and so on in turn."""
        images = image_cache.build(part, self._folder / f"pictures-{part.identity[:12]}", work=self._work)
        ways = len(COMMON)
        views = [graded_pictures(images, part.only(range(j, len(part), ways)), COMMON[j : j + 1]) for j in range(ways)]
        return self.rows(views[i % ways][i // ways * STEPS + level] for i in range(len(part)) for level in range(STEPS))

    def trimmed(self, part: Part) -> Features:
        """Of every picture two rows: itself, and a part of it."""
        every = enumerate(keyed(part))
        return self.rows(view for i, one in every for view in (one, trimmed(one, **_TRIMS[i % len(_TRIMS)])))


def best_rated(part: Part, count: int, after: int = 0) -> Part:
    """The pictures with the highest scores but so many that are better still, in the order of the part."""
    order = np.argsort(-part.scores, kind="stable")[after : after + count]
    return part.only(sorted(order.tolist()))


def graded_columns(pictures: int) -> dict[str, np.ndarray]:
    """`level`, and `type`, the number of the damage in `COMMON`, of the rows that `Material.damaged` gives."""
    level = np.tile(np.arange(STEPS), pictures * len(COMMON))
    kind = np.tile(np.repeat(np.arange(len(COMMON)), STEPS), pictures)
    return {"level": level, "type": kind}


def varied_columns(pictures: int) -> dict[str, np.ndarray]:
    """The same of the rows that `Material.varied` gives."""
    return {
        "level": np.tile(np.arange(STEPS), pictures),
        "type": np.repeat(np.arange(pictures) % len(COMMON), STEPS),
    }


def streams(recipe: Recipe, data: str | os.PathLike[str]) -> Streams:
    """The rows of BIQ2021 in `data`, computed in the first run: half an hour to an hour on two cores."""
    options, seed = recipe.options, recipe.seed
    with shown("pictures") as work:
        material = Material(
            data,
            Design.of(options["design"]),
            Amounts.of({**options, "batch": recipe.batch}),
            folder=options["cache"],
            work=work,
            engine=options["engine"],
            trunk=options["trunk"],
        )
        fit, held = material.parts.fit, material.parts.validation
        a = material.amounts
        cut, varied = fit.only(_spread(len(fit), a.trimmed)), best_rated(fit, a.varied, after=a.damaged)
        return Streams(
            _joined(material, fit, best_rated(fit, a.damaged), cut, varied, seed=seed),
            _joined(material, held, best_rated(held, a.held_damaged), held, held.only([]), seed=None),
        )


def _spread(total: int, count: int) -> list[int]:
    return np.linspace(0, total - 1, min(count, total)).round().astype(int).tolist()


def _joined(material: Material, rated: Part, damaged: Part, cut: Part, varied: Part, *, seed: int | None) -> Joined:
    """The tables side by side, the last one if it has any rows; all of each in one batch where there is no seed."""
    a, learning = material.amounts, seed is not None
    made: list[tuple[Part, Features, int, int, dict[str, np.ndarray]]] = [
        (rated, material.rated(rated), 1, a.batch, {}),
        (damaged, material.damaged(damaged), STEPS, a.groups, graded_columns(len(damaged))),
        (cut, material.trimmed(cut), 2, a.trims, {}),
    ]
    if len(varied):
        made.append((varied, material.varied(varied), STEPS, a.varied_groups, varied_columns(len(varied))))
    # No two tables have a group of one number.
    first = np.cumsum([0, *(len(rows) // block for _, rows, block, _, _ in made)])
    found = [
        FeatureStream(
            part, rows, batch=block * (count if learning else len(rows) // block), block=block, shuffle=learning,
            drop_last=learning, columns={"group": first[i] + np.arange(len(rows)) // block, **columns}, seed=seed or 0,
            purpose="training" if learning else "validation",
        )
        for i, (part, rows, block, count, columns) in enumerate(made)
    ]  # fmt: skip
    return Joined(found)


__all__ = ["DAMAGED", "PART_OF", "RATED", "TRIMMED", "VARIED", "Amounts", "Material", "best_rated", "streams"]
