"""Streams of features of frozen networks: what a small head is trained on, thousands of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from visq.errors import InputError, OptionError
from visq.media.source import printable
from visq.train.data.columns import Columns, check_columns, columns_identity, taken_rows
from visq.train.data.draws import check_seed, fingerprint, permutation
from visq.train.data.feature_cache import Features
from visq.train.data.prefetch import batches, check_whole
from visq.train.data.splits import Part

if TYPE_CHECKING:
    import torch

_OWN = ("features", "score", "index")


class FeatureStream:
    """Rows of a table of features with their scores.

    A batch has `features` `(N, F)` float32, `score` `(N,)` float32 in 0..1, `index` `(N,)`, the number of the row, and
    `columns`.

    Parameters
    ----------
    part : Part
        The pictures whose features they are, in the same order. Where rows are many versions of each picture
        (`visq.train.data.degradations.graded_pictures`), each picture of the part has as many rows, one after the
        other; `score` is then that of the untouched picture, and `index` the number of the row.
    features : Features
    batch : int
        Rows a batch; the last one may have fewer.
    block : int
        So many rows, one after the other, stay together: the levels of a group.
    shuffle : bool
        Another order in every epoch.
    drop_last : bool
        Leave out a last batch that is not full.
    columns : mapping of str to array
        What else there is of each row: `group` and `level`, for instance.
    seed : int
    purpose : {"training", "validation", "evaluation"}
        Which parts may be read.

    Raises
    ------
    OptionError
        A part that is not for this purpose; blocks that do not fit batches.
    InputError
        Rows that do not fit the part, or of its pictures in another order; columns that do not fit the rows.
    """

    def __init__(
        self, part: Part, features: Features, *, batch: int, block: int = 1, shuffle: bool = True,
        drop_last: bool = False, columns: Columns | None = None, seed: int = 0, purpose: str = "training",
    ) -> None:  # fmt: skip
        self.part, self.features = part.for_purpose(purpose), features
        self.batch = check_whole("the size of a batch", batch, least=1)
        self.block = check_whole("the size of a block", block, least=1)
        self.shuffle, self.drop_last, self.seed = shuffle, drop_last, check_seed(seed)
        rows = len(features)
        if not len(part) or not rows or rows % len(part):
            raise InputError(
                "the features are not of this part", expected=f"a row, or as many, for each of {len(part)} pictures",
                got=f"{rows} rows",
            )  # fmt: skip
        self._check_order()
        if batch % block or rows % block:
            raise OptionError(f"blocks of {block} rows do not fit", got=f"batches of {batch}, {rows} rows")
        self.columns = check_columns(columns or {}, rows, _OWN)
        if len(self) == 0:
            raise OptionError("there is no full batch", got=f"{rows} rows, batch {batch}")

    def _check_order(self) -> None:
        each = len(self.features) // len(self.part)
        for row, picture in enumerate(self.features.pictures):
            name = self.part.names[row // each]
            if picture and picture != name and not Path(picture).as_posix().endswith(f"/{name}"):
                raise InputError(
                    f"the features are not of this part, or in another order: row {row}", expected=printable(name),
                    got=printable(picture),
                )  # fmt: skip

    @property
    def identity(self) -> str:
        """Hash of the features, the scores, and every option that changes a batch."""
        options = [self.batch, self.block, self.shuffle, self.drop_last, self.seed, columns_identity(self.columns)]
        return fingerprint(["FeatureStream", self.part.identity, self.features.identity, options])

    def __len__(self) -> int:
        rows = len(self.features)
        return rows // self.batch if self.drop_last else -(-rows // self.batch)

    def epoch(self, number: int, start: int = 0) -> Iterator[dict[str, torch.Tensor]]:
        """As `visq.train.streams.Stream`."""
        check_whole("the number of an epoch", number)
        order = np.arange(len(self.features)).reshape(-1, self.block)
        if self.shuffle:
            order = order[permutation("rows", self.seed, len(order), number)]
        rows, size = order.reshape(-1), self.batch
        return batches(lambda i: self._batch(rows[i * size : (i + 1) * size]), len(self), number, start, 0)

    def _batch(self, rows: np.ndarray) -> dict[str, torch.Tensor]:
        each = len(self.features) // len(self.part)
        own = {"features": self.features.values, "index": np.arange(len(self.features))}
        return {
            **taken_rows(own, rows), **taken_rows({"score": self.part.scores}, rows // each),
            **taken_rows(self.columns, rows),
        }  # fmt: skip


__all__ = ["FeatureStream"]
