"""Hiding cells of a picture itself: works for every metric, and draws edges that there were not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from visq.errors import InputError, InputTypeError, VisqError
from visq.explain.cells import Bools, Cells, Floats, checked_keeps
from visq.ops import filters
from visq.ops.arrays import is_torch
from visq.ops.choices import check_choice
from visq.ops.resize import imresize

Pixels = NDArray[Any]
Fill = Literal["mean", "blur", "noise", "reference"]

# A blur this wide shows nothing finer: it is computed on a smaller picture.
_SIGMA = 4.0


class Filled:
    """One picture, scored with cells filled: what `visq.explain.masking.prepared` hands over for the level `pixel`.

    Parameters
    ----------
    score : callable
        An image, or an image and its reference, to a float.
    image : array
        `(H, W)` or `(H, W, 3)`.
    reference : array, optional
        As large. With every fill but `reference` its cells are filled too, with the same: nothing differs there.
    cells : Cells
    fill : {"mean", "blur", "noise", "reference"}
        What hidden cells show: the picture's mean colour; the picture blurred by half a cell's side; Gaussian noise
        of its mean and deviation; or, with a reference, the reference: cells that were not damaged. The first three
        are made from the reference, where there is one.
    peak : float
        White.
    seed : int
        Of the noise.
    judged : callable, optional
        In the place of `score`: a filled image and its mask `(h, w)` to a float, for a model that can also be told
        which parts of it count.
    """

    def __init__(
        self,
        score: Callable[..., Any],
        image: Pixels,
        reference: Pixels | None,
        cells: Cells,
        *,
        fill: Fill,
        peak: float,
        seed: int = 0,
        on_step: Callable[[], None] = lambda: None,
        judged: Callable[[Pixels, Bools], float] | None = None,
    ) -> None:
        check_choice("fill", fill, get_args(Fill))
        if fill == "reference" and reference is None:
            raise InputError("there is no reference to fill with", expected="fill='mean', 'blur' or 'noise'")
        self.cells, self.fill, self.factor = cells, fill, 1
        self._score, self._image, self._reference, self._on_step = score, image, reference, on_step
        self._judged = judged
        source = image if reference is None else reference
        self._filling = source if fill == "reference" else filling(source, cells, fill, peak, seed)

    def __call__(self, keeps: Any) -> Floats:
        """Scores `(K,)` of `keeps` `(K, h, w)`."""
        kept = checked_keeps(keeps, self.cells.shape)
        return np.array([self._one(keep) for keep in kept], dtype=np.float64)

    def picture(self, keep: Any) -> Pixels:
        """What is scored of a mask `(h, w)`."""
        return self._hidden(self._image, checked_keeps(keep, self.cells.shape)[0])

    def _one(self, keep: NDArray[np.bool_]) -> float:
        pictures = [self._hidden(self._image, keep)]
        if self._reference is not None:
            both = self.fill == "reference"
            pictures.append(self._reference if both else self._hidden(self._reference, keep))
        try:
            value = float(self._score(*pictures) if self._judged is None else self._judged(pictures[0], keep))
        except VisqError as error:
            hidden = f"with {np.count_nonzero(~keep)} of {keep.size} cells hidden"
            raise error.with_context(hidden) from None
        if not np.isfinite(value):
            raise InputError("the metric gives no number for a picture with hidden cells", got=str(value))
        self._on_step()
        return value

    def _hidden(self, picture: Pixels, keep: NDArray[np.bool_]) -> Pixels:
        if keep.all():
            return picture
        few = np.count_nonzero(~keep) <= keep.size // 2
        out, other = (picture.copy(), self._filling) if few else (self._filling.copy(), picture)
        changed = (~keep if few else keep).ravel()
        for change, (top, bottom, left, right) in zip(changed, self.cells.boxes(), strict=True):
            if change:
                out[top:bottom, left:right] = other[top:bottom, left:right]
        return out


def filling(picture: Pixels, cells: Cells, fill: Fill, peak: float, seed: int = 0) -> Pixels:
    """What hidden cells of a picture show, as large and of the same type."""
    if fill == "mean":
        colour = picture.mean(axis=(0, 1), dtype=np.float64)
        return _like(np.broadcast_to(colour, picture.shape), picture, peak)
    if fill == "noise":
        generator = np.random.default_rng(seed)
        mean, spread = (f(axis=(0, 1), dtype=np.float64) for f in (picture.mean, picture.std))
        drawn = generator.standard_normal(picture.shape, dtype=np.float32)
        return _like(drawn * np.asarray(spread, np.float32) + np.asarray(mean, np.float32), picture, peak)
    side = max(float(np.diff(edges).max()) for edges in (cells.rows, cells.columns))
    return _like(_blurred(picture, side / 2), picture, peak)


def array_of(image: Any, name: str = "image") -> Pixels:
    """One picture `(H, W)` or `(H, W, 3)` out of what a metric takes.

    Raises
    ------
    InputError
        A batch, or what is no picture.
    """
    if not (is_torch(image) or isinstance(image, np.ndarray)):
        from visq.media import open_image

        return open_image(image).pixels
    if is_torch(image):
        array = image.detach().cpu().numpy()
        array = array[0] if array.ndim == 4 and len(array) == 1 else array
        array = np.moveaxis(array, 0, -1) if array.ndim == 3 and array.shape[0] in (1, 3) else array
    else:
        array = image[0] if image.ndim == 4 and len(image) == 1 else image
    array = array[..., 0] if array.ndim == 3 and array.shape[-1] == 1 else array
    if not (array.ndim == 2 or (array.ndim == 3 and array.shape[-1] == 3)):
        raise InputError(f"{name} is not one picture", expected="(H, W) or (H, W, 3)", got=str(array.shape))
    if array.dtype.kind not in "uf":
        raise InputTypeError(f"{name} holds no pixels", expected="uint8, uint16 or floats", got=str(array.dtype))
    return np.ascontiguousarray(array)


def peak_of(picture: Pixels, data_range: float | None) -> float:
    """White."""
    if data_range is not None:
        return float(data_range)
    return float(np.iinfo(picture.dtype).max) if picture.dtype.kind == "u" else 1.0


def _blurred(picture: Pixels, sigma: float) -> Pixels:
    planes = np.moveaxis(np.atleast_3d(picture), -1, 0).astype(np.float32)
    height, width = planes.shape[1:]
    factor = max(1, int(sigma // _SIGMA))
    small = (max(1, -(-height // factor)), max(1, -(-width // factor)))
    if factor > 1:
        planes = imresize(planes, size=small, method="area")
    reach = int(np.ceil(3 * sigma / factor))
    planes = filters.gaussian(planes, 2 * reach + 1, sigma / factor, border="symmetric")
    if factor > 1:
        planes = imresize(planes, size=(height, width), method="bilinear")
    return np.moveaxis(planes, 0, -1).reshape(picture.shape)


def _like(values: Pixels, picture: Pixels, peak: float) -> Pixels:
    """In the type of the picture, within its range."""
    clipped = np.clip(values, 0.0, peak)
    return (np.rint(clipped) if picture.dtype.kind == "u" else clipped).astype(picture.dtype)


__all__ = ["Fill", "Filled", "array_of", "filling", "peak_of"]
