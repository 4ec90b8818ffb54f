"""Speed of the metrics that rest on networks, against lpips and piq with the same parameters, in paired turns.

python benchmarks/deep.py --environments .bench               all that is missing, into results/deep.jsonl
python benchmarks/deep.py --environments .bench --metrics lpips --sizes 256x256 --threads 1 --redo
python benchmarks/deep.py --pythons lpips=/elsewhere/bin/python piq=/elsewhere/bin/python

`VISQ_WEIGHTS` names the folder of the parameters. Every call has pictures that visq has not seen: what it remembers of
references is cleared before each. With `shared`, all pictures of the batch have one reference, whose features visq
computes once and its peers once a picture.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import environments  # noqa: E402
import machine  # noqa: E402
import measure  # noqa: E402
from others import Others, wait_until_quiet  # noqa: E402
from results import Rows  # noqa: E402
from turns import Effort, LateError, Worker, WorkerError, paired  # noqa: E402

ROWS = HERE / "results" / "deep.jsonl"
SIZES = ("256x256", "512x384")


@dataclass(frozen=True)
class Case:
    """One metric, and how a peer computes it: `deep` is `deep_peers`, `x` and `y` are tensors in 0..1."""

    metric: str
    peer: str
    setup: str
    call: str = "f(x, y)"
    options: str = ""


CASES = (
    Case("lpips", "lpips", "f = deep.lpips('alex')", "f(2 * x - 1, 2 * y - 1)"),
    Case("lpips_vgg", "lpips", "f = deep.lpips('vgg')", "f(2 * x - 1, 2 * y - 1)"),
    Case("lpips_vgg", "piq", "f = deep.piq('LPIPS')"),
    Case("dists", "piq", "f = deep.piq('DISTS')", options="resize='piq'"),
    Case("content", "piq", "f = deep.piq('ContentLoss')"),
    Case("style", "piq", "f = deep.piq('StyleLoss')"),
)
# Of one pair as many as are wanted, none like another, for arrays and for tensors.
_OURS = "x, y = (np.stack([np.roll(p, 7 * i, 1) for i in range({n})]) for p in (x, y))"
_THEIRS = "x, y = (torch.cat([p.roll(7 * i, 3) for i in range({n})]) for p in (x, y))"
_OURS_SHARED, _THEIRS_SHARED = "; y = np.stack([y[0]] * {n})", "; y = torch.cat([y[:1]] * {n})"


def ours(case: Case, batch: int, shared: bool) -> dict[str, str]:
    """visq's call, from bytes."""
    pictures = (_OURS + _OURS_SHARED * shared).format(n=batch)
    setup = f"import numpy as np\nfrom visq.systems import references\n{pictures}\nf = bound({case.metric!r})"
    options = f", {case.options}" if case.options else ""
    return {"form": "u8", "setup": setup, "call": f"(references.clear(), f(x, y{options})).__getitem__(1)"}


def theirs(case: Case, batch: int, shared: bool) -> dict[str, str]:
    """The peer's call, from tensors that are there already."""
    pictures = (_THEIRS + _THEIRS_SHARED * shared).format(n=batch)
    return {"form": "t32", "setup": f"import deep_peers as deep, torch\n{pictures}\n{case.setup}", "call": case.call}


def rows(args: argparse.Namespace) -> Iterator[tuple[Case, str, int, bool, int]]:
    """What is asked for: case, size, batch, whether it shares a reference, threads."""
    for threads in args.threads:
        for case in CASES:
            for size in args.sizes:
                for batch, shared in ((1, False), (8, False), (8, True)):
                    wanted = not args.metrics or case.metric in args.metrics
                    if wanted and batch in args.batches and case.peer in args.peers:
                        yield case, size, batch, shared, threads


def one(case: Case, size: str, batch: int, shared: bool, threads: int, args: argparse.Namespace) -> dict[str, Any]:
    """One row: both processes, a fresh pair each time."""
    row = {"kind": "deep", "metric": case.metric, "peer": case.peer, "call": case.call, "form": "t32"}
    row |= {"size": size, "threads": threads, "command": f"batch={batch},shared={shared}", "batch": batch}
    row |= {"shared": shared}
    if not args.redo and args.rows.get(row) is not None:
        return {}
    files = measure.files(args.folder, size)["rgb"]
    effort = Effort(seconds=args.seconds, least=5, most=41)
    with Worker(Path(sys.executable), "visq", threads, 0.0) as first, _peer(case, threads, args) as second:
        try:
            first.ask("open", 300, files=files, **ours(case, batch, shared))
            second.ask("open", 300, files=files, **theirs(case, batch, shared))
            others = Others([first.pid, second.pid])
            row |= paired(first, second, threads, effort)
            row |= {"other_load": others.cores(), "load_average": round(os.getloadavg()[0], 2)}
            row |= {"visq_value": first.ask("value", 60)["value"], "peer_value": second.ask("value", 60)["value"]}
        except (LateError, WorkerError) as error:
            row |= {"error": str(error)}
    return row | {"commit": machine.commit(), "at": datetime.datetime.now().isoformat(timespec="seconds")}


def _peer(case: Case, threads: int, args: argparse.Namespace) -> Worker:
    given = dict(text.split("=", 1) for text in args.pythons)
    python = Path(given.get(case.peer) or environments.interpreter(args.environments, case.peer).absolute())
    return Worker(python, case.peer, threads, 0.0)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--environments", type=Path, default=Path(".bench"), help="where environments.py made them")
    parser.add_argument("--pythons", nargs="*", default=[], help="PEER=PYTHON of an environment elsewhere")
    parser.add_argument("--into", type=Path, default=ROWS)
    parser.add_argument("--metrics", nargs="+", choices=sorted({case.metric for case in CASES}))
    parser.add_argument("--peers", nargs="+", choices=("lpips", "piq"), default=["lpips", "piq"])
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--batches", nargs="+", type=int, choices=(1, 8), default=[1, 8])
    parser.add_argument("--threads", nargs="+", type=int, choices=(1, 2), default=[1, 2])
    parser.add_argument("--seconds", type=float, default=12.0, help="of paired turns for a row")
    parser.add_argument("--patience", type=float, default=60.0, help="seconds to wait for a quiet machine")
    parser.add_argument("--busy", action="store_true", help="two threads even on a busy machine")
    parser.add_argument("--redo", action="store_true", help="make rows that are in the file again")
    args = parser.parse_args()
    args.rows, args.folder = Rows(args.into), args.environments / "pictures"
    if "VISQ_WEIGHTS" not in os.environ:
        parser.error("VISQ_WEIGHTS has to name the folder of the parameters")
    return args


def main() -> None:
    args = arguments()
    args.rows.add({"kind": "machine", "date": datetime.date.today().isoformat(), **machine.facts()})
    for case, size, batch, shared, threads in rows(args):
        if threads > 1 and not (args.busy or wait_until_quiet(args.patience)):
            print(f"{case.metric} {size}: left out, wall times need a quiet machine", file=sys.stderr)
            continue
        row = one(case, size, batch, shared, threads, args)
        if row:
            args.rows.add(row)
            print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
