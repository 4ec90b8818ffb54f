"""State dicts that torch saved: pickles, read with `weights_only=True` and in no other way.

What a pickle names is called when it is loaded. torch's restricted reader calls nothing but what makes tensors; it is
trusted from the version on in which no way around it is known. There is no second, laxer attempt.
"""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from visq.errors import WeightsError
from visq.extras import require
from visq.weights import max_bytes

if TYPE_CHECKING:
    import torch

#: How such files begin: a zip since torch 1.6, a bare pickle before. A tar, older still, is refused.
ZIP, PICKLE, TAR = b"PK\x03\x04", b"\x80", b"ustar"
# Before it, weights_only=True could be made to run code by a tar file (CVE-2025-32434).
_SAFE_TORCH = (2, 6)


def read_state_dict(path: Path, *, inside: Iterable[str] = ()) -> dict[str, torch.Tensor]:
    """Every tensor of a file that `torch.save` wrote, by name, as it is; a zip is mapped, not read.

    Parameters
    ----------
    path : Path
    inside : iterable of str
        Names under which a training keeps the state dict beside other things: where the file has one of them, that is
        read, and the rest is not looked at.

    Raises
    ------
    WeightsError
        Damaged, or something other than a dictionary of plain tensors; a torch that cannot read it safely.
    MissingExtraError
        torch is not installed.
    """
    torch = require_torch()
    if _version(torch.__version__) < _SAFE_TORCH:
        raise WeightsError(
            f"{path} is a file of torch, which this version of torch cannot read safely",
            expected=f"torch {'.'.join(map(str, _SAFE_TORCH))} or later",
            got=f"torch {torch.__version__}",
            hint="Upgrade torch, or use a safetensors file.",
        )
    zipped = _check_archive(path)
    try:
        with warnings.catch_warnings():
            # On pickles of a newer protocol: it either reads them or refuses them.
            warnings.simplefilter("ignore")
            found = torch.load(path, map_location="cpu", weights_only=True, mmap=zipped or None)
    except Exception as error:  # what a damaged pickle raises is nearly anything
        raise damaged(path, error) from None
    if isinstance(found, Mapping):
        found = next((found[name] for name in inside if isinstance(found.get(name), Mapping)), found)
    if not isinstance(found, Mapping):
        raise _no_state_dict(path, f"a {type(found).__name__}")
    for name, value in found.items():
        if not (isinstance(name, str) and _is_plain(torch, value)):
            raise _no_state_dict(path, f"{str(name)[:80]!r}, a {type(value).__name__}")
    return dict(found)


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(n) for n in re.findall(r"\d+", text)[:2])


def _check_archive(path: Path) -> bool:
    """Whether the file is a zip; refused where it holds more than it may, or is packed (torch never packs)."""
    with path.open("rb") as stream:
        if stream.read(len(ZIP)) != ZIP:
            return False
    try:
        with zipfile.ZipFile(path) as archive:
            items = archive.infolist()
            if sum(item.file_size for item in items) > max_bytes(path):
                raise WeightsError(f"{path} is too large", expected=f"at most {max_bytes(path)} bytes in it")
            if any(item.compress_type != zipfile.ZIP_STORED for item in items):
                raise WeightsError(f"{path} is not a file that torch.save wrote", got="a compressed archive")
            broken = archive.testzip()
    except (OSError, ValueError, EOFError, RuntimeError, zipfile.BadZipFile) as error:
        raise damaged(path, error) from None
    if broken is not None:
        raise WeightsError(f"{path} is damaged", got=f"another checksum of {broken[:80]!r}")
    return True


def _is_plain(torch: Any, value: Any) -> bool:
    """A dense tensor in memory, none of the kinds that stand for one, and no larger than what lies behind it."""
    if type(value) not in (torch.Tensor, torch.nn.Parameter) or value.is_quantized:
        return False
    if value.layout != torch.strided or value.device.type != "cpu":
        return False
    return bool(value.numel() * value.element_size() <= value.untyped_storage().nbytes())


def _no_state_dict(path: Path, got: str) -> WeightsError:
    return WeightsError(
        f"{path} is not a state dict",
        expected="a dictionary from names to tensors",
        got=got,
        hint="Save model.state_dict() alone, best with safetensors.torch.save_file.",
    )


def damaged(path: Path, error: BaseException) -> WeightsError:
    """What a library could not read, in one line of ours."""
    # torch's own text is long and ends with the advice to switch the protection off.
    text = str(error)
    code = re.search(r"(?:unsupported GLOBAL|Unsupported global: GLOBAL) ([\w.]+) ", text)
    if code:
        return WeightsError(f"{path} holds something other than tensors: it names {code[1]}; nothing of it was run")
    said = re.search(r"WeightsUnpickler error:\s+(.+)", text)
    reason = said[1] if said else next((line for line in text.splitlines() if line.strip()), type(error).__name__)
    return WeightsError(f"{path} is damaged or no file of tensors", got=reason.strip()[:200])


def require_torch() -> Any:
    """The module torch.

    Raises
    ------
    MissingExtraError
        It is not installed.
    """
    return require("torch", "reading this file", "torch")
