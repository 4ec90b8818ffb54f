"""Features of a frozen network, computed once a picture and kept.

What was computed is found again by the network with all its parameters, what is made of its layers, the version of
that, and the picture's content: paths and the order of pictures play no part.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import numpy as np

from visq.ahead import ahead
from visq.errors import InputError, VisqError, WeightsError
from visq.media.arrays import from_array
from visq.media.image import Image
from visq.media.source import printable
from visq.train.data.draws import fingerprint
from visq.train.data.feature_extractors import RowMaker, computing
from visq.train.data.feature_files import FeatureFiles
from visq.train.data.keyed import Keyed, keyed
from visq.train.data.prefetch import check_threads, check_whole
from visq.train.data.work import Work
from visq.types import ImageMeta


@dataclass(frozen=True, eq=False)
class Features:
    """A table of features.

    Attributes
    ----------
    values : numpy.ndarray
        `(N, F)` float32, a row a picture, in the order in which they were given.
    columns : tuple
        What each number of a row is.
    identity : str
        Hash of what computed them and of the pictures.
    pictures : tuple of str
        Of each row, the name of its picture in its database, where that is known; an empty text where it is not. A
        stream pairs them with scores by their order, and refuses where that is another one.
    """

    values: np.ndarray
    columns: tuple[Any, ...]
    identity: str
    pictures: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.values)


class FeatureCache:
    """Features that are computed where they lack.

    Parameters
    ----------
    folder : path
        Has a folder for each maker of rows.
    extractor : RowMaker
        An `Extractor`, a `Frozen`, or another.
    shard : int
        Pictures a file: a run that is killed loses at most so many.
    batch : int
        Most pictures of one size that go through the network together. With 1, a row depends on its picture alone, to
        the last digit; a graphics processor wants more.
    threads : int
        That open pictures while the network runs.

    Examples
    --------
    >>> import tempfile
    >>> from visq.probe.networks import Net
    >>> from visq.train.data.feature_extractors import Extractor
    >>> net = Net("squeezenet1_1", weights="random")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     cache = FeatureCache(folder, Extractor(net, taps=["fire9"], scales=[1], statistics=["mean"]))
    ...     found = cache.features([np.zeros((64, 64, 3), np.uint8)])
    >>> found.values.shape, str(found.columns[511])
    ((1, 512), 'fire9/511/mean/1')
    """

    def __init__(
        self, folder: str | os.PathLike[str], extractor: RowMaker, *, shard: int = 256, batch: int = 1,
        threads: int = 1,
    ) -> None:  # fmt: skip
        self.extractor = extractor
        self.shard = check_whole("pictures a shard", shard, least=1)
        self.batch = check_whole("pictures a batch", batch, least=1)
        self.threads = check_threads(threads)
        self.columns = extractor.columns
        described = {
            "identity": extractor.identity,
            "name": extractor.name,
            "columns": [str(one) for one in self.columns],
        }
        self.files = FeatureFiles(Path(folder) / extractor.identity[:16], described, len(self.columns))

    def features(self, pictures: Any, *, work: Work | None = None) -> Features:
        """The features of pictures, from the folder or computed now.

        Parameters
        ----------
        pictures : Part, ImageCache, or iterable of paths, arrays and Keyed
            A picture that is there twice is computed once.
        work : Work, optional

        Raises
        ------
        ReadError, FormatError, SizeError
            A picture that cannot be taken; it is named.
        WeightsError
            Features that are NaN or infinite.
        StoreError
            The folder cannot be written, or is damaged.
        """
        work = work or Work()
        wanted = keyed(pictures, threads=self.threads)
        if self._lacking(wanted):
            with self.files.writing():  # another run may have added them until now
                todo = self._lacking(wanted)
                if todo:
                    self._add(todo, len(wanted), work)
        keys = [one.key for one in wanted]
        identity = fingerprint([self.extractor.identity, keys])
        return Features(self.files.rows(keys), self.columns, identity, tuple(one.picture for one in wanted))

    def _lacking(self, wanted: Sequence[Keyed]) -> list[Keyed]:
        return list({one.key: one for one in wanted if one.key not in self.files}.values())

    def _add(self, todo: Sequence[Keyed], wanted: int, work: Work) -> None:
        work.tell(f"{self.files.folder}: {len(todo)} of {wanted} pictures to go through {self.extractor.name}")
        work.expect(len(todo))
        with computing(self.extractor):
            for first in range(0, len(todo), self.shard):
                chosen = todo[first : first + self.shard]
                self.files.add([one.key for one in chosen], np.concatenate(list(self._computed(chosen, work))))

    def _computed(self, pictures: Sequence[Keyed], work: Work) -> Iterator[np.ndarray]:
        """Rows of one shard: neighbours of one size go through the network together, in the same way every time."""
        import torch

        with closing(ahead(lambda one: (one, _planes(one)), pictures, self.threads)) as opened:
            for _, same in groupby(opened, key=lambda pair: pair[1].shape):
                while part := list(islice(same, self.batch)):
                    planes = torch.from_numpy(np.stack([p for _, p in part])).permute(0, 3, 1, 2)
                    rows = self._rows(planes, printable(part[0][0].name))
                    for _ in part:
                        work.on_item()
                    yield rows

    def _rows(self, planes: Any, name: str) -> np.ndarray:
        """The rows of pictures of one size, of which the first has this name."""
        try:
            rows: np.ndarray = self.extractor.rows(planes.to(self.extractor.device)).float().cpu().numpy()
            if rows.shape != (len(planes), len(self.columns)):
                raise InputError(
                    f"{self.extractor.name} gives other rows than its columns say",
                    expected=f"({len(planes)}, {len(self.columns)})", got=str(rows.shape),
                )  # fmt: skip
        except VisqError as error:
            raise error.with_context(name) from error
        if not np.isfinite(rows).all():
            raise WeightsError(f"{name}: features of {self.extractor.name} are NaN or infinite")
        return rows


def _planes(picture: Keyed) -> np.ndarray:
    """`(H, W, 3)` float32 in 0..1."""
    image = Image(from_array(picture.load())[0], ImageMeta())
    values = image.float32()
    return values if values.ndim == 3 else np.repeat(values[..., None], 3, axis=2)


__all__ = ["FeatureCache", "Features"]
