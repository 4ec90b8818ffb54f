"""Peak resident memory of one metric on a 100-megapixel picture, in a process of its own.

    python benchmarks/memory.py ssim

The figure includes Python, the libraries, and the decoded pixels. The picture is written once as PNG into a
temporary folder and read through `visq.open_image` with the limit raised, as `visq compare --max-pixels` does.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

SIDE = 10_000
METRICS = ("ssim", "niqe", "psnr", "gmsd", "brisque", "piqe", "ms_ssim")

_CHILD = """
import json, resource, sys, time
import visq
from visq.media import Limits, open_image
metric, paths = sys.argv[1], sys.argv[2:]
m = visq.metric(metric)
paths = paths[: 2 if m.spec.kind == "fr" else 1]
limits = Limits(max_pixels=200_000_000, max_bytes=2**30)
start = time.perf_counter()
images = [open_image(p, limits=limits) for p in paths]
opened = time.perf_counter()
value = float(m(*images))
print(json.dumps({"metric": metric, "megapixels": images[0].width * images[0].height / 1e6, "value": value,
  "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024), "open_s": round(opened - start, 1),
  "score_s": round(time.perf_counter() - opened, 1)}))
"""


def pictures(folder: Path) -> list[str]:
    """Two 100-megapixel PNG files: a mosaic of the examples and a darker copy."""
    import numpy as np
    from PIL import Image

    photo = np.asarray(Image.open(Path(__file__).parents[1] / "examples/photos/macaws.jpg").convert("RGB"))
    repeats = (-(-SIDE // photo.shape[0]), -(-SIDE // photo.shape[1]), 1)
    big = np.tile(photo, repeats)[:SIDE, :SIDE]
    paths = [folder / "reference.png", folder / "distorted.png"]
    Image.fromarray(big).save(paths[1], compress_level=1)
    big = big - big // 16
    Image.fromarray(big).save(paths[0], compress_level=1)
    return [str(p) for p in paths]


def measure(metric: str, paths: list[str]) -> dict[str, object]:
    """Peak memory of one fresh process, after a first one has compiled the kernels."""
    for _ in range(2):
        out = subprocess.run([sys.executable, "-c", _CHILD, metric, *paths], check=True, capture_output=True)
    return json.loads(out.stdout)


def main(metrics: tuple[str, ...] = METRICS) -> list[dict[str, object]]:
    with tempfile.TemporaryDirectory() as folder:
        # In a process of its own: a child's peak can start at what its parent held.
        subprocess.run([sys.executable, __file__, "--make", folder], check=True)
        paths = [str(Path(folder) / n) for n in ("distorted.png", "reference.png")]
        return [measure(metric, paths) for metric in metrics]


if __name__ == "__main__":
    if sys.argv[1:2] == ["--make"]:
        pictures(Path(sys.argv[2]))
    else:
        for row in main(tuple(sys.argv[1:]) or METRICS):
            print(json.dumps(row), flush=True)
