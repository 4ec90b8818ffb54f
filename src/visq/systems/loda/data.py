"""What the recipes of LoDa read: crops of rated pictures whose shorter side was brought to 384 pixels."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from visq.datasets.reader import Dataset
from visq.errors import OptionError
from visq.ops.choices import check_choice
from visq.systems.loda.photographs import resized_cache
from visq.systems.loda.pictures import COUNT, grid
from visq.train.data.crops import FIXED, count_fixed
from visq.train.data.draws import below, fingerprint, words
from visq.train.data.image_cache import ImageCache
from visq.train.data.picture_streams import CropStream
from visq.train.data.splits import Part, Parts, parts
from visq.train.data.work import shown
from visq.train.streams import Stream, Streams

if TYPE_CHECKING:
    import torch

    from visq.train.recipe import Recipe

#: The fewest crops of which a correlation says anything.
LEAST_BATCH = 16
_CROPS = ("grid15", *FIXED)

#: Options of the recipes that say what is read; the rest is the network's.
DATA: dict[str, Any] = {
    "dataset": "biq2021", "split": -1, "split_seed": 0, "validation": 0.1, "calibration": 0.1, "short": 384,
    "filter": "bicubic", "crops": 3, "upside_down": True, "validation_crops": "grid15", "cache": "", "threads": 2,
}  # fmt: skip


def streams(recipe: Recipe, data: Any) -> Streams:
    """Random crops of the fit part, and fixed crops of the validation part. The test part is never opened.

    Parameters
    ----------
    recipe : Recipe
        Options as `DATA` has them: `dataset`, its name; `split`, the number of a fixed split, or -1 for the official
        one; `split_seed`, `validation`, `calibration`, as `visq.train.data.splits.parts` takes them; `short`,
        `filter`, of the resize; `crops` of each picture an epoch; `upside_down`, whether half of the crops are;
        `validation_crops`; `cache`, the folder of the resized pictures; `threads`.
    data : path or Dataset
        The folder of the database.

    Raises
    ------
    OptionError
        A batch of fewer than 16, whose correlation is mostly noise.
    """
    if recipe.batch < LEAST_BATCH:
        raise OptionError(
            "the loss is a correlation over the batch", expected=f"batch={LEAST_BATCH} or more", got=str(recipe.batch)
        )
    o = recipe.options
    found = rated(data, o)
    side, threads = side_of(o), o["threads"]
    with shown("pictures") as work:
        fit, held = (
            resized_cache(part, o["cache"], short=o["short"], filter=o["filter"], work=work)
            for part in (found.fit, found.validation)
        )
    crops = CropStream(
        found.fit, fit, side=side, batch=recipe.batch, count=o["crops"], drop_last=True, seed=recipe.seed,
        threads=threads,
    )  # fmt: skip
    train: Stream = Upended(crops, recipe.seed) if o["upside_down"] else crops
    return Streams(train, judging(found.validation, held, side, o["validation_crops"], recipe.batch, threads))


def rated(data: Any, options: Mapping[str, Any]) -> Parts:
    """The parts of a database that options name."""
    import visq

    found = data if isinstance(data, Dataset) else visq.dataset(options["dataset"], os.fspath(data))
    split = None if options["split"] < 0 else options["split"]
    return parts(
        found, validation=options["validation"], calibration=options["calibration"], seed=options["split_seed"],
        split=split, scale="ends" if math.isfinite(found.spec.high - found.spec.low) else "fit",
    )  # fmt: skip


def side_of(options: Mapping[str, Any]) -> int:
    """Of the crops."""
    from visq.systems.loda.design import Design

    return Design.of(options["design"]).side


def judging(
    part: Part, cache: ImageCache, side: int, crops: str, batch: int, threads: int = 2, purpose: str = "validation"
) -> Stream:
    """Fixed crops of the pictures of a part, all of one picture in one batch; `picture` is its number in the part.

    Parameters
    ----------
    part : Part
    cache : ImageCache
        Of resized pictures.
    side : int
    crops : {"grid15", "centre", "corners"}
        `grid15` has five crops along the longer side of each picture.
    batch, threads : int
    purpose : {"validation", "evaluation"}
        The test part is read for the second alone.
    """
    check_choice("validation_crops", crops, _CROPS)
    groups: dict[Any, list[int]] = {}
    for i, place in enumerate(cache.find_part(part)):
        groups.setdefault(grid(*cache.whole(place)) if crops == "grid15" else crops, []).append(i)
    found = []
    for where, numbers in sorted(groups.items(), key=lambda item: item[1]):
        count = COUNT if crops == "grid15" else count_fixed(where)
        found.append(CropStream(
            part.only(numbers), cache, side=side, batch=max(1, batch // count) * count, where=where, together=True,
            columns={"picture": np.array(numbers)}, threads=threads, purpose=purpose,
        ))  # fmt: skip
    return Chained(tuple(found), split=part.role)


class Upended:
    """A stream of crops of which half are turned upside down, by a choice of its own for each crop of each epoch.

    The authors do so. Upside-down photographs have no other noise or blur than upright ones.
    """

    def __init__(self, stream: CropStream, seed: int) -> None:
        self.stream, self.seed = stream, seed

    @property
    def identity(self) -> str:
        """Hash of the stream and of the seed."""
        return fingerprint(["Upended", self.stream.identity, self.seed])

    def __len__(self) -> int:
        return len(self.stream)

    def epoch(self, number: int, start: int = 0) -> Iterator[dict[str, torch.Tensor]]:
        """As `visq.train.streams.Stream`."""
        import torch

        from visq.train.batches import closing

        with closing(self.stream.epoch(number, start)) as source:
            for batch in source:
                places = zip(batch["index"].tolist(), batch["crop"].tolist(), strict=True)
                turned = [bool(below(words("upend", self.seed, 1, number, *place)[0], 2)) for place in places]
                image = batch["image"]
                flipped = torch.tensor(turned).view(-1, 1, 1, 1)
                yield {**batch, "image": torch.where(flipped, image.flip(2), image)}


class Chained:
    """Streams one after the other, as one."""

    def __init__(self, streams: tuple[Stream, ...], split: str = "") -> None:
        self.streams, self.split = streams, split

    @property
    def identity(self) -> str:
        """Hash of the identities of the streams."""
        return fingerprint(["Chained", [one.identity for one in self.streams]])

    def __len__(self) -> int:
        return sum(map(len, self.streams))

    def epoch(self, number: int, start: int = 0) -> Iterator[Mapping[str, torch.Tensor]]:
        """As `visq.train.streams.Stream`."""
        for one in self.streams:
            if start < len(one):
                yield from one.epoch(number, start)
            start = max(0, start - len(one))


__all__ = ["DATA", "LEAST_BATCH", "Chained", "Upended", "judging", "rated", "streams"]
