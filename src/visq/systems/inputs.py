"""The door of every metric that rests on a network: checked pixels as torch tensors, results in the caller's form."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from visq.errors import InputError
from visq.extras import require
from visq.ops.arrays import Batch, read_one, read_pair


@dataclass(frozen=True)
class Inputs:
    """One batch of images, or of images and references, for a network.

    Attributes
    ----------
    image, reference : torch.Tensor
        `(N, 3, H, W)` in 0..1, float32, or float64 where the caller's pixels are; `reference` is None where none came.
    batch : Batch
        What the caller gave, which knows the form of the result.
    """

    image: Any
    reference: Any
    batch: Batch

    def result(self, values: Any) -> Any:
        """`(N,)` scores or `(N, H, W)` maps as the caller gave the images: floats and arrays, or tensors."""
        if self.batch.torch:
            return self.batch.result(values)
        return self.batch.result(values.detach().cpu().numpy().astype(np.float64))


def read(image: Any, reference: Any = None, *, data_range: float | None = None, min_side: int = 1) -> Inputs:
    """Check the pixels and hand them over as tensors; grey images are repeated to three channels.

    Raises
    ------
    MissingExtraError
        torch is not installed.
    InputError, InputTypeError, RangeError, SizeError
        As `visq.ops.arrays.read_one` and `read_pair`.
    """
    torch = require_torch()
    if reference is None:
        batches = [read_one(image, data_range=data_range, min_side=min_side)]
    else:
        batches = list(read_pair(image, reference, data_range=data_range, min_side=min_side))
    planes = [b.rgb(1.0) for b in batches]
    if not batches[0].torch:
        planes = [torch.from_numpy(np.ascontiguousarray(p)) for p in planes]
    return Inputs(planes[0], planes[1] if len(planes) > 1 else None, batches[0])


@contextmanager
def evaluating(inputs: Inputs) -> Iterator[None]:
    """No gradient is recorded where none is asked for; NumPy's callers get the threads that visq is told to use.

    Tensors are judged on the threads that torch has: it is their caller's business.
    """
    import torch

    from visq.ops.threads import get_threads

    tensors = [t for t in (inputs.image, inputs.reference) if t is not None]
    recorded = torch.is_grad_enabled() and any(t.requires_grad for t in tensors)
    before = torch.get_num_threads()
    wanted = before if inputs.batch.torch else get_threads()
    try:
        if wanted != before:
            torch.set_num_threads(wanted)
        with torch.set_grad_enabled(recorded):
            yield
    finally:
        if wanted != before:
            torch.set_num_threads(before)


def need_both(image: Any, reference: Any) -> None:
    """Refuse a call without one of them: `read` takes a missing reference for a metric that needs none.

    Raises
    ------
    InputError
        With the name of what is missing.
    """
    if image is None or reference is None:
        missing = "reference" if reference is None else "image"
        raise InputError(f"{missing} is missing", expected="an image and its reference")


def require_torch() -> Any:
    """The module torch.

    Raises
    ------
    MissingExtraError
        It is not installed.
    """
    return require("torch", "this metric", "torch")


def each(work: Callable[..., Any], *tensors: Any) -> Any:
    """`work` of one image (pair) after the other, `(1, 3, H, W)` each, its results joined along the batch."""
    import torch

    return torch.cat([work(*(t[i : i + 1] for t in tensors)) for i in range(tensors[0].shape[0])])
