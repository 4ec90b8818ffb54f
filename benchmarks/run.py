"""Run every benchmark and write `results/<date>.json` and `../docs/benchmarks.md`.

python benchmarks/run.py                       everything
python benchmarks/run.py --only speed --sizes 1920x1080 --threads 1 --metrics ssim gmsd
python benchmarks/run.py --render FILE.json    the page again, from a result
"""

from __future__ import annotations

import argparse
import datetime
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import machine  # noqa: E402
import memory  # noqa: E402
import speed  # noqa: E402
import startup  # noqa: E402

PAGE = HERE.parent / "docs" / "benchmarks.md"


def speed_rows(metrics: list[str], sizes: list[str], threads: list[int], seconds: float) -> list[dict[str, Any]]:
    """One process a case, one after the other."""
    rows = []
    for size in sizes:
        for count in threads:
            for metric in metrics:
                command = [sys.executable, str(HERE / "speed.py"), metric, "--size", size]
                command += ["--threads", str(count), "--seconds", str(seconds)]
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
                if done.returncode:
                    reason = done.stderr.strip().splitlines()[-1:] or ["?"]
                    found.append({"metric": metric, "size": size, "threads": count, "error": reason[0][:200]})
                for row in found:
                    print(json.dumps(row), flush=True)
                rows += found
    return rows


def render(result: dict[str, Any]) -> str:
    """The page: every row, wins and losses."""
    facts = result["machine"]
    packages = ", ".join(f"{name} {version}" for name, version in facts["packages"].items())
    lines = [
        "# Benchmarks",
        "",
        f"Written by `benchmarks/run.py` on {result['date']} from the measurements in `benchmarks/results`.",
        f"{facts['processor']}, {facts['cores']} cores, {facts['memory_gib']} GiB, {facts['system']}, Python",
        f"{facts['python']}; {packages}.",
        "",
        "How it was measured: `benchmarks/README.md`. A ratio above 1 means visq is that many times faster; it is",
        "the median over paired turns in one process, quartiles in brackets. CPU milliseconds for one thread, wall",
        "milliseconds for more. The machine is shared: trust ratios, not absolute times; below 1.2 is a tie.",
        "",
    ]
    rows = [r for r in result.get("speed", []) if "ratio" in r]
    for size in speed.SIZES:
        for threads in sorted({r["threads"] for r in rows if r["size"] == size}):
            lines += [
                f"## {size}, {threads} thread{'s' if threads > 1 else ''}",
                "",
                "| metric | peer | visq ms | peer ms | ratio |",
                "|---|---|--:|--:|--:|",
            ]
            for r in rows:
                if r["size"] == size and r["threads"] == threads:
                    low, high = r["ratio_quartiles"]
                    ratio = f"**{r['ratio']:.2f}** ({low:.2f} .. {high:.2f})"
                    lines.append(f"| {r['metric']} | {r['peer']} | {r['visq_ms']:.2f} | {r['peer_ms']:.2f} | {ratio} |")
            lines.append("")
    failed = [r for r in result.get("speed", []) if "error" in r]
    if failed:
        lines += ["Cases that did not run:", ""]
        lines += [f"- {r['metric']} {r['size']}, {r['threads']} threads: {r['error']}" for r in failed] + [""]
    if result.get("startup"):
        lines += [
            "## Start-up, whole processes",
            "",
            "| command | wall s | CPU s | `import torch` takes this many times as long |",
            "|---|--:|--:|--:|",
        ]
        for r in result["startup"]:
            ratio = r.get("import_torch_over_this", "")
            lines.append(f"| `{r['command']}` | {r['wall_s']:.3f} | {r['cpu_s']:.3f} | {ratio} |")
        lines.append("")
    if result.get("memory"):
        lines += [
            "## Peak memory on 100 megapixels (10,000 x 10,000, 8-bit RGB PNG files)",
            "",
            "Resident peak of the whole process, decoded pixels included (0.3 GB a picture).",
            "",
            "| metric | peak MB | reading s | scoring s |",
            "|---|--:|--:|--:|",
        ]
        for r in result["memory"]:
            lines.append(f"| {r['metric']} | {r['peak_mb']} | {r['open_s']} | {r['score_s']} |")
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("speed", "startup", "memory"), action="append")
    parser.add_argument("--metrics", nargs="+", default=list(speed.METRICS))
    parser.add_argument("--sizes", nargs="+", default=list(speed.SIZES[:2]))
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--seconds", type=float, default=3.0, help="per peer")
    parser.add_argument("--render", type=Path)
    args = parser.parse_args()
    if args.render:
        PAGE.write_text(render(json.loads(args.render.read_text())))
        return
    parts = args.only or ["speed", "startup", "memory"]
    result: dict[str, Any] = {"date": datetime.date.today().isoformat(), "machine": machine.facts()}
    if "startup" in parts:
        result["startup"] = startup.main()
    if "memory" in parts:
        result["memory"] = memory.main()
    if "speed" in parts:
        result["speed"] = speed_rows(args.metrics, args.sizes, args.threads, args.seconds)
    path = HERE / "results" / f"{result['date']}.json"
    path.parent.mkdir(exist_ok=True)
    if path.exists():
        result = json.loads(path.read_text()) | result
    path.write_text(json.dumps(result, indent=1) + "\n")
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(render(result))


if __name__ == "__main__":
    main()
