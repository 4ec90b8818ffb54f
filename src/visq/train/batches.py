"""Batches: how large, whose share, where they lie, several as one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from visq.errors import InputError
from visq.train.streams import Batch

#: A tensor, or tensors in tuples, lists and tables.
Tensors = Any


def check(batch: Batch, inputs: tuple[str, ...]) -> None:
    """Refuse a batch that lacks an input of the network.

    Raises
    ------
    InputError
    """
    lacking = [name for name in inputs if name not in batch]
    if lacking:
        raise InputError(
            f"a batch lacks {', '.join(map(repr, lacking))}, which the network is called with (Recipe.inputs)",
            got=", ".join(map(repr, batch)),
        )


def size(batch: Batch, inputs: tuple[str, ...]) -> int:
    """How many samples a batch has, by the first of the network's inputs.

    Raises
    ------
    InputError
        An input that the batch lacks; no sample; tensors that do not belong together.
    """
    check(batch, inputs)
    lengths = {name: len(t) if isinstance(t, Tensor) and t.ndim else -1 for name, t in batch.items()}
    first = lengths[inputs[0]]
    if first < 1 or any(length != first for length in lengths.values()):
        raise InputError(
            "the tensors of a batch are not of as many samples each, or of none",
            got=", ".join(f"{name}: {length if length >= 0 else 'no list'}" for name, length in lengths.items()),
        )
    return first


def share(batch: Batch, count: int, process: int, processes: int) -> Batch:
    """The samples of a batch of `count` that one process works on; all together are the whole.

    Raises
    ------
    InputError
        Fewer samples than processes.

    Examples
    --------
    >>> [share({"x": torch.arange(5)}, 5, k, 2)["x"].tolist() for k in range(2)]
    [[0, 1], [2, 3, 4]]
    """
    if processes == 1:
        return batch
    if count < processes:
        raise InputError(f"a batch of {count} cannot be shared by {processes} processes", hint="Start fewer of them.")
    part = slice(count * process // processes, count * (process + 1) // processes)
    return {name: value[part] for name, value in batch.items()}


def placed(batch: Batch, device: torch.device) -> dict[str, Tensor]:
    """The batch on a device."""
    return {name: value.to(device, non_blocking=True) for name, value in batch.items()}


def others(batch: Batch, inputs: tuple[str, ...]) -> Batch:
    """What `measure` gets of a batch: all but the network's inputs, which may be large."""
    return {name: value for name, value in batch.items() if name not in inputs}


def kept(tensors: Tensors) -> Tensors:
    """Copies on the CPU, without gradients."""
    if isinstance(tensors, Tensor):
        return tensors.detach().to("cpu", copy=True)
    if isinstance(tensors, Mapping):
        return {name: kept(value) for name, value in tensors.items()}
    if isinstance(tensors, list | tuple):
        return [kept(value) for value in tensors]
    raise InputError("the network gives something that is no tensor", got=type(tensors).__name__)


def joined(pieces: list[Tensors]) -> Tensors:
    """What several batches gave, sample by sample, as one.

    Raises
    ------
    InputError
        Tensors that cannot be joined along their first side.

    Examples
    --------
    >>> joined([{"x": torch.tensor([1, 2])}, {"x": torch.tensor([3])}])["x"].tolist()
    [1, 2, 3]
    """
    first = pieces[0]
    try:
        if isinstance(first, Mapping):
            return {name: joined([piece[name] for piece in pieces]) for name in first}
        if isinstance(first, list):
            return [joined([piece[k] for piece in pieces]) for k in range(len(first))]
        return torch.cat(pieces)
    except (RuntimeError, LookupError, TypeError) as error:
        raise InputError(
            "what the network or the stream gave for several batches cannot be joined along the samples",
            got=f"{type(error).__name__}: {error}",
        ) from None


def gathered(pieces: list[tuple[int, Tensors, Tensors]], accelerator: Any) -> list[tuple[int, Tensors, Tensors]]:
    """What all processes have, in the order of the batches."""
    if accelerator.num_processes > 1:
        from accelerate.utils import gather_object

        pieces = gather_object(pieces)
    return sorted(pieces, key=lambda piece: piece[0])


@contextmanager
def closing(source: Iterator[Batch]) -> Iterator[Iterator[Batch]]:
    """An iterator that is told when nobody reads on, if it can be."""
    source = iter(source)
    try:
        yield source
    finally:
        close = getattr(source, "close", None)
        if close is not None:
            close()


__all__ = ["Tensors", "check", "closing", "gathered", "joined", "kept", "others", "placed", "share", "size"]
