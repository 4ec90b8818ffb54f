"""Start-up: `visq --help` and a cold `visq score one.jpg` against `python -c "import torch"`, whole processes.

"Cold" is a fresh process with compiled kernels in their cache on disk; the very first run after an install, which
compiles them, is measured apart with an empty cache.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PHOTO = Path(__file__).parents[1] / "examples" / "photos" / "macaws.jpg"


def once(command: list[str], env: dict[str, str] | None = None) -> dict[str, float]:
    """Wall and CPU seconds of one process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, **(env or {})})
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {"wall_s": wall, "cpu_s": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime}


def main(repeats: int = 9) -> list[dict[str, object]]:
    visq = [sys.executable, "-m", "visq"]
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "visq --help": [*visq, "--help"],
        "visq list": [*visq, "list"],
        "visq score one.jpg": [*visq, "score", str(PHOTO)],
        "visq score one.jpg -m niqe": [*visq, "score", "-m", "niqe", str(PHOTO)],
        "visq compare a.jpg a.jpg -m ssim": [*visq, "compare", "-m", "ssim", str(PHOTO), str(PHOTO)],
        'python -c "import torch"': [sys.executable, "-c", "import torch"],
    }
    for command in commands.values():
        once(command)
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in commands}
    for _ in range(repeats):
        for name, command in commands.items():
            runs[name].append(once(command))
    rows: list[dict[str, object]] = []
    torch = runs['python -c "import torch"']
    for name, values in runs.items():
        ratio = statistics.median(t["wall_s"] / v["wall_s"] for t, v in zip(torch, values, strict=True))
        rows.append(
            {
                "command": name,
                "wall_s": round(statistics.median(v["wall_s"] for v in values), 3),
                "cpu_s": round(statistics.median(v["cpu_s"] for v in values), 3),
                "import_torch_over_this": round(ratio, 2),
                "runs": repeats,
            }
        )
    with tempfile.TemporaryDirectory() as cache:
        first = once(commands["visq score one.jpg"], {"NUMBA_CACHE_DIR": cache})
    rows.append(
        {"command": "visq score one.jpg, first run ever (compiles)", "wall_s": round(first["wall_s"], 3),
         "cpu_s": round(first["cpu_s"], 3), "runs": 1}
    )  # fmt: skip
    return rows


if __name__ == "__main__":
    print(json.dumps(main(), indent=1))
