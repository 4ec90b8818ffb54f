"""The models of a study: what is asked about parts of pictures, and what is known of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from visq.api import Metric
from visq.errors import OptionError
from visq.explain.estimators import MASKS_PER_CELL, Estimator
from visq.explain.masking import Level, Masker, as_metric, levels, most_cells, one_by_one, prepared, tokens_of
from visq.explain.pixels import Fill

#: `transformer`: positions of it can be masked; `cnn`: another network; `classical`: none.
Family = Literal["transformer", "cnn", "classical"]


@dataclass(frozen=True, eq=False)
class Model:
    """A model that can be asked about parts of a picture.

    Attributes
    ----------
    name : str
        In tables.
    identity : str
        Metric, version, options and parameters.
    family : {"transformer", "cnn", "classical"}
        Which of the claims are about it.
    level : {"token", "pixel"}
        What is hidden: what the model makes of a cell, or the cell.
    fill : str
        Level `pixel`: what hidden cells show.
    cells : int
        The most.
    estimator : {"half", "loo"}
        Of the importance: random halves and a fit, or one cell left out at a time.
    masks : int or None
        Of the estimator `half`. None: 20 a cell, and at level `token` more where two sets of them disagree.
    lower_is_better : bool
    opened : callable
        From a picture and what is called after every piece of work, to a `Masker`.
    """

    name: str
    identity: str
    family: Family
    level: Level
    fill: str
    cells: int
    estimator: Estimator
    masks: int | None
    lower_is_better: bool
    opened: Callable[[Any, Callable[[], None]], Masker]

    @property
    def key(self) -> str:
        """What measurements of it are kept under."""
        return f"{self.identity} {self.level} {self.fill} {self.cells} {self.estimator} {self.masks or 0}"

    def masks_for(self, count: int) -> int | None:
        """How many masks the importance of so many cells is told by; None: as many as it takes."""
        if self.estimator == "loo":
            return None
        if self.masks is not None or self.level == "token":
            return self.masks
        return MASKS_PER_CELL * count


def model(
    metric: str | Metric,
    *,
    level: Level | None = None,
    fill: Fill | None = None,
    cells: int | None = None,
    estimator: Literal["half", "loo"] | None = None,
    masks: int | None = None,
    name: str = "",
) -> Model:
    """A metric that judges an image alone, as a model of a study.

    Parameters
    ----------
    metric : str or Metric
        A name, with options as `-m` takes them; those in `visq.catalog.UNLISTED` with a file of parameters.
    level : {"token", "pixel"}, optional
        None: `token` where the metric has it.
    fill : {"mean", "blur", "noise"}, optional
        Level `pixel`; None: `mean`.
    cells : int, optional
        The most; None: 192 tokens (64 of `loda`, whose every mask is a pass through the network), 48 squares of pixels.
    estimator : {"half", "loo"}, optional
        None: `half`; but `loo` for a model whose score is a mean over its cells, or nearly: with either of two halves
        such a score moves equally far, so that halves tell nothing of it; and for one whose every mask is a pass
        through the network.
    masks : int, optional
        Of the estimator `half`; None: 20 for each cell, and at level `token` up to 80 where two sets of them disagree.
    name : str
        In tables; empty: that of the metric, with its options.

    Raises
    ------
    OptionError
        A metric that compares or judges video, a level it has not, weights that are not here.

    Examples
    --------
    >>> found = model("brisque")
    >>> found.family, found.level, found.cells, found.masks_for(48), found.lower_is_better
    ('classical', 'pixel', 48, 960, True)
    """
    from visq.bench.plan import label
    from visq.weights.stand_in import check

    found = _named(metric) if isinstance(metric, str) else metric
    if found.spec.kind != "nr":
        raise OptionError(f"{found.id} does not judge an image alone", expected="a metric of `visq list --kind nr`")
    here = levels(found)
    way = level or here[0]
    if way not in here:
        raise OptionError(f"{found.id} has no tokens that could be hidden", expected="level 'pixel'")
    if fill == "reference":
        raise OptionError("there is no reference to fill with", expected="mean, blur or noise")
    check(found.spec, found.options)
    painted: Fill = fill or "mean"

    def opened(picture: Any, on_step: Callable[[], None]) -> Masker:
        shown = painted if way == "pixel" else None
        return prepared(found, picture, level=way, fill=shown, cells=cells, on_step=on_step)

    told_by: Estimator = estimator or ("loo" if one_by_one(found, way) else "half")
    return Model(
        name or label(found), found.identity, _family(found), way, painted if way == "pixel" else "",
        most_cells(found, way) if cells is None else cells, told_by, masks, found.spec.lower_is_better, opened,
    )  # fmt: skip


def _named(text: str) -> Metric:
    """A metric of the catalogue, or a system that is in none, with options that name its parameters."""
    from visq import catalog

    found = as_metric(text)
    if found.id not in catalog.ids() and not found.options:
        raise OptionError(
            f"{found.id} comes without parameters", hint=f"Name a file of your own: {found.id}:model=FILE."
        )
    return found


def _family(metric: Metric) -> Family:
    """What kind of model a metric is, from its entry and from what hides its tokens."""
    hiding = tokens_of(metric)
    if getattr(hiding, "POSITIONS", False):
        return "transformer"
    spec = metric.spec
    return "cnn" if hiding is not None or spec.graph or spec.extra == "torch" else "classical"


__all__ = ["Family", "Model", "model"]
