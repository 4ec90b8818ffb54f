"""Streams of pictures with their scores: crops of one size, or whole pictures, those of one size together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from visq.errors import InputError, OptionError, SizeError
from visq.train.data.columns import Columns, check_columns, columns_identity, image_tensor, taken_rows
from visq.train.data.crops import copy_into, count_fixed, fixed_crops, random_crop, take
from visq.train.data.draws import below, check_seed, fingerprint, permutation, words
from visq.train.data.image_cache import ImageCache
from visq.train.data.prefetch import batches, check_threads, check_whole
from visq.train.data.splits import Part

if TYPE_CHECKING:
    import torch

_OWN = ("image", "score", "index", "crop")


class CropStream:
    """Crops of pictures: random ones, others in every epoch, for training; fixed ones for the rest.

    A batch has `image` `(N, 3, side, side)` uint8 (in memory with its channels last), `score` `(N,)` float32 in 0..1,
    `index` `(N,)`, the number of the picture in its part, `crop` `(N,)`, the number of the crop in its picture, and
    `columns`. The crop of a picture is a function of seed, epoch, picture and number of the crop.

    Parameters
    ----------
    part : Part
        Pictures and scores.
    cache : ImageCache
        Holds them, and others perhaps.
    side : int
        Of the crops, in pixels.
    batch : int
        Crops a batch; the last one of an epoch may have fewer.
    count : int
        Random crops of each picture an epoch.
    where : str or (rows, columns)
        `random`, or what `visq.train.data.crops.fixed_crops` takes.
    flip : bool, optional
        Mirror half of the crops, left to right. Not given: of random ones.
    shuffle : bool, optional
        Another order in every epoch. Not given: of random ones.
    together : bool
        Keep the crops of a picture in one batch, one after the other.
    small : {"refuse", "leave out"}
        What becomes of pictures that are smaller than a crop; `left_out` has their numbers.
    drop_last : bool
        Leave out a last batch that is not full: correlations of a few samples say nothing.
    columns : mapping of str to array
        What else there is of each picture of the part.
    seed, threads : int
        Batches do not depend on the number of threads; 0 makes them when they are asked for.
    purpose : {"training", "validation", "evaluation"}
        Which parts may be read.

    Raises
    ------
    OptionError
        A part that is not for this purpose; options that do not fit each other.
    SizeError
        Pictures that are too small; the first is named.
    InputError
        A picture that the cache lacks; columns that do not fit.
    """

    def __init__(
        self, part: Part, cache: ImageCache, *, side: int, batch: int, count: int = 1,
        where: str | tuple[int, int] = "random", flip: bool | None = None, shuffle: bool | None = None,
        together: bool = False, small: Literal["refuse", "leave out"] = "refuse", drop_last: bool = False,
        columns: Columns | None = None, seed: int = 0, threads: int = 2, purpose: str = "training",
    ) -> None:  # fmt: skip
        self.part, self.cache = part.for_purpose(purpose), cache
        random = where == "random"
        self.where, self.side = where, check_whole("the side of a crop", side, least=1)
        self.count = check_whole("count", count, least=1) if random else count_fixed(where)
        self.batch = check_whole("the size of a batch", batch, least=1)
        self.flip = random if flip is None else flip
        self.shuffle = random if shuffle is None else shuffle
        self.together, self.drop_last = together, drop_last
        self.seed, self.threads = check_seed(seed), check_threads(threads)
        self.columns = check_columns(columns or {}, len(part), _OWN)
        if together and self.batch % self.count:
            raise OptionError(
                "the crops of a picture do not fit a batch together", expected=f"a multiple of {self.count}",
                got=f"batches of {self.batch}",
            )  # fmt: skip
        self._place = cache.find_part(part)
        self._kept = self._large_enough(small)
        if len(self) == 0:
            raise OptionError("there is no full batch", got=f"{len(self._kept) * self.count} crops, batch {batch}")

    @property
    def left_out(self) -> tuple[int, ...]:
        """Numbers in the part of the pictures that are smaller than a crop."""
        return tuple(sorted(set(range(len(self.part))) - set(self._kept.tolist())))

    @property
    def identity(self) -> str:
        """Hash of the pictures, their scores, and every option that changes a batch."""
        options: list[Any] = [
            self.side, self.batch, self.count, self.where, self.flip, self.shuffle, self.together, self.drop_last,
            self.seed, self._kept.tolist(), columns_identity(self.columns),
        ]  # fmt: skip
        return fingerprint(["CropStream", self.part.identity, self.cache.identity_of(self._place), options])

    def __len__(self) -> int:
        total = len(self._kept) * self.count
        return total // self.batch if self.drop_last else -(-total // self.batch)

    def epoch(self, number: int, start: int = 0) -> Iterator[dict[str, torch.Tensor]]:
        """As `visq.train.streams.Stream`."""
        check_whole("the number of an epoch", number)
        items = self._items(number)
        size = self.batch
        return batches(lambda i: self._batch(number, items[i * size : (i + 1) * size]), len(self), number, start,
                       self.threads)  # fmt: skip

    def _items(self, number: int) -> np.ndarray:
        """Pictures and crops in the order of the epoch, `(M, 2)`."""
        pictures = len(self._kept)
        crops = np.tile(np.arange(self.count), pictures)
        order = np.arange(pictures * self.count)
        if self.shuffle and self.together:
            order = order.reshape(pictures, self.count)[permutation("order", self.seed, pictures, number)].reshape(-1)
        elif self.shuffle:
            order = permutation("order", self.seed, len(order), number)
        return np.stack([np.repeat(self._kept, self.count), crops], axis=1)[order]

    def _batch(self, number: int, items: np.ndarray) -> dict[str, torch.Tensor]:
        out = np.empty((len(items), self.side, self.side, 3), np.uint8)
        for row, (index, crop) in zip(out, items.tolist(), strict=True):
            copy_into(row, self._crop(number, index, crop))
        chosen = items[:, 0]
        own = {"score": self.part.scores, "index": np.arange(len(self.part))}
        return {
            "image": image_tensor(out), **taken_rows({**own, **self.columns}, chosen),
            **taken_rows({"crop": np.arange(self.count)}, items[:, 1]),
        }  # fmt: skip

    def _crop(self, number: int, index: int, crop: int) -> np.ndarray:
        place = self._place[index]
        view = 0
        epoch = number if self.where == "random" or self.flip else 0
        if len(self.cache.windows(place)) > 1:
            view = below(words("view", self.seed, 1, epoch, index, crop)[0], len(self.cache.windows(place)))
        pixels = self.cache.view(place, view)
        size = (pixels.shape[0], pixels.shape[1])
        drawn = random_crop(size, self.side, self.seed, epoch, index, crop, flip=self.flip)
        if self.where == "random":
            return take(pixels, drawn)
        return take(pixels, fixed_crops(size, self.side, self.where)[crop]._replace(flip=drawn.flip))

    def _large_enough(self, small: str) -> np.ndarray:
        least = [min(min(w.height, w.width) for w in self.cache.windows(place)) for place in self._place]
        tiny = [i for i, side in enumerate(least) if side < self.side]
        if small not in ("refuse", "leave out"):
            raise OptionError("small cannot be that", expected="'refuse' or 'leave out'", got=repr(small))
        if tiny and small == "refuse":
            raise SizeError(
                f"{len(tiny)} pictures are smaller than the crops, {self.part.names[tiny[0]]} for one",
                expected=f"sides of {self.side} pixels or more", got=str(least[tiny[0]]),
                hint="Take smaller crops, or small='leave out': nothing is enlarged or padded.",
            )  # fmt: skip
        return np.setdiff1d(np.arange(len(self.part)), tiny)


class PictureStream:
    """Whole pictures, as they are; those of one size form batches.

    A batch has `image` `(N, 3, H, W)` uint8, `score`, `index` and `columns`, as that of `CropStream`. Nothing is padded
    to a common size: a border of one colour is no part of the picture.

    Parameters
    ----------
    part, cache, columns, seed, threads, purpose
        As `CropStream`.
    batch : int
        Most pictures a batch.
    most_pixels : int
        Most pixels a batch, all its pictures together; one picture may have more. 0: no limit.
    flip : bool
        Mirror half of the pictures, left to right.
    shuffle : bool
        Another order, and other companions, in every epoch.

    Raises
    ------
    OptionError, InputError
        As `CropStream`.
    """

    def __init__(
        self, part: Part, cache: ImageCache, *, batch: int = 1, most_pixels: int = 0, flip: bool = False,
        shuffle: bool = False, columns: Columns | None = None, seed: int = 0, threads: int = 2,
        purpose: str = "training",
    ) -> None:  # fmt: skip
        self.part, self.cache = part.for_purpose(purpose), cache
        self.batch = check_whole("the size of a batch", batch, least=1)
        self.most_pixels = check_whole("most_pixels", most_pixels)
        self.flip, self.shuffle, self.seed, self.threads = flip, shuffle, check_seed(seed), check_threads(threads)
        self.columns = check_columns(columns or {}, len(part), _OWN)
        self._place = cache.find_part(part)
        if len(part) == 0:
            raise InputError("the part holds no picture")
        self._sizes: dict[tuple[int, int], list[int]] = {}
        for i, place in enumerate(self._place):
            self._sizes.setdefault(cache.whole(place), []).append(i)

    @property
    def identity(self) -> str:
        """As that of `CropStream`."""
        options = [self.batch, self.most_pixels, self.flip, self.shuffle, self.seed, columns_identity(self.columns)]
        return fingerprint(["PictureStream", self.part.identity, self.cache.identity_of(self._place), options])

    def __len__(self) -> int:
        return sum(-(-len(members) // self._most(size)) for size, members in self._sizes.items())

    def epoch(self, number: int, start: int = 0) -> Iterator[dict[str, torch.Tensor]]:
        """As `visq.train.streams.Stream`."""
        check_whole("the number of an epoch", number)
        chosen = self._chosen(number)
        return batches(lambda i: self._batch(number, chosen[i]), len(self), number, start, self.threads)

    def _most(self, size: tuple[int, int]) -> int:
        if not self.most_pixels:
            return self.batch
        return max(1, min(self.batch, self.most_pixels // (size[0] * size[1])))

    def _chosen(self, number: int) -> list[np.ndarray]:
        """The pictures of each batch of the epoch."""
        found = []
        for size in sorted(self._sizes):
            members, most = np.array(self._sizes[size]), self._most(size)
            if self.shuffle:
                members = members[permutation("order", self.seed, len(members), number, *size)]
            found += [members[i : i + most] for i in range(0, len(members), most)]
        if self.shuffle:
            found = [found[i] for i in permutation("batches", self.seed, len(found), number)]
        return found

    def _batch(self, number: int, chosen: np.ndarray) -> dict[str, torch.Tensor]:
        pictures = [self._picture(number, i) for i in chosen.tolist()]
        out = np.empty((len(pictures), *pictures[0].shape), np.uint8)
        for row, pixels in zip(out, pictures, strict=True):
            copy_into(row, pixels)
        own = {"score": self.part.scores, "index": np.arange(len(self.part))}
        return {"image": image_tensor(out), **taken_rows({**own, **self.columns}, chosen)}

    def _picture(self, number: int, index: int) -> np.ndarray:
        pixels = self.cache[self._place[index]]
        mirrored = self.flip and bool(below(words("flip", self.seed, 1, number, index)[0], 2))
        return pixels[:, ::-1] if mirrored else pixels


__all__ = ["CropStream", "PictureStream"]
