"""From the moments of cells to the statistics that are read: of the whole picture, and of windows. NumPy and torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from visq.ops.arrays import Batch, is_torch
from visq.systems.visq_nr import tones
from visq.systems.visq_nr.design import BALANCED, EPSILON, Design
from visq.systems.visq_nr.grid import Span, around, cells, sized, tiles, weights
from visq.systems.visq_nr.planes import cut

#: From planes `(N, 3, H, W)` in 0..255 and a number of stages to `(N, 2 C, h, w)`: means of each cell, then of squares.
Run = Callable[[Any, int], Any]
#: Takes rows and columns of cells, and what there is of them.
Visit = Callable[[Span, Span, Any], None]


def whole(batch: Batch, design: Design, run: Run, visit: Visit | None = None) -> Any:
    """`(N, F)` statistics of whole pictures: of each scale the means of all channels, then the deviations.

    The moments of the tiles are added up in double precision (tensors: in their own).

    Parameters
    ----------
    batch : Batch
    design : Design
    run : callable
        The trunk.
    visit : callable, optional
        Is given the cells of each tile at native size, rows and columns, and the statistics `(N, h, w, F)` of the
        windows about them. At half size windows are the same part of the picture. The moments of that scale are kept
        for the whole picture, those of native size for a tile.
    """
    looks = list(looks_of(batch, design, run))
    means: dict[int, Any] = {}
    kept: dict[int, Any] = {}
    # The smaller scale first, because windows at native size need all of it.
    for look in reversed(looks):
        if look.scale > 1:
            means[look.scale], kept[look.scale] = look.survey(keep=visit is not None)
        else:
            means[look.scale], _ = look.survey(visit=visit and _windows(batch, looks, kept, visit))
    if visit is not None and not design.native:
        for rows, columns in tiles(*batch.size):
            _windows(batch, looks, kept, visit)(rows, columns, None)
    return features([means[look.scale] for look in looks])


def _windows(batch: Batch, looks: list[_Look], kept: dict[int, Any], visit: Visit) -> Visit:
    """From the moments of a tile at native size to the statistics of the windows about its cells."""
    height, width = batch.size

    def visited(rows: Span, columns: Span, moments: Any) -> None:
        down, across = around(height, rows), around(width, columns)
        found = []
        for look in looks:
            sides = [weights(n, look.scale, w) for n, w in ((height, down), (width, across))]
            if look.scale == 1:
                near = [slice(span.outer_first, span.outer_end) for span in (rows, columns)]
                part = moments
            else:
                near = [_touched(w) for w in sides]
                part = kept[look.scale][:, :, near[0], near[1]]
            found.append(
                summed(part, *(w[:, n] / w.sum(axis=1, keepdims=True) for w, n in zip(sides, near, strict=True)))
            )
        visit(rows, columns, features(found))

    return visited


def features(scales: list[Any]) -> Any:
    """`(N, ..., F)` out of `(N, 2 C, ...)` means and means of squares of every scale: means, then deviations.

    A deviation is ``sqrt(max(E x^2 - (E x)^2, 0) + 1e-4)``.
    """
    found = []
    for moments in scales:
        mean, square = _halved(moments)
        # Rounding makes it negative where a picture is flat.
        variance = (square - mean * mean).clip(0.0)
        found += [mean, (variance + EPSILON) ** 0.5]
    if is_torch(found[0]):
        import torch

        return torch.moveaxis(torch.cat(found, dim=1), 1, -1)
    # In one piece: products of arrays that are not take ten times as long.
    return np.ascontiguousarray(np.moveaxis(np.concatenate(found, axis=1), 1, -1))


@dataclass(frozen=True)
class _Look:
    """Pictures at one scale, and the mirror images of them where these are looked at too.

    `share`: how much the pictures themselves count, beside their mirror images; None where these do not.
    """

    batch: Batch
    share: Any
    scale: int
    stages: int
    run: Run
    tones: bool = False

    @property
    def size(self) -> tuple[int, int]:
        return sized(self.batch.size[0], self.scale), sized(self.batch.size[1], self.scale)

    def moments(self, rows: Span, columns: Span) -> Any:
        """`(N, 2 C, h, w)` of the computed cells of a tile."""
        if self.share is None:
            return self._seen(self.batch, rows, columns)
        share = self.share[:, None, None, None]
        if bool((self.share == 1.0).all()):
            return self._seen(self.batch, rows, columns)
        other = _turned(self._seen(self._mirror, rows, columns.mirrored(cells(self.size[1]))))
        if bool((self.share == 0.0).all()):
            return other
        found = self._seen(self.batch, rows, columns)
        share = share.to(found.dtype) if is_torch(found) else share.astype(found.dtype)
        return found * share + other * (1 - share)

    @cached_property
    def _mirror(self) -> Batch:
        return Batch(_turned(self.batch.data), self.batch.peak, self.batch.single)

    def _seen(self, batch: Batch, rows: Span, columns: Span) -> Any:
        planes = cut(batch, self.scale, rows.pixels, columns.pixels)
        found = self.run(planes, self.stages)
        if not self.tones:
            return found
        shares = tones.moments(planes)
        shares = shares.to(found.dtype) if is_torch(found) else shares.astype(found.dtype)
        parts = [half for both in zip(_halved(found), _halved(shares), strict=True) for half in both]
        return batch.xp.concat(parts, axis=1)

    def survey(self, *, keep: bool = False, visit: Visit | None = None) -> tuple[Any, Any]:
        """`(N, 2 C)` means over the whole picture, and `(N, 2 C, h, w)` of all cells if they are to be kept.

        `visit` is given every tile with the moments of its computed cells.
        """
        down, across = (weights(n, self.scale) for n in self.batch.size)
        if self.share is not None:
            across = (across + across[:, ::-1]) * 0.5
        total: Any = 0.0
        kept: dict[Span, list[Any]] = {}
        for rows, columns in tiles(*self.size):
            moments = self.moments(rows, columns)
            own = moments[:, :, rows.own, columns.own]
            total = total + summed(own, down[:, rows.first : rows.end], across[:, columns.first : columns.end])
            if keep:
                kept.setdefault(rows, []).append(own)
            if visit is not None:
                visit(rows, columns, moments)
        xp = self.batch.xp
        cells = xp.concat([xp.concat(row, axis=3) for row in kept.values()], axis=2) if keep else None
        return total[:, :, 0, 0] * (1.0 / (down.sum() * across.sum())), cells


def _halved(moments: Any) -> tuple[Any, Any]:
    """Means, and means of squares."""
    half = moments.shape[1] // 2
    return moments[:, :half], moments[:, half:]


def _touched(weight: Any) -> slice:
    """The cells that some window holds a part of."""
    places = np.flatnonzero(weight.any(axis=0))
    return slice(int(places[0]), int(places[-1]) + 1)


def looks_of(batch: Batch, design: Design, run: Run) -> Iterator[_Look]:
    """What is looked at, at each scale."""
    side = shares(batch) if design.mirror == "side" else None
    for scale, stages in design.scales:
        yield _Look(batch, _halves(batch) if design.mirrored(scale) else side, scale, stages, run,
                    design.tones_at(scale))  # fmt: skip


def shares(batch: Batch) -> Any:
    """`(N,)`: how much each picture counts beside its mirror image, by the side that its light is on.

    With the values v of all channels, ``lean = sum v u / sum v``, u from -1 at the left border to 1 at the right one:
    ``min(1, max(0, 1/2 - lean / (2 BALANCED)))``. The mirror image has one minus that.
    """
    width = batch.size[1]
    place = (2.0 * np.arange(width) + 1.0 - width) / width
    if is_torch(batch.data):
        import torch

        data = batch.data if batch.data.is_floating_point() else batch.data.double()
        column = data.sum(dim=(1, 2))
        lean = (column * torch.as_tensor(place, dtype=column.dtype, device=column.device)).sum(1)
        total = column.sum(1)
        lean = torch.where(total > 0, lean / torch.where(total > 0, total, torch.ones_like(total)), lean)
    else:
        column = batch.data.sum(axis=(1, 2), dtype=np.float64)
        total = column.sum(axis=1)
        lean = (column @ place) / np.where(total > 0, total, 1.0)
    return (0.5 - lean / (2.0 * BALANCED)).clip(0.0, 1.0)


def _halves(batch: Batch) -> Any:
    if not is_torch(batch.data):
        return np.full(len(batch.data), 0.5)
    import torch

    return torch.full((len(batch.data),), 0.5, dtype=batch.dtype, device=batch.data.device)


def _turned(x: Any) -> Any:
    return x.flip(3) if is_torch(x) else x[:, :, :, ::-1]


def summed(moments: Any, down: Any, across: Any) -> Any:
    """`(N, C, windows, windows)`: weighted sums of `(N, C, h, w)` over both sides."""
    if is_torch(moments):
        import torch

        down, across = (torch.as_tensor(w, dtype=moments.dtype, device=moments.device) for w in (down, across))
        with torch.autocast(moments.device.type, enabled=False):
            return down @ (moments @ across.T)
    return down @ (moments.astype(np.float64) @ across.T)
