"""Streams of pairs for the two encoders: chunks of damaged scenes, or two views of one photograph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from visq.errors import OptionError
from visq.systems.reiqa import chunks, views
from visq.systems.reiqa.chunks import ChunkOptions
from visq.train.data.columns import image_tensor
from visq.train.data.draws import check_seed, fingerprint, permutation
from visq.train.data.photographs import Photographs
from visq.train.data.prefetch import batches, check_threads, check_whole

if TYPE_CHECKING:
    import torch


class _Pairs:
    """Photographs in batches, another order in every epoch of a training."""

    def __init__(
        self, photographs: Photographs, *, batch: int, drop_last: bool, shuffle: bool, seed: int, threads: int
    ) -> None:
        self.photographs = photographs
        self.batch = check_whole("photographs a batch", batch, least=1)
        self.drop_last, self.shuffle = drop_last, shuffle
        self.seed, self.threads = check_seed(seed), check_threads(threads)
        if len(self) == 0:
            raise OptionError(
                "there is no full batch", expected=f"{batch} photographs or more", got=str(len(photographs)),
                hint="Set batch lower.",
            )  # fmt: skip

    def __len__(self) -> int:
        count = len(self.photographs)
        return count // self.batch if self.drop_last else -(-count // self.batch)

    def epoch(self, number: int, start: int = 0) -> Iterator[dict[str, torch.Tensor]]:
        """As `visq.train.streams.Stream`."""
        check_whole("the number of an epoch", number)
        order = np.arange(len(self.photographs))
        if self.shuffle:
            order = permutation("order", self.seed, len(order), number)
        size = self.batch
        return batches(lambda i: self._batch(number, order[i * size : (i + 1) * size].tolist()), len(self), number,
                       start, self.threads)  # fmt: skip

    @property
    def _described(self) -> list[object]:
        return [self.photographs.identity, self.batch, self.drop_last, self.shuffle, self.seed]

    def _batch(self, number: int, chosen: list[int]) -> dict[str, torch.Tensor]:
        raise NotImplementedError


class QualityStream(_Pairs):
    """Pairs of crops of damaged scenes: 2 (n + 1) of every photograph an epoch.

    A batch has `query` and `key` `(M, 3, p, p)` uint8, and `(M,)` each `index`, the number of the photograph, `kind`
    and `level` of its damage, 0 for none, and `scale`, 1 or 2. Pairs are a function of seed, epoch and photograph.

    Parameters
    ----------
    photographs : Photographs
        Smaller ones than `options.least` are filled by reflection.
    options : ChunkOptions
    batch : int
        Photographs a batch.
    drop_last : bool
        Leave out a last batch that is not full.
    shuffle : bool
        Another order in every epoch.
    seed, threads
        As `visq.train.data.picture_streams.CropStream`.
    """

    def __init__(
        self, photographs: Photographs, options: ChunkOptions, *, batch: int, drop_last: bool = True,
        shuffle: bool = True, seed: int = 0, threads: int = 2,
    ) -> None:  # fmt: skip
        super().__init__(photographs, batch=batch, drop_last=drop_last, shuffle=shuffle, seed=seed, threads=threads)
        self.options = options

    @property
    def identity(self) -> str:
        """Hash of the photographs, of every option that changes a pair, and of what damages."""
        return fingerprint(["QualityStream", self._described, self.options.as_data()])

    def _batch(self, number: int, chosen: list[int]) -> dict[str, torch.Tensor]:
        import torch

        made = [chunks.make(self.photographs[i], self.options, self.seed, number, i) for i in chosen]
        columns = {name: np.concatenate([getattr(one, name) for one in made]) for name in ("kind", "level", "scale")}
        index = np.repeat(chosen, [len(one.kind) for one in made])
        return {
            "query": image_tensor(np.concatenate([one.query for one in made])),
            "key": image_tensor(np.concatenate([one.key for one in made])),
            "index": torch.from_numpy(index),
            **{name: torch.from_numpy(values) for name, values in columns.items()},
        }


class ContentStream(_Pairs):
    """Two views of every photograph an epoch, each cropped, mirrored, coloured and blurred at random.

    A batch has `query` and `key` `(M, 3, side, side)` uint8, and `index` `(M,)`.

    Parameters
    ----------
    photographs : Photographs
    side : int
        Of the views.
    batch, drop_last, shuffle, seed, threads
        As `QualityStream`.
    """

    def __init__(
        self, photographs: Photographs, *, side: int, batch: int, drop_last: bool = True, shuffle: bool = True,
        seed: int = 0, threads: int = 2,
    ) -> None:  # fmt: skip
        super().__init__(photographs, batch=batch, drop_last=drop_last, shuffle=shuffle, seed=seed, threads=threads)
        self.side = check_whole("the side of a view", side, least=1)

    @property
    def identity(self) -> str:
        """Hash of the photographs, of every option that changes a view, and of what makes it."""
        return fingerprint(["ContentStream", self._described, self.side, views.makers()])

    def _batch(self, number: int, chosen: list[int]) -> dict[str, torch.Tensor]:
        import torch

        pairs = [views.pair(self.photographs[i], self.side, self.seed, number, i) for i in chosen]
        return {
            "query": image_tensor(np.stack([query for query, _ in pairs])),
            "key": image_tensor(np.stack([key for _, key in pairs])),
            "index": torch.tensor(chosen),
        }


__all__ = ["ContentStream", "QualityStream"]
