"""Files of parameters: where they lie, that they are the right ones, and how to read them without running code.

Search order: the path a user gives, then the folder named by the environment variable ``VISQ_WEIGHTS``, then the
files that ship with visq. What is found by name is checked against the SHA-256 in the catalogue. Nothing is ever
unpickled: arrays come from `.npz` (without objects), from MATLAB files of version 5 (numbers only) and from
libsvm's text files.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from visq.errors import WeightsError
from visq.types import MetricSpec, Weights

#: Folder searched before the files that ship.
VARIABLE = "VISQ_WEIGHTS"
# Parameter files of the metrics that ship are below a megabyte; a claim of more is a mistake or an attack.
MAX_BYTES = 64_000_000


def find(weights: Weights) -> Path:
    """Path of a file that the catalogue names, its hash checked.

    Raises
    ------
    WeightsError
        Not found, or its SHA-256 is another one.
    """
    folder = os.environ.get(VARIABLE, "")
    places = [Path(folder)] if folder else []
    places.append(Path(str(files("visq") / "data")))
    for place in places:
        path = place / weights.filename
        if path.is_file():
            got = sha256(path)
            if got != weights.sha256:
                raise WeightsError(
                    f"{path} is not the file the catalogue means",
                    expected=f"SHA-256 {weights.sha256}",
                    got=got,
                    hint=f"Remove it, or pass your own parameters with model={str(path)!r}.",
                )
            return path
    raise WeightsError(
        f"the parameter file {weights.filename} is missing",
        expected=" or ".join(map(str, places)),
        hint=f"Reinstall visq, or put the file into a folder and name that folder in {VARIABLE}.",
    )


def members(path: str | os.PathLike[str]) -> tuple[Path, ...]:
    """The files behind a model that a user names: itself, or libsvm's model and the ranges beside it.

    The ranges have the name of the model with `model` replaced by `range`. A folder stands for the `allmodel` (or
    the `modelparameters.mat`) in it.

    Raises
    ------
    WeightsError
        Missing, unreadable, too large, or without its companion.
    """
    given = Path(path).expanduser()
    if given.is_dir():
        found = [given / name for name in ("allmodel", "modelparameters.mat") if (given / name).is_file()]
        if len(found) != 1:
            raise WeightsError(
                f"{given} is a folder without one model in it", expected="allmodel and allrange, or modelparameters.mat"
            )
        given = found[0]
    paths = (given, given.with_name(given.name.replace("model", "range"))) if _is_libsvm(given) else (given,)
    for item in paths:
        if not item.is_file():
            raise WeightsError(f"the parameter file {item} does not exist", expected="a readable file")
        if item.stat().st_size > MAX_BYTES:
            raise WeightsError(
                f"{item} is too large", expected=f"at most {MAX_BYTES} bytes", got=str(item.stat().st_size)
            )
    return paths


def _is_libsvm(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return stream.read(8) == b"svm_type"
    except OSError:
        return False


def weights_sha256(spec: MetricSpec, options: Mapping[str, Any]) -> str:
    """Hash of the parameters that replace those of the catalogue: the second argument of `MetricSpec.identity`.

    Empty where no option of type `path` is given. Options of that type do not belong into an identity themselves:
    the same file in another folder gives the same score.
    """
    given = [options.get(o.name) for o in spec.options if o.type == "path"]
    hashes = [sha256(member) for path in given if path for member in members(path)]
    if len(hashes) <= 1:
        return "".join(hashes)
    return hashlib.sha256("".join(hashes).encode()).hexdigest()


def identity(spec: MetricSpec, options: Mapping[str, Any]) -> str:
    """The key of a score: metric, version, options, and the content (not the path) of a user's parameter files."""
    paths = {o.name for o in spec.options if o.type == "path"}
    plain = {name: value for name, value in options.items() if name not in paths}
    return spec.identity(plain, weights_sha256(spec, options))


def sha256(path: str | os.PathLike[str]) -> str:
    """SHA-256 of a file, remembered until the file changes."""
    try:
        stat = Path(path).stat()
        return _sha256(str(path), stat.st_size, stat.st_mtime_ns)
    except OSError as error:
        raise WeightsError(f"cannot read {path}: {error.strerror or error}") from None


@lru_cache(maxsize=64)
def _sha256(path: str, size: int, changed: int) -> str:  # noqa: ARG001
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
