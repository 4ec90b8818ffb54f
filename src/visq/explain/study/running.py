"""`run`: models x pictures to results, with a journal that is gone on with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from visq.api import Metric
from visq.errors import OptionError
from visq.explain.halving import DRAWS, FRACTIONS
from visq.explain.study.journal import Journal
from visq.explain.study.measuring import Work, measure
from visq.explain.study.models import Model, model
from visq.explain.study.pictures import Picture, choose
from visq.explain.study.results import Results, results

if TYPE_CHECKING:
    from visq.datasets import Dataset


def _nothing() -> None:
    pass


def run(
    models: Sequence[str | Metric | Model],
    pictures: Dataset | Sequence[Picture],
    *,
    count: int = 0,
    labels_lower_is_better: bool | None = None,
    draws: int = DRAWS,
    shares: Sequence[float] = FRACTIONS,
    samples: int = 2000,
    seed: int = 0,
    cache: str = "",
    about: Mapping[str, Any] | None = None,
    on_total: Callable[[int], None] = lambda _: None,
    on_done: Callable[[], None] = _nothing,
    on_tick: Callable[[], None] = _nothing,
) -> Results:
    """Does half of an image decide? Of several models, over rated pictures.

    Parameters
    ----------
    models : sequence of str, Metric or Model
        Metrics that judge an image alone; `visq.explain.study.model` for settings of one's own.
    pictures : Dataset, or sequence of Picture
        A rated database, or a part of one.
    count : int
        Of a database: how many, chosen by `seed` and their names; 0 for all.
    labels_lower_is_better : bool, optional
        None: what the database says, and False without one.
    draws : int
        Random halves of each picture.
    shares : sequence of float
        Of a picture that are kept, for the curve; above 0 and up to 1.
    samples : int
        Of the bootstrap over pictures.
    seed : int
        Of the choice, of all masks and draws.
    cache : str
        The file where measurements are kept; empty: nowhere.
    about : mapping, optional
        What the outputs say of the pictures.
    on_total, on_done, on_tick : callable, optional
        Called with how many measurements there are, after each, and often meanwhile.

    Returns
    -------
    Results

    Raises
    ------
    OptionError
        No model, or two of one name; what `model` refuses.
    InputError
        Fewer than 3 pictures that every model takes.
    StoreError
        The cache is in use, of another kind, or cannot be written.

    Examples
    --------
    >>> import numpy as np
    >>> from visq.explain.study import Picture, model
    >>> rng = np.random.default_rng(0)
    >>> shown = [rng.integers(0, 40 + 40 * i, (32, 32), dtype=np.uint8) for i in range(5)]
    >>> rated = [Picture(f"{i}.png", image, label=-i, known=str(i)) for i, image in enumerate(shown)]
    >>> found = run([model("tv", cells=4, masks=8)], rated, samples=100)
    >>> own = found.own("tv")
    >>> own.srcc["full"].estimate, sorted(own.differences)[0], found.claims[1].verdict
    (1.0, 'critical - random', 'not testable')
    """
    asked = _asked(models)
    chosen = list(pictures) if isinstance(pictures, Sequence) else choose(pictures, count, seed)
    falling = labels_lower_is_better
    if falling is None:
        falling = not isinstance(pictures, Sequence) and pictures.spec.lower_is_better
    on_total(len(asked) * len(chosen))
    work = Work(seed, draws, tuple(shares), on_done, on_tick)
    with Journal(cache) as store:
        found, failures = measure(asked, chosen, store, work)
    return results(
        asked, chosen, found, failures, labels_lower_is_better=falling, shares=shares, samples=samples, seed=seed,
        about=about,
    )  # fmt: skip


def _asked(models: Sequence[str | Metric | Model]) -> list[Model]:
    """The models, of which there must be one, and no two of one name."""
    asked = [one if isinstance(one, Model) else model(one) for one in models]
    if not asked:
        raise OptionError("no model was named", expected="a metric that judges an image alone")
    names = [one.name for one in asked]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise OptionError(f"two models are called {twice[0]}", hint="Give them names: model(..., name=...).")
    return asked


__all__ = ["run"]
