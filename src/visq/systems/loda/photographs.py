"""Pictures resized once and kept, and streams of crops of pictures that nobody has rated."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from visq.errors import InputError, SizeError
from visq.systems.loda.pictures import SHORT, Filter, resized, sized
from visq.train.data import image_cache
from visq.train.data.columns import image_tensor
from visq.train.data.crops import Crop, copy_into, fixed_crops, random_crop, take
from visq.train.data.draws import check_seed, fingerprint, permutation
from visq.train.data.image_cache import ImageCache, unchanged
from visq.train.data.prefetch import batches, check_threads, check_whole
from visq.train.data.shards import build as build_shards
from visq.train.data.splits import Part
from visq.train.data.work import Work, kept_in

if TYPE_CHECKING:
    import torch

    from visq.train.data.shards import Plan


def resized_cache(
    source: Part | Sequence[str | Path], folder: str | Path = "", *, short: int = SHORT, filter: Filter = "bicubic",
    work: Work | None = None,
) -> ImageCache:  # fmt: skip
    """Pictures with their shorter side brought to `short` pixels by Pillow, decoded once.

    Parameters
    ----------
    source : Part or sequence of paths
    folder : path
        Where caches lie, each in a folder of its own. Empty: `training` beside what `visq weights fetch` keeps.
    short : int
    filter : {"bicubic", "bilinear"}
    work : Work, optional
        Who hears how far it is.

    Raises
    ------
    SizeError, ReadError, FormatError, LimitError, StoreError
        As `visq.train.data.image_cache.build`; a picture with fewer than 32 pixels along a side, by its name.
    """
    whole = image_cache.plan(source)
    rows = [_row(row, short) for row in whole.about["pictures"]]
    about = {**whole.about, "decoder": {**whole.about["decoder"], "resized": f"{short} {filter}"}, "pictures": rows}
    plan = replace(whole, shapes=tuple((row[2], row[3], 3) for row in rows), about=about)
    place = kept_in(folder) / f"loda-{plan.identity[:16]}"
    build_shards(plan, place, _maker(source, whole, short, filter), work=work)
    return ImageCache(place)


def _row(row: list[Any], short: int) -> list[Any]:
    name, sha256, height, width = row[:4]
    try:
        high, wide = sized(height, width, short)
    except SizeError as error:
        raise error.with_context(name) from None
    return [name, sha256, high, wide, (Crop(0, 0, high, wide),)]


def _maker(
    source: Part | Sequence[str | Path], plan: Plan, short: int, filter: Filter
) -> Callable[[int, int], Iterable[np.ndarray]]:
    named = zip(source.names, source.paths, strict=True) if isinstance(source, Part) else ((str(p), p) for p in source)
    paths = {name: Path(path) for name, path in named}
    rows = plan.about["pictures"]

    def make(first: int, end: int) -> Iterator[np.ndarray]:
        for name, sha256 in (row[:2] for row in rows[first:end]):
            pixels = image_cache.rgb(unchanged(paths[name], sha256).pixels, name)
            yield resized(pixels, short, filter)

    return make


class PhotoStream:
    """Crops of pictures without scores: random ones, others in every epoch, or the one in the middle.

    A batch has `image` `(N, 3, side, side)` uint8 and `index` `(N,)`.

    Parameters
    ----------
    cache : ImageCache
    side, batch : int
    random : bool
        Random places, mirrored half of the time, in another order in every epoch; a last batch that is not full is
        left out.
    count : int
        Crops of each picture an epoch.
    seed, threads : int
    split : str
        Name of the part.
    """

    def __init__(
        self, cache: ImageCache, *, side: int, batch: int, random: bool = True, count: int = 1, seed: int = 0,
        threads: int = 2, split: str = "",
    ) -> None:  # fmt: skip
        self.cache, self.random, self.split = cache, random, split
        self.side, self.batch = check_whole("the side of a crop", side, least=1), check_whole("a batch", batch, least=1)
        self.count = check_whole("count", count, least=1)
        self.seed, self.threads = check_seed(seed), check_threads(threads)
        if not len(self):
            raise InputError("there is no full batch", expected=f"{batch} crops", got=f"{len(cache)} pictures")

    @property
    def identity(self) -> str:
        """Hash of the pictures and of every option that changes a batch."""
        options = [self.side, self.batch, self.random, self.count, self.seed]
        return fingerprint(["PhotoStream", self.cache.identity, options])

    def __len__(self) -> int:
        total = len(self.cache) * self.count
        return total // self.batch if self.random else -(-total // self.batch)

    def epoch(self, number: int, start: int = 0) -> Iterator[dict[str, torch.Tensor]]:
        """As `visq.train.streams.Stream`."""
        total, size = len(self.cache) * self.count, self.batch
        order = permutation("order", self.seed, total, number) if self.random else np.arange(total)
        return batches(lambda i: self._batch(number, order[i * size : (i + 1) * size]), len(self), number, start,
                       self.threads)  # fmt: skip

    def _batch(self, number: int, items: np.ndarray) -> dict[str, torch.Tensor]:
        import torch

        out = np.empty((len(items), self.side, self.side, 3), np.uint8)
        indices = items // self.count
        for row, index, crop in zip(out, indices.tolist(), (items % self.count).tolist(), strict=True):
            pixels = self.cache[index]
            size = (pixels.shape[0], pixels.shape[1])
            if self.random:
                place = random_crop(size, self.side, self.seed, number, index, crop)
            else:
                place = fixed_crops(size, self.side, "centre")[0]
            copy_into(row, take(pixels, place))
        return {"image": image_tensor(out), "index": torch.from_numpy(indices)}


__all__ = ["PhotoStream", "resized_cache"]
