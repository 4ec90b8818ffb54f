"""Tensors of networks out of parameter files: safetensors, and torch's own files without running what is in them.

A file is one of these by its content; one that is called safetensors must be it. The files of torch are pickles: they
are read with `weights_only=True` and in no other way, by a torch whose restricted reader is not known to be broken (2.6
or later). Every tensor that is wanted must be there, of its shape, in floating point and finite; what is not wanted
must be named.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from visq.errors import WeightsError
from visq.extras import require
from visq.paths import expanded
from visq.types import Weights
from visq.weights import find, max_bytes
from visq.weights.headers import is_safetensors, read_header
from visq.weights.torch_files import PICKLE, TAR, ZIP, damaged, read_state_dict, require_torch

if TYPE_CHECKING:
    import torch

#: Shape of a tensor that a network needs; None stands for any length.
Shape = tuple[int | None, ...]
Rename = Mapping[str, str] | Callable[[str], str]

# How often a batch normalisation was trained. Nothing is computed from it.
_COUNTER = "num_batches_tracked"
_SHOWN_NAMES = 4


def open_weights(
    weights: Weights,
    shapes: Mapping[str, Shape],
    *,
    optional: Mapping[str, Shape] | None = None,
    ignore: Iterable[str] = (),
    rename: Rename | None = None,
) -> dict[str, torch.Tensor]:
    """`load` of a file that the catalogue names, found in the search places and its hash checked.

    Raises
    ------
    WeightsError
        As `visq.weights.find` and `load`.
    """
    return load(find(weights), shapes, optional=optional, ignore=ignore, rename=rename)


def load(
    path: str | Path,
    shapes: Mapping[str, Shape],
    *,
    optional: Mapping[str, Shape] | None = None,
    ignore: Iterable[str] = (),
    rename: Rename | None = None,
    inside: Iterable[str] = (),
) -> dict[str, torch.Tensor]:
    """The named tensors of a safetensors or a torch file, on the CPU, in float32, in memory of their own.

    Parameters
    ----------
    path : str or Path
        The file. Its content decides what it is; one that is called `.safetensors` must be that.
    shapes : mapping of str to tuple
        Every tensor that must be there, and its shape; None in a shape stands for any length but zero.
    optional : mapping of str to tuple, optional
        Tensors that may be there, and their shapes.
    ignore : iterable of str
        Patterns (`classifier.*`) of tensors that may be there and are not read. The counters of batch normalisations
        (`*.num_batches_tracked`) are ignored unless they are asked for.
    rename : mapping or function of str, optional
        From a name in the file to the name it has in `shapes`, `optional` and `ignore`; names that a mapping lacks
        stay.
    inside : iterable of str
        Names under which a file of torch may keep the state dict beside other things (`model`).

    Returns
    -------
    dict of str to torch.Tensor
        Half precision is widened, which changes no value; counters stay whole numbers.

    Raises
    ------
    WeightsError
        Not such a file, damaged, cut off, or something other than tensors in it; a tensor missing, one too many, of
        the wrong shape or type, with NaN or infinity in it.
    MissingExtraError
        torch or safetensors is not installed.

    Examples
    --------
    >>> import tempfile, torch, safetensors.torch
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = Path(folder.name) / "head.safetensors"
    >>> safetensors.torch.save_file({"lin.weight": torch.ones(1, 3), "lin.bias": torch.zeros(1)}, path)
    >>> load(path, {"lin.weight": (1, 3)}, ignore=["*.bias"])["lin.weight"].shape
    torch.Size([1, 3])
    >>> load(path, {"lin.weight": (1, 4)}, ignore=["*.bias"])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    visq.errors.WeightsError: ...lin.weight has the wrong shape; expected (1, 4); got (1, 3)
    >>> folder.cleanup()
    """
    path = expanded(path)
    with _opened(path, tuple(inside)) as file:
        names = _wanted(path, file.names, shapes, optional or {}, tuple(ignore), rename)
        wanted = {**(optional or {}), **shapes}
        for name, inside in names.items():
            _fits(path, name, file.dtype(inside), file.shape(inside), wanted[name])
        return {name: _own(path, name, file.tensor(inside)) for name, inside in names.items()}


class _Safetensors:
    """Reads one tensor at a time; the file is mapped, not read whole."""

    def __init__(self, path: Path) -> None:
        self.entries = read_header(path)
        self.names = list(self.entries)
        self._path = path
        self._file = _library(path)

    def dtype(self, name: str) -> str:
        return self.entries[name].dtype

    def shape(self, name: str) -> tuple[int, ...]:
        return self.entries[name].shape

    def tensor(self, name: str) -> torch.Tensor:
        try:
            return self._file.get_tensor(name)
        except Exception as error:  # the library has errors of its own
            raise damaged(self._path, error) from None

    def __enter__(self) -> _Safetensors:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.__exit__(None, None, None)


class _TorchFile:
    """A state dict that torch saved; a zip is mapped, an older file is read whole."""

    def __init__(self, path: Path, inside: tuple[str, ...] = ()) -> None:
        self._tensors = read_state_dict(path, inside=inside)
        self.names = list(self._tensors)

    def dtype(self, name: str) -> str:
        return _DTYPES.get(str(self._tensors[name].dtype).removeprefix("torch."), str(self._tensors[name].dtype))

    def shape(self, name: str) -> tuple[int, ...]:
        return tuple(self._tensors[name].shape)

    def tensor(self, name: str) -> torch.Tensor:
        return self._tensors[name].detach()

    def __enter__(self) -> _TorchFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._tensors = {}


# safetensors' words for what a parameter may be.
_DTYPES = {"float32": "F32", "float16": "F16", "bfloat16": "BF16", "int64": "I64", "float64": "F64"}


def _opened(path: Path, inside: tuple[str, ...] = ()) -> _Safetensors | _TorchFile:
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            head = stream.read(512)
    except OSError as error:
        raise WeightsError(f"cannot read {path}: {error.strerror or error}") from None
    if size > max_bytes(path):
        raise WeightsError(f"{path} is too large", expected=f"at most {max_bytes(path)} bytes", got=str(size))
    if is_safetensors(head):
        return _Safetensors(path)
    if path.suffix == ".safetensors" and head:
        raise WeightsError(f"{path} is called safetensors, but is not", hint="Nothing of it was read.")
    if head.startswith(ZIP) or (head.startswith(PICKLE) and head[257:262] != TAR):
        return _TorchFile(path, inside)
    raise WeightsError(
        f"{path} is no file of tensors",
        expected="safetensors, or a state dict that torch.save wrote",
        got="an empty file" if not head else "a tar archive" if head[257:262] == TAR else "another format",
    )


def _library(path: Path) -> Any:
    require_torch()
    safetensors = require("safetensors", "reading this file", "torch")
    try:
        return safetensors.safe_open(str(path), framework="pt", device="cpu").__enter__()
    except Exception as error:  # the library has errors of its own
        raise damaged(path, error) from None


def _wanted(
    path: Path,
    inside: list[str],
    shapes: Mapping[str, Shape],
    optional: Mapping[str, Shape],
    ignore: tuple[str, ...],
    rename: Rename | None,
) -> dict[str, str]:
    """From each wanted name to the name in the file, in the order of `shapes`, then of `optional`."""
    renamed: dict[str, str] = {}
    extra = []
    for name in inside:
        ours = rename(name) if callable(rename) else (rename or {}).get(name, name)
        if ours in shapes or ours in optional:
            if ours in renamed:
                raise WeightsError(f"{path}: {renamed[ours]!r} and {name!r} both stand for {ours}")
            renamed[ours] = name
        elif not (ours.rpartition(".")[2] == _COUNTER or any(fnmatchcase(ours, p) for p in ignore)):
            extra.append(ours)
    lacking = [name for name in shapes if name not in renamed]
    if lacking or extra:
        raise WeightsError(
            f"{path} does not hold the tensors of this network",
            expected=_names("missing", lacking),
            got=_names("too many", extra),
        )
    return {name: renamed[name] for name in (*shapes, *optional) if name in renamed}


def _names(label: str, names: list[str]) -> str:
    if not names:
        return ""
    shown = ", ".join(name[:80] for name in names[:_SHOWN_NAMES])
    more = f" and {len(names) - _SHOWN_NAMES} more" if len(names) > _SHOWN_NAMES else ""
    return f"{shown}{more} ({label})"


def _fits(path: Path, name: str, dtype: str, shape: tuple[int, ...], wanted: Shape) -> None:
    types = ("I64",) if name.rpartition(".")[2] == _COUNTER else ("F32", "F16", "BF16")
    if dtype not in types:
        raise WeightsError(f"{path}: {name} has the wrong type", expected=" or ".join(types), got=dtype)
    fits = len(shape) == len(wanted) and all(m in (None, n) and n > 0 for n, m in zip(shape, wanted, strict=True))
    if not fits:
        sides = ["any" if n is None else str(n) for n in wanted]
        text = f"({', '.join(sides)}{',' if len(sides) == 1 else ''})"
        raise WeightsError(f"{path}: {name} has the wrong shape", expected=text, got=str(shape))
    if math.prod(shape) * 4 > max_bytes(path):
        raise WeightsError(f"{path}: {name} is too large", got=str(shape))


def _own(path: Path, name: str, tensor: torch.Tensor) -> torch.Tensor:
    """A copy, because what is mapped changes with the file."""
    import torch

    if not tensor.is_floating_point():
        return tensor.clone()
    copy = torch.empty(tensor.shape, dtype=torch.float32).copy_(tensor)
    if not bool(torch.isfinite(copy).all()):
        raise WeightsError(f"{path}: {name} holds NaN or infinite values")
    return copy
