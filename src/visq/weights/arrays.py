"""Reading arrays out of parameter files: `.npz`, MATLAB version 5, libsvm text. No format here can run code."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from visq.errors import WeightsError
from visq.weights import MAX_BYTES, matlab

#: Shape of an array that a model needs; None stands for any length.
Shape = tuple[int | None, ...]


def read_npz(
    path: Path, shapes: Mapping[str, Shape], optional: Mapping[str, Shape] | None = None
) -> dict[str, np.ndarray]:
    """The named arrays of an `.npz`, in float64, each of its stated shape and finite; `optional` ones may lack.

    Raises
    ------
    WeightsError
        Truncated, not an `.npz`, an array missing or too many, wrong shape or type, NaN.
    """
    arrays = unpack_npz(path)
    present = {name: shape for name, shape in (optional or {}).items() if name in arrays}
    return check(path, arrays, {**shapes, **present})


def unpack_npz(path: Path) -> dict[str, np.ndarray]:
    """Every array of an `.npz`, as it is; objects are never loaded.

    Raises
    ------
    WeightsError
        Too large, truncated, or not an `.npz` of plain arrays.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            claimed = sum(item.file_size for item in archive.infolist())
            if claimed > MAX_BYTES:
                raise WeightsError(f"{path} is too large", expected=f"at most {MAX_BYTES} bytes", got=str(claimed))
            if archive.testzip() is not None:
                raise zipfile.BadZipFile("checksum")
        with np.load(path, allow_pickle=False) as data:
            return {name: data[name] for name in data.files}
    # MemoryError: an array's header may claim more than any machine has.
    except (OSError, ValueError, EOFError, KeyError, MemoryError, zipfile.BadZipFile, NotImplementedError) as error:
        raise WeightsError(f"{path} is damaged or not an .npz file of plain arrays", got=str(error)) from None


def list_mat(path: Path) -> dict[str, str]:
    """Names of what a MATLAB version 5 file holds, and MATLAB's word for the type of each.

    Raises
    ------
    WeightsError
        Another version, or damaged.
    """
    return {name: one.kind for name, one in matlab.read_variables(path).items()}


def read_mat(path: Path, shapes: Mapping[str, Shape], hint: str = "") -> dict[str, np.ndarray]:
    """The named arrays of a MATLAB version 5 file (what `save` wrote before version 7.3): numbers only.

    `hint` is what to do where they are not in it.

    Raises
    ------
    WeightsError
        As `read_npz`.
    """
    found = {name: one for name, one in matlab.read_variables(path).items() if name in shapes}
    odd = [f"{name} ({one.kind})" for name, one in found.items() if one.kind not in matlab.NUMERIC]
    if odd:
        raise WeightsError(f"{path} holds something other than numbers", got=", ".join(odd))
    with matlab.reading(path):
        arrays = {name: one.array() for name, one in found.items()}
    return check(path, arrays, shapes, hint)


def check(
    path: Path, arrays: Mapping[str, np.ndarray], shapes: Mapping[str, Shape], hint: str = ""
) -> dict[str, np.ndarray]:
    """`arrays` in float64, if they are exactly those of `shapes`, of their shapes, and finite."""
    if set(arrays) != set(shapes):
        raise WeightsError(
            f"{path} does not hold the arrays of this model",
            expected=", ".join(sorted(shapes)),
            got=", ".join(sorted(arrays)) or "none",
            hint=hint,
        )
    out = {}
    for name, shape in shapes.items():
        value = np.asarray(arrays[name])
        if value.dtype.kind not in "fiu":
            raise WeightsError(f"{path}: {name} is not numeric", got=str(value.dtype))
        fits = value.ndim == len(shape) and all(n in (None, m) for n, m in zip(shape, value.shape, strict=True))
        if not fits:
            wanted = "(" + ", ".join("any" if n is None else str(n) for n in shape) + ")"
            raise WeightsError(f"{path}: {name} has the wrong shape", expected=wanted, got=str(value.shape))
        if not np.isfinite(value).all():
            raise WeightsError(f"{path}: {name} holds NaN or infinite values")
        out[name] = value.astype(np.float64)
    return out


@dataclass(frozen=True)
class SupportVectors:
    """A support-vector regressor: ``sum_i coefficients[i] exp(-gamma |vectors[i] - z|^2) - rho``."""

    vectors: np.ndarray
    coefficients: np.ndarray
    gamma: float
    rho: float


def read_libsvm(path: Path, features: int) -> SupportVectors:
    """A regression model with an RBF kernel that libsvm's `svm-train` wrote.

    Raises
    ------
    WeightsError
        Another kind of machine or kernel, truncated, not numbers, an index above `features`.
    """
    header, _, body = _text(path).partition("\nSV\n")
    fields = dict(line.strip().split(None, 1) for line in header.splitlines() if len(line.split()) > 1)
    if fields.get("svm_type") not in ("epsilon_svr", "nu_svr") or fields.get("kernel_type") != "rbf":
        raise WeightsError(
            f"{path} is not a libsvm regression model",
            expected="svm_type epsilon_svr or nu_svr, kernel_type rbf",
            got=f"{fields.get('svm_type')}, {fields.get('kernel_type')}",
        )
    rows = [line.split() for line in body.splitlines() if line.strip()]
    try:
        gamma, rho, total = float(fields["gamma"]), float(fields["rho"]), int(fields["total_sv"])
        vectors = np.zeros((len(rows), features))
        for vector, row in zip(vectors, rows, strict=True):
            for item in row[1:]:
                index, value = item.split(":")
                if not 1 <= int(index) <= features:
                    raise ValueError(f"feature {index} of {features}")
                vector[int(index) - 1] = float(value)
        coefficients = np.array([float(row[0]) for row in rows])
    except (KeyError, ValueError) as error:
        raise WeightsError(f"{path} is damaged", got=str(error)) from None
    if len(rows) != total or not body.endswith("\n"):
        raise WeightsError(f"{path} is cut off", expected=f"{total} support vectors", got=str(len(rows)))
    if not (np.isfinite(vectors).all() and np.isfinite(coefficients).all() and gamma > 0 and np.isfinite(rho)):
        raise WeightsError(f"{path} holds NaN, infinite or senseless values")
    return SupportVectors(vectors, coefficients, gamma, rho)


def read_libsvm_range(path: Path, features: int) -> tuple[float, float, np.ndarray, np.ndarray]:
    """What `svm-scale` restores: lower and upper bound, and smallest and largest value of every feature.

    Raises
    ------
    WeightsError
        Not such a file, or a feature missing.
    """
    lines = [line.split() for line in _text(path).splitlines() if line.strip()]
    try:
        if lines[0] != ["x"]:
            raise ValueError("no line 'x' at the head")
        lower, upper = (float(v) for v in lines[1])
        table = {int(row[0]): (float(row[1]), float(row[2])) for row in lines[2:]}
        ranges = np.array([table[i + 1] for i in range(features)])
    except (IndexError, KeyError, ValueError) as error:
        raise WeightsError(f"{path} is not a file of svm-scale for {features} features", got=str(error)) from None
    if len(table) != features or not np.isfinite(ranges).all() or not (ranges[:, 1] > ranges[:, 0]).all():
        raise WeightsError(f"{path} does not fit", expected=f"{features} finite ranges", got=str(len(table)))
    return lower, upper, ranges[:, 0], ranges[:, 1]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise WeightsError(f"{path} is not a text file of libsvm", got=str(error)) from None
