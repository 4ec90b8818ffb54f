"""Tiny copies of databases in the layout of their releases, with pictures and scores that the tests make up."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat


def picture(root: Path, path: str, size: tuple[int, int] = (6, 4), seed: int | None = None) -> str:
    """A small picture of noise; each path its own, unless `seed` says otherwise."""
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    number = sum(path.encode()) * 7919 + len(path) if seed is None else seed
    pixels = np.random.default_rng(number).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(pixels).save(file)
    return path


def pictures(root: Path, folder: str, names: list[str], size: tuple[int, int] = (6, 4)) -> None:
    for name in names:
        picture(root, f"{folder}/{name}" if folder else name, size)


def text(root: Path, path: str, content: str) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content, encoding="utf-8")


def table(root: Path, path: str, rows: list[list[object]]) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows(rows)


def cells(values: list[object], *, column: bool = True) -> np.ndarray:
    """A MATLAB cell array, one column or one row."""
    found = np.empty((len(values), 1) if column else (1, len(values)), dtype=object)
    for i, value in enumerate(values):
        found[(i, 0) if column else (0, i)] = value
    return found


def mat(root: Path, path: str, **variables: object) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    savemat(file, variables, do_compression=True)


def sheet(root: Path, path: str, rows: list[list[object]], title: str = "Sheet1") -> None:
    from openpyxl import Workbook

    book = Workbook()
    page = book.active
    page.title = title
    for line in rows:
        page.append(line)
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    book.save(root / path)


def touch(root: Path, *paths: str) -> None:
    """Empty files, for what does not open pictures."""
    for path in paths:
        text(root, path, "")


def real(name: str) -> Path:
    """The folder of a real database, or a skipped test with the reason."""
    variable = f"VISQ_DATA_{name}"
    folder = os.environ.get(variable)
    if not folder or not Path(folder).is_dir():
        pytest.skip(f"needs the real database: set {variable} to its folder")
    return Path(folder)
