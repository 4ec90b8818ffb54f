"""Where quality comes from: how much each part of a picture decides on its score."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from visq.api import Metric
from visq.explain.cells import Bools, Cells, Floats
from visq.explain.estimators import Estimator, calls, estimate
from visq.explain.masking import Level, Masker, as_metric, askable, on_pixels, prepared
from visq.explain.pixels import Fill

#: Masks that are scored together.
BATCH = 256
#: A map that spans less than this says nothing.
DEGENERATE = 1e-7


@dataclass(frozen=True, slots=True, eq=False)
class Importance:
    """How much each cell of a picture decides on its score.

    Attributes
    ----------
    map : (h, w) array
        Importance, in the units that the estimator has: of the score (`loo`, `half`) or ranks in 0..1 (`greedy`).
    critical : (h, w) bool array
        The half of the cells that decides most, exactly ``h w // 2`` of them.
    cells : Cells
        Where they lie.
    score : float
        Of the whole picture.
    critical_score, trivial_score : float
        Of the critical half alone, and of the rest alone.
    stability : float
        Rank correlation between the maps of two disjoint sets of masks (`half`); NaN for the others.
    degenerate : bool
        Whether the map spans less than 1e-7: it has no order then, and its halves mean nothing.
    estimator, level, fill : str
        How it was found; `fill` is empty at level `token`.
    factor : int
        Tokens of the model, a side, that are one cell.
    calls : int
        Masked pictures that were scored.
    metric : str
        Identity of the metric.
    """

    map: Floats
    critical: Bools
    cells: Cells
    score: float
    critical_score: float
    trivial_score: float
    stability: float
    degenerate: bool
    estimator: Estimator
    level: Level
    fill: str
    factor: int
    calls: int
    metric: str

    @property
    def ratio(self) -> float:
        """How many times further the score moves without the critical half than without the trivial one (k).

        A large one shows that the model looks at parts unequally, not that the part it looks at carries quality: even
        random attention gives 2 and more. It is exactly 1 for models that average over cells, whatever they see.
        """
        without_critical, without_trivial = abs(self.trivial_score - self.score), abs(self.critical_score - self.score)
        if without_trivial == 0:
            return float("nan") if without_critical == 0 else float("inf")
        return without_critical / without_trivial


def region_importance(
    model: str | Metric,
    image: Any,
    reference: Any = None,
    *,
    estimator: Estimator = "half",
    level: Level = "token",
    fill: Fill | None = None,
    cells: int | None = None,
    masks: int | None = None,
    data_range: float | None = None,
    seed: int = 0,
    on_step: Callable[[], None] = lambda: None,
) -> Importance:
    """How much each part of a picture decides on what a metric says of it.

    Parameters
    ----------
    model : str or Metric
        Any metric that scores an image: a name, with options as `-m` takes them, or `visq.metric(...)`.
    image, reference
        Path, bytes, PIL image, array or tensor of one picture, and its reference where the metric takes one.
    estimator : {"half", "loo", "greedy"}
        See `visq.explain.estimators.estimate`.
    level : {"token", "pixel"}
        `token`: hide what the model makes of a cell; what a kept cell responds to still reaches into its neighbours.
        `pixel`: fill cells of the picture, which works for every metric; the edges of the filling are seen too.
        Models that offer it (`pmt`) hide the tokens of filled cells as well.
    fill, cells, data_range, seed
        See `visq.explain.masking.prepared`; `seed` is that of the masks, too.
    masks : int, optional
        Estimator `half`: how many. None: 20 for each cell.
    on_step : callable, optional
        Called after every piece of work; `steps` counts them.

    Returns
    -------
    Importance

    Raises
    ------
    visq.errors.OptionError
        A level that the metric has not, an unknown estimator or fill.
    visq.errors.InputError
        Pictures that the metric does not take.

    References
    ----------
    The split into a critical and a trivial half: J. You, Y. Lin, J. Korhonen, "Half of an image is enough for quality
    assessment", arXiv 2301.12891. Their estimator is not published in what was found: these three are proposals.

    Examples
    --------
    >>> image = np.full((64, 64), 128, np.uint8)
    >>> image[:32, :32] += np.arange(32, dtype=np.uint8) % 2 * 64
    >>> found = region_importance("tv", image, level="pixel", cells=4, estimator="loo")
    >>> int(found.map.argmax()), int(found.critical.sum()), found.level
    (0, 2, 'pixel')
    """
    metric = as_metric(model)
    masker = prepared(
        metric, image, reference, level=level, fill=fill, cells=cells, data_range=data_range, seed=seed,
        on_step=on_step,
    )  # fmt: skip
    return of_masker(masker, estimator=estimator, masks=masks, seed=seed, level=level, metric=metric.identity)


def of_masker(
    masker: Masker,
    *,
    estimator: Estimator = "half",
    masks: int | None = None,
    seed: int = 0,
    level: Level = "token",
    metric: str = "",
) -> Importance:
    """The same for a picture that is ready to be masked: a model of one's own.

    Parameters
    ----------
    masker : Masker
        Anything with `cells`, `factor`, and a call from masks `(K, h, w)` to scores `(K,)`.
    """
    shape = masker.cells.shape

    def score(keeps: Bools) -> Floats:
        parts = [masker(keeps[i : i + BATCH].reshape(-1, *shape)) for i in range(0, len(keeps), BATCH)]
        return np.concatenate(parts)

    full = float(score(np.ones((1, masker.cells.count), dtype=bool))[0])
    found = estimate(estimator, score, full, masker.cells.count, masks=masks, seed=seed)
    critical, trivial = (float(v) for v in score(np.stack([found.critical, ~found.critical])))
    return Importance(
        map=found.values.reshape(shape),
        critical=found.critical.reshape(shape),
        cells=masker.cells,
        score=full,
        critical_score=critical,
        trivial_score=trivial,
        stability=found.stability,
        degenerate=bool(np.ptp(found.values) < DEGENERATE),
        estimator=estimator,
        level=level,
        fill=getattr(masker, "fill", ""),
        factor=masker.factor,
        calls=found.calls + 3,
        metric=metric,
    )


def steps(
    model: str | Metric, image: Any, *, estimator: Estimator = "half", level: Level = "token",
    cells: int | None = None, masks: int | None = None, data_range: float | None = None,
) -> int:  # fmt: skip
    """How often `region_importance` calls `on_step`, at least: tiles of a network, or pictures."""
    metric = as_metric(model)
    if level == "token":
        module, most = askable(metric, cells)
        options = dict(metric.options) | ({} if data_range is None else {"data_range": data_range})
        looks: int = module.steps(image, **options)
        if not getattr(module, "EACH", False):
            return looks
        return looks + calls(estimator, module.cells(image, most).count, masks) + 3
    from visq.explain.pixels import array_of

    count = on_pixels(metric, array_of(image), cells, data_range).count
    return calls(estimator, count, masks) + 3


__all__ = ["BATCH", "DEGENERATE", "Importance", "of_masker", "region_importance", "steps"]
