"""What a stream knows of each of its samples besides pixels or features: scores, contents, numbers of one's own."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from visq.errors import InputError

if TYPE_CHECKING:
    import torch

Columns = Mapping[str, Any]
_LARGEST = 2**63 - 1


def check_columns(columns: Columns, count: int, taken: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Columns as arrays: float32 for fractions, int64 for whole numbers, bool.

    Parameters
    ----------
    columns : mapping of str to array
        `(count, ...)` each.
    count : int
    taken : tuple of str
        Names that the stream itself gives.

    Raises
    ------
    InputError
        Other lengths, other types, a name that is taken, whole numbers beyond int64.

    Examples
    --------
    >>> check_columns({"std": [0.5, 0.25]}, 2, ("score",))["std"].dtype
    dtype('float32')
    """
    found: dict[str, np.ndarray] = {}
    for name, values in columns.items():
        array = np.asarray(values)
        if name in taken:
            raise InputError(f"the column {name!r} is the stream's own", expected="another name")
        if array.ndim < 1 or array.shape[0] != count:
            raise InputError(f"the column {name!r} does not fit", expected=f"{count} rows", got=str(array.shape))
        kind = {"f": np.float32, "i": np.int64, "u": np.int64, "b": np.bool_}.get(array.dtype.kind)
        if kind is None:
            raise InputError(f"the column {name!r} holds no numbers", got=str(array.dtype))
        if array.dtype.kind == "u" and array.size and int(array.max()) > _LARGEST:
            raise InputError(f"the column {name!r} is out of range", expected=f"{_LARGEST} at most")
        found[name] = np.ascontiguousarray(array, dtype=kind)
    return found


def columns_identity(columns: Mapping[str, np.ndarray]) -> dict[str, str]:
    """A hash of the values of each column."""
    return {
        name: hashlib.sha256(f"{values.shape}{values.dtype}".encode() + values.tobytes()).hexdigest()
        for name, values in sorted(columns.items())
    }


def taken_rows(columns: Mapping[str, np.ndarray], rows: np.ndarray) -> dict[str, torch.Tensor]:
    """These rows of every column, as tensors of their own."""
    import torch

    return {name: torch.from_numpy(values[rows]) for name, values in columns.items()}


def image_tensor(pixels: np.ndarray) -> torch.Tensor:
    """`(N, H, W, 3)` as `(N, 3, H, W)`, in memory as it was: the channels of a pixel side by side.

    No byte is moved, and convolutions on a CPU are faster so.
    """
    import torch

    return torch.from_numpy(pixels).permute(0, 3, 1, 2)


__all__ = ["Columns", "check_columns", "columns_identity", "image_tensor", "taken_rows"]
