"""visq-nr: what people would say of a photograph's quality, with an interval, a map, and why."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from visq.ops.arrays import Batch, read_one
from visq.systems import graphs
from visq.systems.visq_nr.grid import MIN_SIDE, Span, cells
from visq.systems.visq_nr.model import Model, Reading, opened
from visq.systems.visq_nr.statistics import whole

_BEST = 100.0


@dataclass(frozen=True, slots=True)
class Opinion:
    """What visq-nr says of a picture: floats for one, `(N,)` for a batch; all in 0..100, higher is better.

    Attributes
    ----------
    score : float or array
        Predicted mean opinion.
    lower, upper : float or array
        Interval that holds the mean opinion in `level` of pictures like those it was calibrated on.
    level : float
        0.9 for 90 %.
    sharpness, noise, exposure, compression : float or array
        How free the picture is of blur, noise, wrong exposure and traces of compression.
    map : array, optional
        `(h, w)`, or `(N, h, w)`: one value every 32 pixels, where it was asked for.
    """

    score: Any
    lower: Any
    upper: Any
    level: float
    sharpness: Any
    noise: Any
    exposure: Any
    compression: Any
    map: Any = None


def visq_nr(
    image: Any,
    *,
    data_range: float | None = None,
    full: bool = False,
    model: str | os.PathLike[str] | None = None,
) -> Any:
    """Quality of a photograph as people would judge it, without a reference: 0..100, higher is better.

    The seven stages of an EfficientNet-Lite0 look at the whole picture at native size and at half of it (means of
    2 x 2). Of every channel the mean and the standard deviation over the picture are taken,
    ``s = sqrt(max(E x^2 - (E x)^2, 0) + 1e-4)``, and so of 48 shares of brightness at half size (16 degrees of luma, of
    a pixel's largest and of its smallest value); a small network reads them. Nothing is resized or cropped.

    Of the picture and its mirror image that one is looked at whose light is on the left, and both, with shares that
    change steadily, where it is within a hundredth of the middle: a mirrored picture has the same score. A tenth of the
    compression sub-score, before the logistic function, is part of the score, which else would not fall with the first
    trace of compression.

    Parameters
    ----------
    image : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`; both sides at least 64 pixels. A grey
        image is repeated to three channels.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    full : bool
        Also return the map.
    model : path, optional
        A file that `visq.systems.visq_nr.export.write` wrote. None: the one that ships.

    Returns
    -------
    float, (N,) array or tensor
        The score; with `full` also the map `(h, w)` or `(N, h, w)` on a grid of 32 pixels: the same read-out of the
        statistics of windows of 160 x 160 pixels. What it says of a window is what it would say of a picture with
        these statistics; their mean is not the score.

    Raises
    ------
    visq.errors.InputError
        A side below 64 pixels, values out of range, NaN.
    visq.errors.InputTypeError
        Neither array nor tensor, or of a dtype that holds no pixels.
    visq.errors.WeightsError
        The file is missing, damaged or another one.
    visq.errors.MissingExtraError
        A tensor with a gradient, in double precision or on a GPU, without torch's extra.

    Notes
    -----
    Arrays, and tensors in single precision on the CPU that want no gradient, are computed by onnxruntime in single
    precision, one picture after the other: a batch, its order and the number of threads change no bit. Other tensors
    are computed by torch and agree within 1e-4.

    Large pictures are computed in overlapping tiles, cut by their size alone, and the moments added up: memory does
    not grow with the picture. Sides that are no multiple of 32 plus 1 are extended by reflection on both sides, and
    cells on the border count by the area of the picture in them.

    References
    ----------
    M. Tan, Q. Le, "EfficientNet: rethinking model scaling for convolutional neural networks", ICML 2019 (the trunk).
    J. Lei et al., "Distribution-free predictive inference for regression", JASA 2018 (the interval).

    Examples
    --------
    >>> import numpy as np
    >>> visq_nr(np.zeros((8, 8, 3), np.uint8))
    Traceback (most recent call last):
        ...
    visq.errors.SizeError: image is too small; expected at least 64x64 pixels; got 8x8
    """
    batch = read_one(image, data_range=data_range, min_side=MIN_SIDE)
    readings, maps = _judged(batch, opened(model), full)
    score = _handed(batch, [r.score for r in readings])
    return (score, _handed(batch, maps)) if full else score


def opinion(
    image: Any,
    *,
    data_range: float | None = None,
    full: bool = False,
    model: str | os.PathLike[str] | None = None,
) -> Opinion:
    """All that visq-nr says of a picture or a batch: score, interval, sub-scores, and with `full` the map.

    Parameters and errors as for `visq_nr`.

    Examples
    --------
    >>> import numpy as np
    >>> found = opinion(np.zeros((64, 64, 3), np.uint8))
    >>> found.lower <= found.score <= found.upper
    True
    """
    batch = read_one(image, data_range=data_range, min_side=MIN_SIDE)
    loaded = opened(model)
    readings, maps = _judged(batch, loaded, full)
    fields = {name: _handed(batch, [getattr(r, name) for r in readings]) for name in ("score", "lower", "upper")}
    parts = {name: _handed(batch, [r.parts[name] for r in readings]) for name in readings[0].parts}
    return Opinion(**fields, level=loaded.level, **parts, map=_handed(batch, maps) if full else None)


def _judged(batch: Batch, model: Model, full: bool) -> tuple[list[Reading], list[Any]]:
    """Every picture by itself: what is read, and its map if it is wanted."""
    if not _needs_torch(batch):
        return _each(graphs.numpy_batch(batch), model, full)
    from visq.systems.inputs import Inputs, evaluating, require_torch

    require_torch()
    from visq.systems.visq_nr.torch_model import shared

    with evaluating(Inputs(batch.data, None, batch)):
        return _each(batch, shared(model, batch.data.device, batch.dtype), full)


def _needs_torch(batch: Batch) -> bool:
    if not batch.torch:
        return False
    import torch

    data = batch.data
    return data.device.type != "cpu" or data.dtype == torch.float64 or (data.requires_grad and torch.is_grad_enabled())


def _each(batch: Batch, engine: Any, full: bool) -> tuple[list[Reading], list[Any]]:
    readings, maps = [], []
    for n in range(len(batch.data)):
        one = Batch(batch.data[n : n + 1], batch.peak, single=False)
        visit = None
        if full:
            height, width = one.size
            where = {"device": one.data.device} if one.torch else {}
            maps.append(one.xp.zeros((1, cells(height), cells(width)), dtype=one.dtype, **where))
            visit = partial(_written, engine, maps[-1])
        readings.append(engine.read(whole(one, engine.design, engine.run, visit)))
    return readings, maps


def _written(engine: Any, out: Any, rows: Span, columns: Span, statistics: Any) -> None:
    """A tile of the map."""
    out[:, rows.first : rows.end, columns.first : columns.end] = engine.read(statistics).score


def _handed(batch: Batch, values: list[Any]) -> Any:
    """`(1,)` or `(1, h, w)` of every picture, out of 0..1, in the caller's form."""
    if isinstance(values[0], np.ndarray):
        return batch.result_of_numpy(np.concatenate(values) * _BEST)
    return batch.result(batch.xp.concat(values, axis=0) * _BEST)
