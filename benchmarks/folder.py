"""Whole commands on a folder of photographs: `visq score` against pyiqa's command, in turns, wall and processor time.

python benchmarks/folder.py FOLDER --called "..." --environments .bench      into results/folder.json

Of pyiqa's no-reference metrics that need no download its cheapest, PIQE, is run: every other one has parameters that
its command fetches. visq runs its default metric, and PIQE too.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import machine  # noqa: E402
from others import Others, wait_until_quiet  # noqa: E402

INTO = HERE / "results" / "folder.json"
PEER = "import adapters, sys; kept = adapters.declare_missing_operators(); sys.argv = ['pyiqa', *sys.argv[1:]]; "
PEER += "from pyiqa.pyiqa_cmd import main; main()"


def commands(folder: Path, python: Path, into: Path) -> dict[str, list[str]]:
    """What is timed, by name."""
    ours = [sys.executable, "-m", "visq", "score", str(folder), "-q", "-o"]
    return {
        "visq score": [*ours, str(into / "default.csv")],
        "visq score -m piqe": [*ours, str(into / "piqe.csv"), "-m", "piqe"],
        "pyiqa piqe": [str(python), "-c", PEER, "piqe", "-t", str(folder)],
    }


def once(command: list[str], env: dict[str, str]) -> tuple[float, float]:
    """Wall and processor seconds of a process with its children."""
    before, start = os.times(), time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, **env}, cwd=HERE)
    wall, after = time.perf_counter() - start, os.times()
    return wall, after.children_user + after.children_system - before.children_user - before.children_system


def measured(folder: Path, python: Path, threads: int, repeats: int) -> dict[str, Any]:
    """Medians over the turns, and of each of visq's commands the ratio to pyiqa's turn by turn."""
    env = {name: str(threads) for name in ("OMP_NUM_THREADS", "VISQ_THREADS")}
    env["PYTHONPATH"] = str(HERE)
    runs: dict[str, list[tuple[float, float]]] = {}
    others = Others([])
    with tempfile.TemporaryDirectory() as made:
        for turn in range(repeats):
            into = Path(made) / str(turn)
            into.mkdir()
            for name, command in commands(folder, python, into).items():
                runs.setdefault(name, []).append(once(command, env))
                print(f"{name}: {runs[name][-1][0]:.1f} s", flush=True)
    peer = [wall for wall, _ in runs["pyiqa piqe"]]
    rows = [
        {
            "command": name,
            "wall_s": round(statistics.median(wall for wall, _ in values), 2),
            "cpu_s": round(statistics.median(cpu for _, cpu in values), 2),
            "times_as_fast": round(statistics.median(p / wall for p, (wall, _) in zip(peer, values, strict=True)), 2),
        }
        for name, values in runs.items()
    ]
    return {"threads": threads, "repeats": repeats, "other_cores": others.cores(), "rows": rows}


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--called", required=True, help="what the photographs are")
    parser.add_argument("--environments", type=Path, required=True)
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    folder, python = given.folder.resolve(), given.environments.resolve() / "pyiqa" / "bin" / "python"
    runs = []
    for threads in given.threads:
        wait_until_quiet(300.0)
        runs.append(measured(folder, python, threads, given.repeats))
    count = len(list(folder.iterdir()))
    found = {"photographs": given.called, "count": count, "machine": machine.facts(), "runs": runs}
    INTO.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
