"""What `visq doctor` looks at: each check gives one line, and none of them raises."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module, metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from visq.report.environment import OTHERS, VARIABLES

Status = Literal["ok", "missing", "broken", "info"]

_DEPENDENCIES = {
    "numpy": "numpy",
    "scipy": "scipy",
    "pillow": "PIL",
    "numba": "numba",
    "onnxruntime": "onnxruntime",
    "click": "click",
    "rich": "rich",
    "array-api-compat": "array_api_compat",
}
_EXTRAS = {
    "torch": ("torch", "gradients, losses, learned metrics, GPUs"),
    "hub": ("huggingface_hub", "fetching parameters from the model hub"),
    "hdr": ("pyvips", "16-bit colour files"),
    "tables": ("polars", "Parquet tables"),
    "video": ("av", "videos, frame by frame"),
    "plot": ("matplotlib", "curves of videos as pictures"),
    "train": ("accelerate", "`visq train`"),
}
_IMPORT_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Check:
    """One line. `missing` is optional and not installed; `broken` makes `visq doctor` exit with 1."""

    section: str
    name: str
    status: Status
    detail: str
    hint: str = ""


def run_checks() -> Iterator[Check]:
    """All checks, in the order in which they are shown. The slow ones come last."""
    for section, check in (
        ("system", _system),
        ("dependencies", _dependencies),
        ("threads", _threads),
        ("kernels", _kernels),
        ("environment", _environment),
        ("formats", _formats),
        ("parameters", _parameters),
        ("self-test", _self_test),
        ("extras", _extras),
    ):
        try:
            yield from check()
        except Exception as error:  # a doctor that falls over tells nothing
            yield Check(section, section, "broken", _reason(error))


def _reason(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0]


def _system() -> Iterator[Check]:
    import visq

    where = str(Path(visq.__file__).parent)
    yield Check("system", "visq", "ok", f"{visq.__version__} in {where}")
    yield Check("system", "python", "ok", f"{platform.python_version()} at {sys.executable}")
    yield Check("system", "platform", "ok", platform.platform())


def _dependencies() -> Iterator[Check]:
    for package, module in _DEPENDENCIES.items():
        try:
            import_module(module)
            yield Check("dependencies", package, "ok", metadata.version(package))
        except Exception as error:  # a damaged build raises nearly anything
            hint = f"pip install --force-reinstall {package}"
            yield Check("dependencies", package, "broken", _reason(error), hint)


def _threads() -> Iterator[Check]:
    from visq.errors import OptionError
    from visq.ops.threads import get_threads

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    try:
        yield Check("threads", "threads", "ok", f"{get_threads()} used, {cores} cores available")
    except OptionError as error:
        yield Check("threads", "threads", "broken", str(error), "Unset VISQ_THREADS or set it to 1 or more.")


def _kernels() -> Iterator[Check]:
    from visq.ops import _numba_error

    folder = Path(_numba_error._uint8_rows.stats.cache_path or ".")
    nearest = next((p for p in (folder, *folder.parents) if p.exists()), folder)
    if os.access(nearest, os.W_OK):
        kept = len(list(folder.glob("*.nbc"))) if folder.exists() else 0
        yield Check("kernels", "cache", "ok", f"{folder}, {kept} compiled kernels")
    else:
        hint = "Set NUMBA_CACHE_DIR to a folder that is writable; until then every run compiles again."
        yield Check("kernels", "cache", "broken", f"{folder} is not writable", hint)


def _environment() -> Iterator[Check]:
    found = {k: v for k, v in sorted(os.environ.items()) if k.startswith("VISQ_") or k in OTHERS}
    for name, value in found.items():
        if name in VARIABLES or name in OTHERS:
            yield Check("environment", name, "ok", value)
            continue
        near = get_close_matches(name, VARIABLES, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"visq reads: {', '.join(VARIABLES)}."
        yield Check("environment", name, "info", f"{value} (visq does not read it)", hint)
    if not found:
        yield Check("environment", "VISQ_*", "ok", "none set")


def _formats() -> Iterator[Check]:
    from PIL import features

    always = "PNG, GIF, BMP, PNM"
    yield Check("formats", always, "ok", "built in")
    for name, feature in {
        "JPEG": "jpg",
        "TIFF": "libtiff",
        "WebP": "webp",
        "AVIF": "avif",
        "ICC": "littlecms2",
    }.items():
        if features.check(feature):
            yield Check("formats", name, "ok", str(features.version(feature) or "yes"))
        else:
            hint = "pip install --upgrade pillow (its wheels have all of them)"
            yield Check("formats", name, "missing", "this Pillow was built without it", hint)


def _parameters() -> Iterator[Check]:
    from visq.errors import WeightsError
    from visq.weights import check_hash, find, hash_is_whole, inventory

    for item in inventory.items():
        weights, path = item.weights, item.path
        of = f"of {item.users}"
        try:
            if path is None and not weights.ships:
                # One of several files with the same parameters is enough: only the first of them is told to be missing.
                if item.need.found is None and weights == item.need.offered:
                    cannot = f"{', '.join(item.metrics)} cannot run" if item.metrics else "random parameters only"
                    yield Check("parameters", weights.filename, "missing", f"{of}: not here; {cannot}", _way(weights))
                continue
            path = find(weights) if path is None else path
            check_hash(path, weights)
            checked = "hash checked" if hash_is_whole(weights) else "unverified: the catalogue has not its whole hash"
            yield Check("parameters", weights.filename, "ok", f"{of}, {checked}, {path}")
        except WeightsError as error:
            expected, hint = f"; expected {error.expected}" if error.expected else "", error.hint
            yield Check("parameters", weights.filename, "broken", f"{of}: {error.message}{expected}", hint)


def _way(weights: Any) -> str:
    """How a file that is not here can be had."""
    if weights.hub or weights.url:
        return f"visq weights fetch {weights.filename}"
    return f"No public address. Put it into a folder and name that in VISQ_WEIGHTS. Its origin: {weights.origin}"


def _self_test() -> Iterator[Check]:
    import numpy as np

    from visq import catalog
    from visq.api import metric

    # Two constant pictures: the values follow from the formulae with a pocket calculator.
    dark, light = np.full((192, 192), 100, np.uint8), np.full((192, 192), 116, np.uint8)
    c1 = (0.01 * 255.0) ** 2
    wanted: dict[str, Callable[[], float]] = {
        "mse": lambda: 256.0,
        "psnr": lambda: float(10.0 * np.log10(255.0**2 / 256.0)),
        "ssim": lambda: (2 * 100 * 116 + c1) / (100**2 + 116**2 + c1),
    }
    for name, expected in wanted.items():
        if name not in catalog.ids():
            continue
        try:
            value = float(metric(name)(light, dark))
        except Exception as error:  # whatever it is, it is the finding
            yield Check("self-test", name, "broken", _reason(error))
            continue
        near = abs(value - expected()) <= 1e-4 * expected()
        yield Check("self-test", name, "ok" if near else "broken", f"{value:.6g}, expected {expected():.6g}")
    yield _read_back()


def _read_back() -> Check:
    from io import BytesIO

    import numpy as np
    from PIL import Image

    from visq.media import open_image

    pixels = (np.arange(16 * 16 * 3) * 7 % 256).astype(np.uint8).reshape(16, 16, 3)
    file = BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    same = np.array_equal(open_image(file.getvalue()).pixels, pixels)
    return Check("self-test", "read a PNG", "ok" if same else "broken", "same pixels" if same else "other pixels")


def _extras() -> Iterator[Check]:
    for extra, (module, use) in _EXTRAS.items():
        install = f"pip install 'visq[{extra}]'"
        if find_spec(module) is None:
            yield Check("extras", extra, "missing", f"{module} is not installed ({use})", install)
            continue
        # In a process of its own: a damaged torch may end the interpreter, and takes seconds either way.
        code = f"import {module}; print({module}.__version__)"
        try:
            done = subprocess.run(
                [sys.executable, "-W", "ignore", "-c", code],
                capture_output=True,
                text=True,
                check=False,
                timeout=_IMPORT_SECONDS,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            yield Check("extras", extra, "broken", _reason(error), install)
            continue
        if done.returncode == 0:
            yield Check("extras", extra, "ok", f"{module} {done.stdout.strip()} ({use})")
        else:
            said = (done.stderr.strip().splitlines() or [f"import ended with status {done.returncode}"])[-1]
            yield Check("extras", extra, "broken", f"{module} cannot be imported: {said}", install)
