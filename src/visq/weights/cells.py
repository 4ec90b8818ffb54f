"""Reading a MATLAB cell array of plain numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from visq.errors import WeightsError
from visq.weights.arrays import Shape, check, list_mat


def read_cell(path: Path, name: str, shapes: tuple[Shape, ...]) -> list[np.ndarray]:
    """The arrays in the `1 x n` cell array `name` of a MATLAB version 5 file, in float64, each of its stated shape.

    Raises
    ------
    WeightsError
        Another version, damaged, no such cell array, or in it something other than finite numbers of these shapes.
    """
    kind = list_mat(path).get(name)
    if kind != "cell":
        raise WeightsError(f"{path} does not hold this model", expected=f"a cell array {name}", got=kind or "none")
    from scipy.io import loadmat

    try:
        cell = np.asarray(loadmat(path, variable_names=[name])[name])
    # SciPy's reader answers broken files with whatever its parser runs into.
    except Exception as error:
        raise WeightsError(f"{path} is damaged", got=f"{type(error).__name__}: {error}") from None
    items = list(cell.ravel())
    if len(items) != len(shapes) or not all(isinstance(item, np.ndarray) for item in items):
        raise WeightsError(f"{path}: {name} is not {len(shapes)} arrays", got=f"{len(items)} entries")
    names = [f"{name}{{{i + 1}}}" for i in range(len(shapes))]
    found = check(path, dict(zip(names, items, strict=True)), dict(zip(names, shapes, strict=True)))
    return [found[n] for n in names]
