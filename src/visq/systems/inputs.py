"""The door of every metric that rests on a network: checked pixels as torch tensors, results in the caller's form."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

from visq.extras import require
from visq.ops.arrays import Batch, read_one, read_pair
from visq.systems.torch_threads import told_threads


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


def read(image: Any, *, data_range: float | None = None, min_side: int = 1) -> Inputs:
    """Check the pixels of images that are judged alone, and hand them over as tensors; grey is repeated thrice.

    Raises
    ------
    MissingExtraError
        torch is not installed.
    InputError, InputTypeError, RangeError, SizeError
        As `visq.ops.arrays.read_one`.
    """
    batch = read_one(image, data_range=data_range, min_side=min_side)
    return Inputs(_tensor(batch), None, batch)


def read_both(
    image: Any, reference: Any, *, data_range: float | None = None, min_side: int = 1, same_size: bool = True
) -> Inputs:
    """As `read`, of images and their references; arguments and errors as `visq.ops.arrays.read_pair`."""
    x, y = read_pair(image, reference, data_range=data_range, min_side=min_side, same_size=same_size)
    return Inputs(_tensor(x), _tensor(y), x)


def _tensor(batch: Batch) -> Any:
    torch = require_torch()
    planes = batch.rgb(1.0)
    # Sums are cut otherwise where pixels lie otherwise in memory; torch warns of arrays that cannot be written.
    return planes.contiguous() if batch.torch else torch.from_numpy(np.require(planes, requirements=("C", "W")))


@contextmanager
def evaluating(inputs: Inputs) -> Iterator[None]:
    """No gradient is recorded where none is asked for, and nothing is computed in less than the stated precision.

    NumPy's callers get the threads that visq is told to use; tensors are judged on the threads that torch has, which
    are their caller's business. Automatic mixed precision and NVIDIA's 19-bit convolutions are off: they would change
    scores, and what is remembered of references.
    """
    import torch

    tensors = [t for t in (inputs.image, inputs.reference) if t is not None]
    recorded = torch.is_grad_enabled() and any(t.requires_grad for t in tensors)
    device = inputs.image.device.type
    exact = torch.backends.cudnn.flags(allow_tf32=False) if device == "cuda" else nullcontext()
    threads, mixed = told_threads(arrays=not inputs.batch.torch), torch.autocast(device, enabled=False)
    with threads, mixed, exact, torch.set_grad_enabled(recorded):
        yield


@contextmanager
def building() -> Iterator[None]:
    """Where networks are made and read: tensors made in inference mode are of no use for gradients later."""
    import torch

    with torch.inference_mode(False), torch.no_grad():
        yield


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
