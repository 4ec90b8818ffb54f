"""Reading a MATLAB cell array of plain numbers."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from visq.errors import WeightsError
from visq.weights.arrays import Shape, check
from visq.weights.matlab import read_variables, reading


def read_cell(path: Path, name: str, shapes: tuple[Shape, ...]) -> list[np.ndarray]:
    """The arrays in the `1 x n` cell array `name` of a MATLAB version 5 file, in float64, each of its stated shape.

    Raises
    ------
    WeightsError
        Another version, damaged, no such cell array, or in it something other than finite numbers of these shapes.
    """
    found = read_variables(path).get(name)
    if found is None or found.kind != "cell":
        got = "none" if found is None else found.kind
        raise WeightsError(f"{path} does not hold this model", expected=f"a cell array {name}", got=got)
    entries = math.prod(found.shape)
    if entries != len(shapes):
        raise WeightsError(f"{path}: {name} is not {len(shapes)} arrays", got=f"{entries} entries")
    with reading(path):
        items = found.cells()
    names = [f"{name}{{{i + 1}}}" for i in range(len(shapes))]
    checked = check(path, dict(zip(names, items, strict=True)), dict(zip(names, shapes, strict=True)))
    return [checked[n] for n in names]
