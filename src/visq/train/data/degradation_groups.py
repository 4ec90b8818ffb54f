"""Groups of one picture at rising levels of one type of damage, for losses that rank: on disk, and as a stream."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from visq.ahead import ahead
from visq.distortions.spec import LEVELS
from visq.errors import InputError, OptionError, SizeError, StoreError
from visq.train.data.columns import image_tensor
from visq.train.data.crops import Crop, copy_into, random_crop, take
from visq.train.data.degradations import STEPS, Graded, check_types, described, makers, same_levels
from visq.train.data.draws import check_seed, fingerprint, permutation
from visq.train.data.image_cache import ImageCache, Windows
from visq.train.data.prefetch import batches, check_threads, check_whole
from visq.train.data.shards import SHARD_BYTES, Plan, Shards
from visq.train.data.shards import build as build_shards
from visq.train.data.splits import Part
from visq.train.data.work import Work

if TYPE_CHECKING:
    import torch

KIND = "damaged pictures"
_BUILD = "Build them of this part and these types."


class DegradedCache:
    """Damaged pictures on disk, of a folder that `build` filled: of each picture one window, at five levels a type.

    Parameters
    ----------
    folder : path

    Attributes
    ----------
    names : tuple of str
        Of the pictures.
    types : tuple of list
        Types that are kept, as `visq.train.data.degradations.described` has them. Tone curves are not among them.

    Raises
    ------
    StoreError
        It is not complete, damaged, or holds something else.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.shards = Shards(folder)
        if self.shards.plan.kind != KIND:
            raise StoreError(f"{folder} holds no damaged pictures", expected=KIND, got=self.shards.plan.kind)
        about = self.shards.plan.about
        self.names = tuple(row[0] for row in about["pictures"])
        self.types = tuple(about["types"])
        self._windows = tuple(Crop(*row[2]) for row in about["pictures"])
        self._place = {name: i for i, name in enumerate(self.names)}

    @property
    def identity(self) -> str:
        """Hash of the pictures, types, amounts, seed, and of what made them."""
        return self.shards.identity

    def number(self, one: Graded) -> int | None:
        """Number of a type among those that are kept; None where it is not."""
        wanted = described(one)
        return self.types.index(wanted) if wanted in self.types else None

    def __contains__(self, name: str) -> bool:
        return name in self._place

    def window(self, name: str) -> Crop:
        """Where in the picture what is kept of it lies."""
        return self._windows[self._place[name]]

    def made_of(self, name: str) -> str:
        """`ImageCache.identity_of` of the picture that was damaged."""
        return str(self.shards.plan.about["pictures"][self._place[name]][1])

    def level(self, name: str, number: int, level: int) -> np.ndarray:
        """The window of a picture, damaged by the type of this number at a level, 1 to 5: a view of the file."""
        return self.shards[(self._place[name] * len(self.types) + number) * LEVELS + level - 1]


def plan(
    part: Part, images: ImageCache, types: Iterable[str | Graded], *, side: int = 0, seed: int = 0,
    shard_bytes: int = SHARD_BYTES,
) -> Plan:  # fmt: skip
    """What `build` would keep: `.bytes` says how much room it takes.

    Raises
    ------
    OptionError
        Types that cannot be ranked; none but tone curves, which need no room.
    """
    kept = [one for one in check_types(types) if not one.curve]
    if not kept:
        raise OptionError(
            "tone curves are applied to crops", expected="a type that is not, to keep", got="curves alone"
        )
    places = images.find_part(part)
    rows: list[list[Any]] = []
    for name, place in dict(zip(part.names, places, strict=True)).items():
        height, width = images.whole(place)
        chosen = Windows(1, check_whole("the side of the window", side), check_seed(seed))
        window = chosen.of(images.sha256[place], height, width)[0] if side else Crop(0, 0, height, width)
        rows.append([name, images.identity_of([place]), window])
    about = {"made_with": makers(), "types": [described(one) for one in kept], "seed": seed, "pictures": rows}
    shapes = tuple((row[2].height, row[2].width, 3) for row in rows for _ in range(len(kept) * LEVELS))
    return Plan(KIND, "uint8", shapes, about, check_whole("the size of a shard", shard_bytes, least=1))


def build(
    part: Part, images: ImageCache, folder: str | os.PathLike[str], types: Iterable[str | Graded], *, side: int = 0,
    seed: int = 0, shard_bytes: int = SHARD_BYTES, threads: int | None = None, work: Work | None = None,
) -> DegradedCache:  # fmt: skip
    """Damage whole pictures, keep a window of each at every level, and open the folder.

    Parameters
    ----------
    part : Part
        The pictures.
    images : ImageCache
        Holds them whole.
    folder : path
        As that of `visq.train.data.image_cache.build`: gone on with where it was not finished.
    types : iterable of str or Graded
        Tone curves among them are left out: they are applied to crops.
    side : int
        Height and width of the windows; 0 keeps whole pictures. They are cut after the damage is done.
    seed : int
        Of noise and of the places of windows.
    shard_bytes, threads, work
        As there.

    Raises
    ------
    StoreError, OptionError, InputError
        As there; types that cannot be ranked.
    """
    chosen, count = check_types(types), check_threads(threads)
    planned = plan(part, images, chosen, side=side, seed=seed, shard_bytes=shard_bytes)
    kept = [one for one in chosen if not one.curve]
    rows = planned.about["pictures"]
    place = dict(zip(part.names, images.find_part(part), strict=True))
    entries = [(row, one, level) for row in range(len(rows)) for one in kept for level in range(1, STEPS)]

    def damaged(entry: tuple[int, Graded, int]) -> np.ndarray:
        row, one, level = entry
        name, _, window = rows[row]
        return take(one.apply(images[place[name]], level, seed=seed, key=name), window)

    def make(first: int, end: int) -> Iterator[np.ndarray]:
        return ahead(damaged, entries[first:end], count)

    build_shards(planned, folder, make, work=work)
    return DegradedCache(folder)


class DegradationStream:
    """Groups for ranking: the same crop of a picture at several levels of one type, none to severe.

    A batch has `image` `(G L, 3, side, side)` uint8, and `(G L,)` each: `group`, its number in the batch, 0 to G - 1;
    `level`, 0 untouched to 5 severe, rising within a group; `type`, the number of the type; `index`, that of the
    picture in its part. A crop that equals the one before it has its level too, so that a loss asks nothing of the two.

    Parameters
    ----------
    part : Part
        Pictures; their scores play no part.
    images : ImageCache
        Holds them whole.
    degraded : DegradedCache or None
        Holds them damaged. None where all types are tone curves.
    types : sequence of str or Graded
    side : int
        Of the crops.
    groups : int
        Groups a batch. The last batch of an epoch may have fewer.
    levels : int
        How many of the six levels a group has: all, or so many, another choice for every group.
    per_epoch : int
        Groups an epoch, 0 for every picture with every type once. Fewer are a random choice, another one in every
        epoch; more are not taken.
    flip : bool
        Mirror half of the groups, left to right.
    seed, threads, purpose
        As `visq.train.data.picture_streams.CropStream`.

    Raises
    ------
    OptionError, SizeError, InputError
        As there; pictures or types that `degraded` lacks.
    """

    def __init__(
        self, part: Part, images: ImageCache, degraded: DegradedCache | None, types: Sequence[str | Graded], *,
        side: int, groups: int, levels: int = STEPS, per_epoch: int = 0, flip: bool = True, seed: int = 0,
        threads: int = 2, purpose: str = "training",
    ) -> None:  # fmt: skip
        self.part, self.images, self.degraded = part.for_purpose(purpose), images, degraded
        self.types = check_types(types)
        self.side = check_whole("the side of a crop", side, least=1)
        self.groups = check_whole("groups a batch", groups, least=1)
        self.levels = check_whole("levels of a group", levels, least=2, most=STEPS)
        total = len(part) * len(self.types)
        self.per_epoch = check_whole("groups an epoch", per_epoch, most=total) or total
        self.flip, self.seed, self.threads = flip, check_seed(seed), check_threads(threads)
        if not total:
            raise InputError("the part holds no picture")
        self._place = images.find_part(part)
        self._tables = {i: one.table() for i, one in enumerate(self.types) if one.curve}
        self._numbers = [None if one.curve else self._number(one) for one in self.types]
        self._windows = [self._window(name, place) for name, place in zip(part.names, self._place, strict=True)]

    @property
    def identity(self) -> str:
        """Hash of the pictures, types, amounts, and every option that changes a batch."""
        options: list[Any] = [self.side, self.groups, self.levels, self.per_epoch, self.flip, self.seed]
        data = [self.part.identity, self.images.identity_of(self._place), self.degraded and self.degraded.identity]
        return fingerprint(["DegradationStream", data, [described(one) for one in self.types], options, makers()])

    def __len__(self) -> int:
        return (self.per_epoch + self.groups - 1) // self.groups

    def epoch(self, number: int, start: int = 0) -> Iterator[dict[str, torch.Tensor]]:
        """As `visq.train.streams.Stream`."""
        check_whole("the number of an epoch", number)
        order = permutation("groups", self.seed, len(self.part) * len(self.types), number)[: self.per_epoch]
        size = self.groups
        return batches(lambda i: self._batch(number, order[i * size : (i + 1) * size]), len(self), number, start,
                       self.threads)  # fmt: skip

    def _batch(self, number: int, chosen: np.ndarray) -> dict[str, torch.Tensor]:
        import torch

        count = len(chosen) * self.levels
        image = np.empty((count, self.side, self.side, 3), np.uint8)
        level = np.empty((len(chosen), self.levels), np.int64)
        for row, item in enumerate(chosen.tolist()):
            crops = image[row * self.levels : (row + 1) * self.levels]
            level[row] = self._group(number, item, crops)
        index, kind = np.divmod(chosen, len(self.types))
        columns = {"group": np.arange(len(chosen)), "index": index, "type": kind}
        return {
            "image": image_tensor(image), "level": torch.from_numpy(level.reshape(-1)),
            **{name: torch.from_numpy(np.repeat(values, self.levels)) for name, values in columns.items()},
        }  # fmt: skip

    def _group(self, number: int, item: int, out: np.ndarray) -> list[int]:
        """Fill in the crops of a group; returns their levels."""
        index, kind = divmod(item, len(self.types))
        every = permutation("levels", self.seed, STEPS, number, index, kind)[: self.levels]
        levels = sorted(every.tolist())
        window = self._windows[index]
        crop = random_crop((window.height, window.width), self.side, self.seed, number, index, kind, flip=self.flip)
        for row, level in zip(out, levels, strict=True):
            copy_into(row, self._crop(index, kind, level, window, crop))
        return same_levels(out, levels)

    def _crop(self, index: int, kind: int, level: int, window: Crop, crop: Crop) -> np.ndarray:
        number = self._numbers[kind]
        if level and number is not None and self.degraded is not None:
            return take(self.degraded.level(self.part.names[index], number, level), crop)
        untouched = take(take(self.images[self._place[index]], window), crop)
        return self._tables[kind][level][untouched] if level else untouched

    def _number(self, one: Graded) -> int:
        number = None if self.degraded is None else self.degraded.number(one)
        if number is None:
            raise InputError(f"there are no pictures damaged by {one.name}, as it is now", hint=_BUILD)
        return number

    def _window(self, name: str, place: int) -> Crop:
        if self.degraded is not None and len(self._tables) < len(self.types):
            if name not in self.degraded:
                raise InputError(f"the damaged pictures lack {name}", hint=_BUILD)
            if self.degraded.made_of(name) != self.images.identity_of([place]):
                raise InputError(f"the damaged pictures were made of another {name} than the cache has", hint=_BUILD)
            window = self.degraded.window(name)
        else:
            window = Crop(0, 0, *self.images.whole(place))
        if min(window.height, window.width) < self.side:
            raise SizeError(
                f"{name} is smaller than the crops", expected=f"sides of {self.side} pixels or more",
                got=f"{window.width}x{window.height}", hint="Take smaller crops, or leave it out of the part.",
            )  # fmt: skip
        return window


__all__ = ["DegradationStream", "DegradedCache", "build", "plan"]
