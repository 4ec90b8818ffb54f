"""Several streams as one: batches by turns in a stated ratio, or side by side in one batch."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any

import numpy as np

from visq.errors import InputError, OptionError
from visq.train.data.draws import fingerprint
from visq.train.data.prefetch import check_whole
from visq.train.streams import Batch, Stream

if TYPE_CHECKING:
    import torch


class Mixed:
    """Batches of several streams by turns, spread evenly, in a stated ratio.

    An epoch has every batch of one epoch of the first stream once. The others are drawn from as the ratio says, epoch
    after epoch of their own, each going on in the next epoch of the mixture where it stopped in the one before. A batch
    gets `stream` `(N,)`, the number of the stream it comes from.

    Parameters
    ----------
    streams : sequence of Stream
    ratio : sequence of int
        Batches of each stream in a turn: ``(3, 1)`` gives three of the first, then one of the second.

    Raises
    ------
    OptionError
        Other than one whole number of at least 1 for each stream.
    InputError
        A stream without batches.
    """

    def __init__(self, streams: Sequence[Stream], ratio: Sequence[int]) -> None:
        self.streams = tuple(streams)
        self.ratio = tuple(check_whole("a share of the ratio", one, least=1) for one in ratio)
        if not self.streams or len(self.ratio) != len(self.streams):
            raise OptionError("the ratio does not fit", expected=f"{len(self.streams)} numbers", got=str(self.ratio))
        if not all(len(stream) for stream in self.streams):
            raise InputError("a stream without batches", expected="one batch at least")
        self._turn = _turn(self.ratio)
        # Until the first stream is through: whole turns, then the beginning of one.
        turns, rest = divmod(len(self.streams[0]), self.ratio[0])
        firsts = np.flatnonzero(self._turn == 0)
        self._length = turns * len(self._turn) + (int(firsts[rest - 1]) + 1 if rest else 0)

    @property
    def identity(self) -> str:
        """Hash of the identities of the streams, and the ratio."""
        return fingerprint(["Mixed", [stream.identity for stream in self.streams], self.ratio])

    def __len__(self) -> int:
        return self._length

    def epoch(self, number: int, start: int = 0) -> Iterator[Batch]:
        """As `visq.train.streams.Stream`."""
        check_whole("the number of an epoch", number)
        check_whole("the first batch", start, most=len(self))
        return self._epoch(number, start)

    def _epoch(self, number: int, start: int) -> Iterator[Batch]:
        import torch

        every = self._drawn(len(self))
        drawn = [int(number * a + b) for a, b in zip(every, self._drawn(start), strict=True)]
        with ExitStack() as stack:
            sources = [
                stack.enter_context(closing(_endless(stream, first)))
                for stream, first in zip(self.streams, drawn, strict=True)
            ]
            for place in range(start, len(self)):
                which = int(self._turn[place % len(self._turn)])
                batch = next(sources[which])
                yield {**batch, "stream": torch.full((_count(batch),), which)}

    def _drawn(self, places: int) -> np.ndarray:
        """How many batches of each stream the first `places` of an epoch are."""
        turns, rest = divmod(places, len(self._turn))
        counts = np.bincount(self._turn[:rest], minlength=len(self.streams))
        return turns * np.array(self.ratio) + counts


class Joined:
    """One batch of each of several streams, put together into one: a network sees all of them at once.

    An epoch is as long as that of the first stream; the others go on epoch after epoch of their own. What a batch
    lacks is filled in: NaN for fractions, -1 for whole numbers, False for yes or no; `image` or `features` must be in
    all of them, and of one size. `stream` `(N,)` is added, the number of the stream a sample comes from. Numbers of
    `group` are counted on from one stream to the next, so that no two streams have a group in common.

    Parameters
    ----------
    streams : sequence of Stream

    Raises
    ------
    InputError
        No stream, one without batches; while it is read, tensors of different sizes.
    """

    def __init__(self, streams: Sequence[Stream]) -> None:
        self.streams = tuple(streams)
        if not self.streams or not all(len(stream) for stream in self.streams):
            raise InputError("a stream without batches", expected="one stream at least, one batch at least")

    @property
    def identity(self) -> str:
        """Hash of the identities of the streams."""
        return fingerprint(["Joined", [stream.identity for stream in self.streams]])

    def __len__(self) -> int:
        return len(self.streams[0])

    def epoch(self, number: int, start: int = 0) -> Iterator[Batch]:
        """As `visq.train.streams.Stream`."""
        check_whole("the number of an epoch", number)
        check_whole("the first batch", start, most=len(self))
        return self._epoch(number, start)

    def _epoch(self, number: int, start: int) -> Iterator[Batch]:
        with ExitStack() as stack:
            first = number * len(self) + start
            sources = [stack.enter_context(closing(_endless(stream, first))) for stream in self.streams]
            for _ in range(start, len(self)):
                yield side_by_side([next(source) for source in sources])


def side_by_side(batches: Sequence[Batch]) -> dict[str, torch.Tensor]:
    """Batches as one, with `stream`, the number of the batch that each sample comes from.

    Raises
    ------
    InputError
        Tensors of one name that differ in size or type, or pictures and features that some lack.
    """
    import torch

    batches = _own_groups(batches)
    names = list(dict.fromkeys(name for batch in batches for name in batch))
    found = {name: torch.cat([_filled(batch, name, batches) for batch in batches]) for name in names}
    counts = [torch.full((_count(batch),), number) for number, batch in enumerate(batches)]
    return {**found, "stream": torch.cat(counts)}


def _own_groups(batches: Sequence[Batch]) -> list[Batch]:
    """Every stream counts its groups from 0: without this, a loss would rank a picture against another one."""
    found: list[Batch] = []
    free = 0
    for batch in batches:
        group = batch.get("group")
        if group is None:
            found.append(batch)
            continue
        shifted = group - group.min() + free if free else group
        free = max(int(shifted.max()) + 1, 1)
        found.append({**batch, "group": shifted})
    return found


def _filled(batch: Batch, name: str, batches: Sequence[Batch]) -> torch.Tensor:
    import torch

    like = next(other[name] for other in batches if name in other)
    if name in batch:
        values = batch[name]
        if values.shape[1:] != like.shape[1:] or values.dtype != like.dtype:
            raise InputError(
                f"{name} of these streams cannot be put together", expected=f"{tuple(like.shape[1:])} {like.dtype}",
                got=f"{tuple(values.shape[1:])} {values.dtype}",
            )  # fmt: skip
        return values
    if name in ("image", "features"):
        raise InputError(f"not all of these streams have {name}", expected="pictures or features in all of them")
    fill: Any = float("nan") if like.is_floating_point() else False if like.dtype == torch.bool else -1
    return torch.full((_count(batch), *like.shape[1:]), fill, dtype=like.dtype)


def _count(batch: Mapping[str, Any]) -> int:
    return int(next(iter(batch.values())).shape[0])


def _endless(stream: Stream, first: int) -> Generator[Batch]:
    """Its batches, epoch after epoch, from batch `first` of all of them on."""
    from visq.train.batches import closing as finished

    number, start = divmod(first, len(stream))
    while True:
        with finished(stream.epoch(number, start)) as epoch:
            yield from epoch
        number, start = number + 1, 0


def _turn(ratio: Sequence[int]) -> np.ndarray:
    """Which stream each batch of a turn comes from: the one that is most behind its share, the first of equals.

    >>> _turn((3, 1)).tolist(), _turn((2, 2)).tolist()
    ([0, 0, 1, 0], [0, 1, 0, 1])
    """
    total, given, found = sum(ratio), [0] * len(ratio), []
    for place in range(1, total + 1):
        behind = [share * place - count * total for share, count in zip(ratio, given, strict=True)]
        which = behind.index(max(behind))
        given[which] += 1
        found.append(which)
    return np.array(found)


__all__ = ["Joined", "Mixed", "side_by_side"]
