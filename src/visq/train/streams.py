"""What `visq.train.fit` reads: batches as a function of a seed and the number of the epoch, and of nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

from visq.errors import OptionError

if TYPE_CHECKING:
    import torch

Batch = Mapping[str, "torch.Tensor"]


@runtime_checkable
class Stream(Protocol):
    """Batches of one split, the same ones whenever they are asked for.

    A batch is a mapping of tensors whose first side counts its samples: `image` `(N, 3, H, W)` uint8, `features`
    `(N, F)`, `score` `(N,)` float32, `group`, and whatever else a system needs. `index` `(N,)`, if it is there, holds
    the number of each sample in its split: errors name samples by it.

    Attributes
    ----------
    identity : str
        Hash of what is read and of every option that changes a batch. It goes into checkpoints: a training is not gone
        on with on other data.
    """

    @property
    def identity(self) -> str: ...

    def __len__(self) -> int:
        """Batches in an epoch."""
        ...

    def epoch(self, number: int, start: int = 0) -> Iterator[Batch]:
        """The batches of epoch `number` from batch `start` on, those before it not computed.

        A function of the stream's own seed and `number` alone: neither what was read before, nor the number of
        workers, nor the time changes a value.
        """
        ...


class Streams(NamedTuple):
    """What is learned from, and what the training is judged by while it lasts."""

    train: Stream
    validation: Stream


_TEST = re.compile(r"(?<![a-z])tests?(?![a-z])")


def refuse_test(name: str, what: str) -> None:
    """Refuse a split that is called a test split: nothing may be chosen by it.

    Raises
    ------
    OptionError

    Examples
    --------
    >>> refuse_test("val", "validation.split")
    >>> refuse_test("official_test", "validation.split")
    Traceback (most recent call last):
        ...
    visq.errors.OptionError: validation.split is a test split; ...
    """
    if _TEST.search(name.lower()):
        raise OptionError(
            f"{what} is a test split", expected="a part of the training data that is not learned from", got=repr(name),
            hint="Whatever is chosen by a test split makes its figures too good.",
        )  # fmt: skip


__all__ = ["Batch", "Stream", "Streams", "refuse_test"]
