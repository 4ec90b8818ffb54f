"""A palette of the colours that serve a picture best, for `few_colours`."""

from __future__ import annotations

import numpy as np

_BITS = 5


def minimum_variance_palette(codes: np.ndarray, count: int) -> np.ndarray:
    """`count` colours by minimum variance quantisation: the box whose best cut helps most is cut, again and again.

    Parameters
    ----------
    codes : array
        `(H, W, 3)` uint8.
    count : int
        At most so many colours.

    Returns
    -------
    array
        `(n, 3)` uint8, the means of the boxes; fewer than `count` where the picture has fewer colours (of 5 bits).

    References
    ----------
    X. Wu, "Efficient statistical computations for optimal color quantization", Graphics Gems II, 1991; the boxes and
    the criterion, on the list of occupied cells of the histogram instead of a cube of moments.

    Examples
    --------
    >>> stripes = np.repeat(np.array([[[0, 0, 0], [255, 0, 0], [0, 0, 255]]], np.uint8), 2, axis=0)
    >>> sorted(minimum_variance_palette(stripes, 3).tolist())
    [[0, 0, 0], [0, 0, 255], [255, 0, 0]]
    """
    flat = codes.reshape(-1, 3)
    cell = (flat.astype(np.int64) >> (8 - _BITS)) @ np.array([1 << 2 * _BITS, 1 << _BITS, 1])
    occupied, where = np.unique(cell, return_inverse=True)
    weight = np.bincount(where).astype(np.float64)
    sums = np.stack([np.bincount(where, flat[:, k]) for k in range(3)], axis=1)
    place = np.stack([occupied >> 2 * _BITS, (occupied >> _BITS) & 31, occupied & 31], axis=1)

    boxes = [_Box(np.arange(len(occupied)), place, weight, sums)]
    while len(boxes) < count:
        best = max(range(len(boxes)), key=lambda i: boxes[i].gain)
        if boxes[best].gain <= 0:
            break
        boxes.extend(_Box(part, place, weight, sums) for part in boxes.pop(best).parts())
    return np.rint([sums[box.cells].sum(axis=0) / weight[box.cells].sum() for box in boxes]).astype(np.uint8)


class _Box:
    """Cells of the histogram, and the cut of them that lowers the squared error most."""

    def __init__(self, cells: np.ndarray, place: np.ndarray, weight: np.ndarray, sums: np.ndarray) -> None:
        self.cells, self._place = cells, place[cells]
        w, s = weight[cells], sums[cells]
        total, moment = w.sum(), s.sum(axis=0)
        self.gain, self._axis, self._at = 0.0, 0, 0
        for axis in range(3):
            # Below each of the 32 places along the axis: how many pixels, and the sum of their colours.
            below = np.cumsum(np.bincount(self._place[:, axis], w, 1 << _BITS))[:-1]
            parts = [np.cumsum(np.bincount(self._place[:, axis], s[:, k], 1 << _BITS))[:-1] for k in range(3)]
            inside = (below > 0) & (below < total)
            if not inside.any():
                continue
            left = sum(part[inside] ** 2 for part in parts) / below[inside]
            right = sum((m - part[inside]) ** 2 for m, part in zip(moment, parts, strict=True))
            gain = left + right / (total - below[inside]) - float(moment @ moment) / total
            most = int(np.argmax(gain))
            if gain[most] > self.gain:
                self.gain, self._axis, self._at = float(gain[most]), axis, int(np.flatnonzero(inside)[most])

    def parts(self) -> tuple[np.ndarray, np.ndarray]:
        """Cells on either side of the cut."""
        low = self._place[:, self._axis] <= self._at
        return self.cells[low], self.cells[~low]


__all__ = ["minimum_variance_palette"]
