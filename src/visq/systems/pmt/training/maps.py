"""What the frozen part of a trunk makes of pictures, computed once and kept in half precision, and a stream of it.

Half precision rounds by a share of 0.0005, which is far below what a picture's compression changes; what is trained on
such maps is used on maps in single precision.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import torch

from visq.ahead import ahead
from visq.errors import WeightsError
from visq.probe.networks import network as named
from visq.systems.pmt.trunk import Trunk
from visq.train.data import image_cache
from visq.train.data.columns import image_tensor, taken_rows
from visq.train.data.draws import below, fingerprint, words
from visq.train.data.image_cache import rgb, unchanged
from visq.train.data.picture_streams import PictureStream
from visq.train.data.shards import Plan, Shards
from visq.train.data.shards import build as build_shards
from visq.train.data.splits import Part
from visq.train.data.work import Work

KIND = "maps"


class Maps:
    """Maps of the pictures of a part, as `visq.train.data.picture_streams.PictureStream` reads pictures.

    Made by `build`.
    """

    def __init__(self, shards: Shards) -> None:
        self.shards = shards
        about = shards.plan.about
        self.views = 2 if about["mirrored"] else 1
        self._place = {row[0]: i for i, row in enumerate(about["pictures"])}

    def find_part(self, part: Part) -> list[int]:
        """Numbers of the pictures of a part."""
        return [self._place[name] for name in part.names]

    def whole(self, index: int) -> tuple[int, int]:
        """Rows and columns of a map."""
        rows, columns, _ = self.shards.plan.shapes[index * self.views]
        return rows, columns

    def identity_of(self, indices: Iterable[int]) -> str:
        """Hash of some of them and of what computed them."""
        about = self.shards.plan.about
        others = {name: value for name, value in about.items() if name != "pictures"}
        return fingerprint([others, [about["pictures"][i] for i in indices]])

    def view(self, index: int, *, mirrored: bool = False) -> np.ndarray:
        """`(h, w, C)` float16 of a picture, or of its mirror image."""
        return self.shards[index * self.views + int(mirrored)]


def build(
    part: Part, trunk: Trunk, folder: str | os.PathLike[str], *, mirrored: bool, work: Work | None = None
) -> Maps:
    """Compute what lacks, and open it.

    Parameters
    ----------
    part : Part
    trunk : Trunk
        Its part up to `frozen_to`.
    folder : path
        Has a folder for each set of pictures and each way of computing.
    mirrored : bool
        Also of the mirror images: no map is the mirror image of another, because strides and filters have sides.
    work : Work, optional

    Raises
    ------
    ReadError, FormatError, StoreError
        A picture that cannot be taken, or that changed meanwhile; no room.
    WeightsError
        Values that half precision does not hold.
    """
    rows = [row[:4] for row in image_cache.plan(part).about["pictures"]]
    about = {
        "trunk": named(trunk.design.backbone, trunk.network).identity, "tap": trunk.frozen_to,
        "scaling": trunk.design.scaling, "decoder": image_cache.decoder(), "mirrored": mirrored, "pictures": rows,
    }  # fmt: skip
    views = 2 if mirrored else 1
    shapes = []
    for _, _, height, width in rows:
        channels, high, wide = trunk.network.spec.shape(trunk.frozen_to, height, width)
        shapes += [(high, wide, channels)] * views
    planned = Plan(KIND, "float16", tuple(shapes), about)
    paths = dict(zip(part.names, part.paths, strict=True))

    def opened(entry: int) -> tuple[str, np.ndarray]:
        name, sha256, _, _ = rows[entry // views]
        pixels = rgb(unchanged(paths[name], sha256).pixels, name)
        return name, pixels[:, ::-1] if entry % views else pixels

    def make(first: int, end: int) -> Iterator[np.ndarray]:
        with closing(ahead(opened, range(first, end), 1)) as pictures:
            for name, pixels in pictures:
                yield _computed(trunk, pixels, name)

    trunk.eval()
    return Maps(build_shards(planned, Path(folder) / f"maps-{planned.identity[:16]}", make, work=work))


def _computed(trunk: Trunk, pixels: np.ndarray, name: str) -> np.ndarray:
    found = trunk.front(image_tensor(np.ascontiguousarray(pixels)[None]))[0].permute(1, 2, 0).numpy()
    with np.errstate(over="ignore"):  # what is beyond it becomes infinite, and is told below
        half = found.astype(np.float16)
    if not np.isfinite(half).all():
        raise WeightsError(
            f"{name}: values of {trunk.frozen_to} are beyond half precision", got=f"{np.abs(found).max()}"
        )
    return half


class MapStream(PictureStream):
    """Maps of whole pictures with their scores; those of one size form batches.

    A batch has `maps` `(N, C, h, w)` float16, `score`, `index` and `columns`; parameters and order are those of
    `PictureStream`, whose `flip` takes the map of the mirror image.
    """

    cache: Maps  # type: ignore[assignment]

    @property
    def identity(self) -> str:
        """As that of `PictureStream`."""
        return fingerprint(["MapStream", super().identity])

    def _batch(self, number: int, chosen: np.ndarray) -> dict[str, torch.Tensor]:
        maps = np.stack([self._map(number, i) for i in chosen.tolist()])
        own = {"score": self.part.scores, "index": np.arange(len(self.part))}
        return {"maps": image_tensor(maps), **taken_rows({**own, **self.columns}, chosen)}

    def _map(self, number: int, index: int) -> np.ndarray:
        mirrored = self.flip and bool(below(words("flip", self.seed, 1, number, index)[0], 2))
        return self.cache.view(self._place[index], mirrored=mirrored)


__all__ = ["MapStream", "Maps", "build"]
