"""From what a caller hands over as an image to pixels: files are opened, arrays and tensors are taken as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from visq.errors import InputError


def one_image(item: Any) -> tuple[Any, tuple[str, str, tuple[str, ...]]]:
    """Pixels of one image, and its name, hash and what was altered on reading."""
    if in_memory(item):
        return item, ("", "", ())
    from visq.media import open_image

    opened = open_image(item)
    return opened.pixels, (Path(opened.meta.source).name, opened.meta.sha256, opened.meta.warnings)


def size_of(pixels: Any, name: str) -> tuple[int, int]:
    """Height and width of one image; batches are refused."""
    from visq.ops.arrays import read_one

    batch = read_one(pixels, name=name, check=False)
    if batch.data.shape[0] != 1:
        raise InputError(f"{name} is a batch", expected="one image", got=f"{batch.data.shape[0]} images")
    return batch.size


def in_memory(item: Any) -> bool:
    """Arrays and tensors, which metrics take as they are, batches too; everything else goes through the reader."""
    from visq.ops.arrays import is_torch

    return is_torch(item) or type(item).__module__ == "numpy"


def pixels_of(item: Any) -> tuple[Any, tuple[str, ...]]:
    """Pixels of an image or a batch, and what was altered on reading."""
    if in_memory(item):
        return item, ()
    from visq.media import open_image

    opened = open_image(item)
    return opened.pixels, opened.meta.warnings
