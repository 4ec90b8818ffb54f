"""What a worker does: make a reference, make the levels of one type of it, or measure how long that takes.

Every picture depends on its reference file, the type, the level and the seed, and on nothing else: not on the number of
workers, not on what was made before. Tasks and answers are plain JSON.
"""

from __future__ import annotations

import errno
import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from visq.distortions.apply import distort
from visq.distortions.synth.plan import IMAGES, Recipe, strength
from visq.errors import LimitError, ReadError, SizeError, VisqError
from visq.media import Limits, open_image
from visq.media.lossless import encode, replace
from visq.media.source import printable

# Errors of writing that the next picture would meet too: the run has to stop.
_FATAL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.ENOENT, errno.ENOTDIR)
# Measured on a part of this size of large photographs: time and bytes go with the number of pixels.
_SAMPLE_SIDE = 512
# How many times as long as the processor's time measuring may take.
_PATIENCE = 5
_NONE = {"sha256": "", "bytes": None, "width": None, "height": None, "bit_depth": None}


class OutOfRoomError(VisqError):
    """The disk takes no more: nothing about one picture."""


def prepare(config: dict[str, Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """The function that answers tasks, for `visq.distortions.synth.crew`."""
    return Maker(Recipe.loaded(config["recipe"]), Path(config["folder"]), Limits(**config["limits"]))


class Maker:
    """Makes pictures of one recipe in one folder.

    Parameters
    ----------
    recipe : Recipe
    folder : pathlib.Path
        The set: pictures go to its `images`.
    limits : Limits
        Of photographs.
    """

    def __init__(self, recipe: Recipe, folder: Path, limits: Limits) -> None:
        self.recipe, self.images, self.limits = recipe, folder / IMAGES, limits
        self._held: tuple[str, np.ndarray] | None = None
        self._warm: set[str] = set()
        self._parent = os.getppid()

    def __call__(self, task: dict[str, Any]) -> dict[str, Any]:
        """Rows of the task; or `stop` with the reason where nothing more can be written."""
        try:
            if task["do"] == "measure":
                return self._measure(task)
            return {"rows": [self._reference(task)] if task["do"] == "reference" else self._levels(task)}
        except OutOfRoomError as error:
            return {"stop": str(error)}

    def _reference(self, task: dict[str, Any]) -> dict[str, Any]:
        began = time.monotonic()
        row = {"name": task["name"], "amount": "", "unit": ""}
        try:
            pixels, meta = self._open(task["source"])
            row |= {"source_sha256": meta.sha256, "warnings": list(meta.warnings)}
            row |= self._write(task["name"], pixels)
        except OutOfRoomError:
            raise
        except Exception as error:
            return {"source_sha256": "", "warnings": []} | row | _failed(error, task["source"])
        return row | {"seconds": time.monotonic() - began}

    def _open(self, path: str) -> tuple[np.ndarray, Any]:
        image = open_image(path, limits=self.limits)
        return np.ascontiguousarray(centre(image.pixels, self.recipe.size)), image.meta

    def _levels(self, task: dict[str, Any]) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        for level, name in task["levels"]:
            if os.getppid() != self._parent:
                os._exit(1)  # the run was killed, and another may be at work on the same set
            began = time.monotonic()
            amount, unit = strength(task["distortion"], level)
            row = {"name": name, "level": level, "amount": amount, "unit": unit}
            try:
                pixels = self._pixels(task["reference"])
                made = distort(pixels, task["distortion"], level, seed=self.recipe.seed, key=task["key"])
                row |= self._write(name, made) | {"seconds": time.monotonic() - began}
            except OutOfRoomError:
                raise
            except Exception as error:
                row |= _failed(error, str(self.images / task["reference"]))
            rows.append(row)
        return rows

    def _pixels(self, reference: str) -> np.ndarray:
        if self._held is None or self._held[0] != reference:
            self._held = None
            # Its size was agreed to when it was made of a photograph within the limits.
            path = self.images / reference
            limits = Limits(max_pixels=2**62, max_bytes=2**62)
            self._held = reference, open_image(path, limits=limits).pixels
        return self._held[1]

    def _write(self, name: str, pixels: np.ndarray) -> dict[str, Any]:
        data = encode(pixels, self.recipe.form.upper())
        try:
            replace(self.images / name, data)
        except OSError as error:
            if error.errno in _FATAL:
                raise OutOfRoomError(f"{self.images / name} cannot be written: {error.strerror}") from error
            raise
        height, width = pixels.shape[:2]
        return {
            "status": "ok", "error": "", "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data),
            "width": width, "height": height, "bit_depth": 8 * pixels.dtype.itemsize,
        }  # fmt: skip

    def _measure(self, task: dict[str, Any]) -> dict[str, Any]:
        """Time and bytes of a few types of one photograph, in memory, until the time of the processor is up.

        Of the processor, so that as much is looked at on a machine that has other work; the clock ends it too.

        `pixels` is what the photograph comes to, `opened` the seconds to open it and write its reference, and `made` a
        list of (type, seconds, bytes), the last two for each pixel.
        """
        end, limit = time.process_time() + task["seconds"], time.monotonic() + _PATIENCE * task["seconds"]
        began = time.monotonic()
        try:
            whole, _ = self._open(task["source"])
        except Exception as error:
            return {"error": _failed(error, task["source"])["error"]}
        part = centre(whole, (min(_SAMPLE_SIDE, whole.shape[1]), min(_SAMPLE_SIDE, whole.shape[0])))
        opened = time.monotonic() - began
        began = time.monotonic()
        per_pixel = len(encode(np.ascontiguousarray(part), self.recipe.form.upper())) / _area(part)
        opened += (time.monotonic() - began) / _area(part) * _area(whole)
        made: list[list[float]] = []
        for number, name, level in task["what"]:
            if made and (time.process_time() > end or time.monotonic() > limit):
                break
            try:
                if (
                    name not in self._warm
                ):  # kernels are compiled and libraries loaded once a worker, not once a picture
                    started = time.process_time(), time.monotonic()
                    distort(part[:64, :64], name, level, seed=0)
                    self._warm.add(name)
                    end, limit = end + time.process_time() - started[0], limit + time.monotonic() - started[1]
                began = time.monotonic()
                data = encode(distort(part, name, level, seed=self.recipe.seed), self.recipe.form.upper())
            except Exception:  # pictures that cannot be made cost nothing; the run tells of them
                continue
            made.append([number, (time.monotonic() - began) / _area(part), len(data) / _area(part)])
        return {"pixels": _area(whole), "opened": opened, "per_pixel": per_pixel, "made": made}


def centre(pixels: np.ndarray, size: tuple[int, int] | None) -> np.ndarray:
    """The middle `(width, height)` of a picture, a view; None is all of it.

    Where the rest is odd, the greater part is cut off right and below.

    Raises
    ------
    SizeError
        A picture that is smaller.

    Examples
    --------
    >>> centre(np.arange(20).reshape(4, 5), (2, 2)).tolist()
    [[6, 7], [11, 12]]
    """
    if size is None:
        return pixels
    width, height = size
    if pixels.shape[1] < width or pixels.shape[0] < height:
        raise SizeError(
            "the photograph is smaller than the pictures asked for",
            expected=f"at least {width}x{height}",
            got=f"{pixels.shape[1]}x{pixels.shape[0]}",
            hint="Ask for a smaller size: nothing is enlarged.",
        )
    top, left = (pixels.shape[0] - height) // 2, (pixels.shape[1] - width) // 2
    return pixels[top : top + height, left : left + width]


def _area(pixels: np.ndarray) -> int:
    return pixels.shape[0] * pixels.shape[1]


def _failed(error: Exception, path: str) -> dict[str, Any]:
    """A row that says in one line why there is no picture, without the name that the row has already."""
    if isinstance(error, MemoryError):
        text = "not enough memory for this picture"
    elif isinstance(error, VisqError):
        text = str(error)
    else:
        text = f"unexpected {type(error).__name__}: {error}"
    text = printable(" ".join(text.split()))
    if isinstance(error, (ReadError, LimitError)):
        text = text.removeprefix(f"{printable(path)}: ")
    return {**_NONE, "status": "error", "error": text, "seconds": 0.0}


__all__ = ["Maker", "OutOfRoomError", "centre", "prepare"]
