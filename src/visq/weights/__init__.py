"""Files of parameters: where they lie, that they are the right ones, and how to read them without running code.

Search order: the path a user gives, then the folders named by the environment variable ``VISQ_WEIGHTS``, then the
files that ship with visq, then the cache that `visq weights fetch` fills. What is found by name is checked against the
SHA-256 in the catalogue. Nothing that a file says is ever run: arrays come from `.npz` (without objects), from MATLAB
files of version 5 (numbers only) and from libsvm's text files, tensors from safetensors and from torch's files with
`weights_only=True`. Looking for a file never uses the network.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any

from visq.errors import WeightsError
from visq.paths import expanded, hindrance, is_file
from visq.types import MetricSpec, Weights

#: Folders searched before the files that ship, separated as in PATH.
VARIABLE = "VISQ_WEIGHTS"
#: Folder of what `visq weights fetch` took from the network.
CACHE_VARIABLE = "VISQ_CACHE"
# Parameter files of the metrics that ship are below a megabyte; a claim of more is a mistake or an attack.
MAX_BYTES = 64_000_000
#: Of a file of tensors or a graph, by its ending: VGG-19 with its classifier has 575 MB.
MAX_TENSOR_BYTES = 2_000_000_000
_TENSOR_ENDINGS = (".safetensors", ".pth", ".pt", ".bin", ".onnx")
_WHOLE_HASH = 64


def max_bytes(path: str | os.PathLike[str]) -> int:
    """The most bytes that a file of its kind may have."""
    return MAX_TENSOR_BYTES if Path(path).suffix.lower() in _TENSOR_ENDINGS else MAX_BYTES


def cache_folder() -> Path:
    """Where fetched files are kept: the folder in `VISQ_CACHE`, or `visq/weights` in the user's cache.

    Where the user has no home directory it begins with `~`, and nothing is found or kept there.
    """
    given = os.environ.get(CACHE_VARIABLE, "")
    if given:
        return expanded(given) / "weights"
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA", "") or "~/AppData/Local"
    elif sys.platform == "darwin":
        base = "~/Library/Caches"
    else:
        # The specification says that what is not absolute does not count.
        base = os.environ.get("XDG_CACHE_HOME", "")
        base = base if base.startswith("/") else "~/.cache"
    return expanded(base) / "visq" / "weights"


def places() -> tuple[Path, ...]:
    """The folders that are searched, in order."""
    given = [expanded(p) for p in os.environ.get(VARIABLE, "").split(os.pathsep) if p]
    return (*given, Path(str(files("visq") / "data")), cache_folder())


def locate(weights: Weights) -> Path | None:
    """Path of the first file of this name in the search places, its hash not checked; None where there is none."""
    return next((p / weights.filename for p in places() if is_file(p / weights.filename)), None)


def find(weights: Weights) -> Path:
    """Path of a file that the catalogue names, its hash checked.

    Where only the first digits of a hash are published, they are checked (`hash_is_whole` tells), and the whole hash
    that `visq weights fetch` noted beside the file.

    Raises
    ------
    WeightsError
        Not found, or its SHA-256 is another one.
    """
    path = locate(weights)
    if path is None:
        raise _missing(weights)
    check_hash(path, weights)
    return path


def locate_any(candidates: Sequence[Weights], installed: Sequence[Path] = ()) -> tuple[Weights, Path] | None:
    """The first of several files with the same parameters that is there, and its path, its hash not checked.

    `installed` is where a package has the first of them; it is looked at last.
    """
    for weights in candidates:
        path = locate(weights)
        if path is not None:
            return weights, path
    return next(((candidates[0], path) for path in installed if is_file(path)), None)


def find_any(*candidates: Weights, installed: Sequence[Path] = ()) -> tuple[Weights, Path]:
    """The first of several files with the same parameters that is there, as `locate_any`, its hash checked.

    Raises
    ------
    WeightsError
        None is there, or the first that is has another hash.
    """
    found = locate_any(candidates, installed)
    if found is not None:
        check_hash(found[1], found[0])
        return found
    error = _missing(next((w for w in candidates if w.hub or w.url), candidates[0]))
    names = " or ".join(w.filename for w in candidates)
    raise WeightsError(f"the parameter file {names} is missing", expected=error.expected, hint=error.hint)


def check_hash(path: Path, weights: Weights) -> str:
    """The SHA-256 of a file, if it is the one that the catalogue means.

    Raises
    ------
    WeightsError
        It is another one.
    """
    got = sha256(path)
    wanted = weights.sha256
    if not hash_is_whole(weights):
        noted = noted_hash(path)
        wanted = noted if noted.startswith(wanted) else wanted
    if got.startswith(wanted):
        return got
    raise WeightsError(
        f"{path} is not the file the catalogue means",
        expected=f"SHA-256 {wanted}{'' if len(wanted) == _WHOLE_HASH else '...'}",
        got=got,
        hint=_instead(path, weights),
    )


def _instead(path: Path, weights: Weights) -> str:
    """What to do about a file that is another one."""
    if weights.ships:
        return f"Remove it, or pass your own parameters with model={str(path)!r}."
    # Only what lies in a folder of parameters is the user's to remove, and not what belongs to a package.
    remove = path.parent in places()
    way = offered(weights)
    if way is None:
        return f"{'Remove it; the' if remove else 'The'} right one has no public address. Its origin: {weights.origin}."
    also = "" if way == weights else ", which holds the same parameters"
    return f"{'Remove it; then ' if remove else ''}`visq weights fetch {way.filename}`{also}."


def offered(weights: Weights) -> Weights | None:
    """What `visq weights fetch` can take for a file: itself, or another with the same parameters; None for neither."""
    if weights.hub or weights.url:
        return weights
    from visq.weights.inventory import same_parameters

    return next((w for w in same_parameters(weights) if w.hub or w.url), None)


def noted_hash(path: Path) -> str:
    """The hash that `visq weights fetch` noted beside a file whose whole hash nobody publishes; empty without one."""
    try:
        with path.with_name(path.name + ".sha256").open("rb") as stream:
            text = stream.read(_WHOLE_HASH).decode("ascii", "replace").lower()
    except OSError:
        return ""
    return text if len(text) == _WHOLE_HASH and set(text) <= set("0123456789abcdef") else ""


def hash_is_whole(weights: Weights) -> bool:
    """Whether the catalogue has the whole SHA-256 of a file, and not only its first digits."""
    return len(weights.sha256) == _WHOLE_HASH


def missing(spec: Any) -> tuple[Weights, ...]:
    """The files that a metric (or a network) needs and that are nowhere, nor another with the same parameters.

    Where several would do, the one that `visq weights fetch` takes stands for them.
    """
    from visq.weights.inventory import needs

    return tuple(need.offered for need in needs(spec) if need.found is None)


def _missing(weights: Weights) -> WeightsError:
    searched = " or ".join(_described(place) for place in places())
    way = None if weights.ships else offered(weights)
    if weights.ships:
        hint = f"Reinstall visq, or put the file into a folder and name that folder in {VARIABLE}."
    elif way is not None:
        what = "it" if way == weights else "one with the same parameters"
        hint = (
            f"`visq weights fetch {way.filename}` takes {what} from the network; or put the file into a folder and "
            f"name that folder in {VARIABLE}."
        )
    else:
        hint = f"It has no public address: put the file into a folder and name that folder in {VARIABLE}."
    return WeightsError(f"the parameter file {weights.filename} is missing", expected=searched, hint=hint)


def _described(place: Path) -> str:
    """A folder, and why nothing is found in it where that is not plain."""
    why = hindrance(place)
    return f"{place} ({why})" if why not in ("", "not there") else str(place)


def members(path: str | os.PathLike[str]) -> tuple[Path, ...]:
    """The files behind a model that a user names: itself, or libsvm's model and the ranges beside it.

    The ranges have the name of the model with `model` replaced by `range`. A folder stands for the `allmodel` (or
    the `modelparameters.mat`) in it.

    Raises
    ------
    WeightsError
        Missing, unreadable, too large, or without its companion.
    """
    given = expanded(path)
    if not hindrance(given):
        found = [given / name for name in ("allmodel", "modelparameters.mat") if is_file(given / name)]
        if len(found) != 1:
            raise WeightsError(
                f"{given} is a folder without one model in it", expected="allmodel and allrange, or modelparameters.mat"
            )
        given = found[0]
    paths = (given, given.with_name(given.name.replace("model", "range"))) if _is_libsvm(given) else (given,)
    for item in paths:
        if not is_file(item):
            raise WeightsError(f"the parameter file {item} does not exist", expected="a readable file")
        if item.stat().st_size > max_bytes(item):
            raise WeightsError(
                f"{item} is too large", expected=f"at most {max_bytes(item)} bytes", got=str(item.stat().st_size)
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
    the same file in another folder gives the same score. A graph that stands in for torch counts as if it were given.
    """
    given = [options.get(o.name) for o in spec.options if o.type == "path"]
    if spec.graph and not any(given):
        from visq.weights.stand_in import stand_in

        given = [stand_in(spec.id)]
    hashes = [sha256(member) for path in given if path for member in members(path)]
    if not hashes:
        needed = files_of(spec, options)
        hashes = [w.sha256 or w.filename for w in needed] if needed != spec.weights else []
    if len(hashes) <= 1:
        return "".join(hashes)
    return hashlib.sha256("".join(hashes).encode()).hexdigest()


def files_of(spec: MetricSpec, options: Mapping[str, Any]) -> tuple[Weights, ...]:
    """The files of the catalogue that a metric needs with some options.

    Raises
    ------
    OptionError
        Options that go with no network.
    """
    if not spec.files:
        return spec.weights
    module, _, function = spec.files.partition(":")
    found: tuple[Weights, ...] = getattr(import_module(module), function)(options)
    return found


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
