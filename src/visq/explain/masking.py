"""Which parts of a picture a metric can be asked about, and how: by its own tokens, or by filling pixels."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any, Literal, Protocol, get_args

import numpy as np

from visq.api import Metric
from visq.errors import InputError, InputTypeError, OptionError
from visq.explain.cells import MOST, STEP, Bools, Cells, Floats, squares
from visq.explain.pixels import Fill, Filled, array_of, peak_of
from visq.ops.choices import check_choice

Level = Literal["token", "pixel"]

#: Cells where none are asked for: a picture of 12 x 16 tokens, and of 6 x 8 squares of pixels.
CELLS = {"token": 192, "pixel": 48}
#: Tokens where each mask is a pass through the network.
COSTLY = 64
# With so many a square picture has several.
_SQUARE = 4


class Masker(Protocol):
    """One picture that can be scored by parts of it.

    Attributes
    ----------
    cells : Cells
    factor : int
        How many tokens of the model, a side, are one cell.
    """

    cells: Cells
    factor: int

    def __call__(self, keeps: Bools) -> Floats:
        """Scores `(K,)` of masks `(K, h, w)`."""


def as_metric(model: str | Metric) -> Metric:
    """A metric by name, with options as `-m` takes them, or as it is.

    Raises
    ------
    InputTypeError, OptionError
    """
    if isinstance(model, Metric):
        return model
    if not isinstance(model, str):
        raise InputTypeError("this is no metric", expected="a name, or visq.metric(...)", got=type(model).__name__)
    from visq import catalog
    from visq.catalog.naming import parse

    named = parse(model)
    if len(named) != 1:
        raise OptionError("one metric is explained at a time", got=model)
    name, options = named[0]
    return Metric(catalog.get(name), options)


def levels(metric: Metric) -> tuple[Level, ...]:
    """The levels at which parts can be hidden from a metric, the better one first.

    >>> levels(as_metric("brisque"))
    ('pixel',)
    """
    return ("token", "pixel") if tokens_of(metric) is not None else ("pixel",)


def tokens_of(metric: Metric) -> ModuleType | None:
    """The module of a system whose tokens can be hidden: `masking` in its folder, NAME_masking beside a single file.

    It has `Tokens(image, most=, on_step=, **options)`, which is a `Masker`, and `steps(image, **options)`. Where it has
    `usable(**options)`, that says whether the network that these options name can be looked into. `POSITIONS` says that
    it is a transformer's positions that are hidden, `MEAN` that the score is a mean over the cells, or nearly, `EACH`
    that every mask is a pass through the network, which calls `on_step`; it has `cells(image, most)` then. Where it has
    `filled(image, keep, cells, **options)` and `side(image, **options)`, the level `pixel` also hides the tokens of
    filled cells: the first gives the score of a filled picture, the second the pixels from one token to the next, of
    which edges of cells are multiples.
    """
    module = metric.spec.impl.partition(":")[0]
    for name in (f"{module}.masking", f"{module.rpartition('.')[0]}.masking", f"{module}_masking"):
        try:
            there = find_spec(name) is not None
        except ModuleNotFoundError:  # a system in one file
            continue
        found = import_module(name) if there else None
        if found is not None and hasattr(found, "Tokens"):
            return found if not hasattr(found, "usable") or found.usable(**metric.options) else None
    return None


def askable(metric: Metric, cells: int | None) -> tuple[ModuleType, int]:
    """What hides the tokens of a metric, and the most cells; None: as many as `most_cells` says.

    Raises
    ------
    OptionError
        A metric without such tokens, or no number of cells.
    """
    module = tokens_of(metric)
    if module is None:
        raise OptionError(
            f"{metric.id} has no tokens that could be hidden", expected="level='pixel'",
            hint="There, cells of the picture are filled, which works for every metric.",
        )  # fmt: skip
    most = most_cells(metric, "token") if cells is None else cells
    if not 2 <= most <= MOST:
        raise OptionError("no such number of cells", expected=f"2 to {MOST}", got=str(most))
    return module, most


def one_by_one(metric: Metric, level: Level) -> bool:
    """Whether the cells of a metric's tokens are left out one at a time, unless something else is asked for.

    Random halves tell nothing of a score that is a mean over the cells, or nearly: it moves equally far with either of
    two. Where each mask is a pass through the network, there are too many of them.
    """
    module = tokens_of(metric) if level == "token" else None
    return bool(getattr(module, "MEAN", False) or getattr(module, "EACH", False))


def most_cells(metric: Metric, level: Level) -> int:
    """How many cells there are at most where no number is asked for.

    >>> most_cells(as_metric("brisque"), "pixel")
    48
    """
    return COSTLY if level == "token" and getattr(tokens_of(metric), "EACH", False) else CELLS[level]


def prepared(
    model: str | Metric,
    image: Any,
    reference: Any = None,
    *,
    level: Level = "token",
    fill: Fill | None = None,
    cells: int | Cells | None = None,
    data_range: float | None = None,
    seed: int = 0,
    on_step: Callable[[], None] = lambda: None,
) -> Masker:
    """A picture that can be scored by parts of it.

    Parameters
    ----------
    model : str or Metric
        Any metric that scores an image.
    image, reference
        As the metric takes them: path, bytes, PIL image, array or tensor of one picture.
    level : {"token", "pixel"}
        Hide what the model makes of cells, or fill cells of the picture; of a model whose tokens can be hidden with
        what was filled, both.
    fill : {"mean", "blur", "noise", "reference"}, optional
        Level `pixel`: see `visq.explain.pixels.Filled`. None: `reference` where there is one, else `mean`.
    cells : int or Cells, optional
        The most cells, 2 to 1024; or, at level `pixel`, the cells themselves. None: 192 at level `token`, but 64 where
        each mask is a pass through the network (`loda`); 48 at level `pixel`.
    data_range : float, optional
        White in arrays of floats, if it is not 1.
    seed : int
        Of the noise that fills.
    on_step : callable, optional
        Called after every piece of work: a tile of a network, or a picture.

    Raises
    ------
    OptionError
        A level that the metric has not; options that do not go together.
    InputError
        A metric of video; a reference where none is taken, or none where one is; pictures that differ in size.
    """
    check_choice("level", level, get_args(Level))
    metric = as_metric(model)
    if metric.spec.kind not in ("nr", "fr", "rr"):
        raise InputError(f"{metric.id} judges no single image", expected="a metric of images")
    metric._check_reference(reference)
    pixels = array_of(image)
    if level == "token":
        return _tokens(metric, pixels, fill=fill, cells=cells, data_range=data_range, on_step=on_step)
    other = None if reference is None else array_of(reference, "reference")
    if other is not None and other.shape[:2] != pixels.shape[:2]:
        metric(pixels, other, data_range=data_range)  # it says what is wrong, or takes pictures of two sizes
        raise InputError("image and reference differ in size", expected="cells that lie in both")
    if other is not None and other.ndim != pixels.ndim:  # grey against colour is compared as colour
        pixels, other = (p if p.ndim == 3 else np.repeat(p[..., None], 3, axis=2) for p in (pixels, other))
    where = cells if isinstance(cells, Cells) else on_pixels(metric, pixels, cells, data_range)
    _several(where, cells)
    if where.size != pixels.shape[:2]:
        raise InputError("the cells are of another picture", expected=str(pixels.shape[:2]), got=str(where.size))

    def score(*pictures: Any) -> float:
        return float(metric(*pictures, data_range=data_range))

    module, judged = tokens_of(metric), None
    if hasattr(module, "filled"):
        options = _options(metric, data_range)

        def judged(picture: Any, keep: Bools) -> float:
            return float(module.filled(picture, keep, where, **options))  # type: ignore[union-attr]

    return Filled(
        score, pixels, other, where, fill=fill or ("mean" if other is None else "reference"),
        peak=peak_of(pixels, data_range), seed=seed, on_step=on_step, judged=judged,
    )  # fmt: skip


def on_pixels(metric: Metric, image: Any, cells: int | None = None, data_range: float | None = None) -> Cells:
    """The cells of an array at level `pixel`, no more than `cells`; None: 48.

    Their edges are multiples of 16 pixels, or of what lies between two tokens that are hidden with them.
    """
    module = tokens_of(metric)
    step = module.side(image, **_options(metric, data_range)) if hasattr(module, "side") else STEP  # type: ignore[union-attr]
    return squares(image.shape[:2], CELLS["pixel"] if cells is None else cells, step)


def _options(metric: Metric, data_range: float | None) -> dict[str, Any]:
    return dict(metric.options) | ({} if data_range is None else {"data_range": data_range})


def _tokens(
    metric: Metric,
    image: Any,
    *,
    fill: Fill | None,
    cells: int | Cells | None,
    data_range: float | None,
    on_step: Callable[[], None],
) -> Masker:
    if fill is not None or isinstance(cells, Cells):
        raise OptionError("the tokens of a model have places of their own, and nothing fills them",
                          expected="level='pixel' with fill or cells")  # fmt: skip
    module, most = askable(metric, cells)
    found: Masker = module.Tokens(image, most=most, on_step=on_step, **_options(metric, data_range))
    _several(found.cells, cells)
    return found


def _several(found: Cells, asked: int | Cells | None) -> None:
    """Cells are nearly square: of a picture that is, two or three become one."""
    if found.count == 1 and isinstance(asked, int) and asked < _SQUARE:
        height, width = found.size
        raise OptionError(
            f"a picture of {width}x{height} pixels has no {asked} cells of one size",
            expected=f"{_SQUARE} or more", got="one cell",
        )  # fmt: skip


__all__ = [
    "CELLS", "COSTLY", "Level", "Masker", "as_metric", "askable", "levels", "most_cells", "on_pixels", "one_by_one",
    "prepared", "tokens_of",
]  # fmt: skip
