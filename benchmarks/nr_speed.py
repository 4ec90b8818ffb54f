"""Speed of visq-nr against pyiqa's no-reference metrics on ResNet-50, in paired turns; theirs with random parameters.

python benchmarks/nr_speed.py --environments .bench             all that is missing, into results/nr_speed.jsonl
python benchmarks/nr_speed.py --environments .bench --peers topiq_nr --sizes 512x384 --threads 1 --redo
python benchmarks/nr_speed.py --model other.onnx --into other.jsonl

Both begin with pixels in memory: visq with bytes, pyiqa with the tensor that it is quickest with. TReS and HyperIQA
look at 50 and 25 squares of 224 pixels, whatever the size of the picture; the others at all of it. visq-nr looks at
both sides of the picture of 1920x1080, whose light is in the middle, as of one picture in seven; lit from the left at
one.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import environments  # noqa: E402
import machine  # noqa: E402
import measure  # noqa: E402
from others import Others, wait_until_quiet  # noqa: E402
from results import Rows  # noqa: E402
from turns import Effort, LateError, Worker, WorkerError, paired  # noqa: E402

ROWS = HERE / "results" / "nr_speed.jsonl"
SIZES = ("512x384", "1920x1080")
#: Of most pictures visq-nr looks at one side, of those whose light is in the middle at both.
LIT = ", lit from the left"
PEERS = ("topiq_nr", "hyperiqa", "tres", "arniqa", "clipiqa")


def ours(model: str) -> dict[str, str]:
    """visq's call, from bytes."""
    setup = "from functools import partial\nfrom visq.systems.visq_nr import visq_nr"
    return {"form": "u8", "setup": f"{setup}\nf = partial(visq_nr, model={model or None!r})", "call": "f(x)"}


def theirs(peer: str) -> dict[str, str]:
    """The peer's call, from a tensor that is there already."""
    return {"form": "t32", "setup": f"import nr_peers\nf = nr_peers.net({peer!r})", "call": "f(x)"}


def one(peer: str, size: str, threads: int, args: argparse.Namespace) -> dict[str, Any]:
    """One row: both processes, a fresh pair each time."""
    row = {"kind": "nr_speed", "metric": "visq_nr", "peer": peer, "call": "f(x)", "form": "t32", "size": size}
    row |= {"threads": threads}
    if not args.redo and args.rows.get(row) is not None:
        return {}
    files = {"x": picture(args.folder, size)}
    effort = Effort(seconds=args.seconds, least=3, most=21)
    python = args.python or environments.interpreter(args.environments, "pyiqa").absolute()
    with Worker(Path(sys.executable), "visq", threads, 0.0) as first, Worker(python, "pyiqa", threads, 0.0) as second:
        try:
            first.ask("open", 300, files=files, **ours(args.model))
            second.ask("open", 300, files=files, **theirs(peer))
            others = Others([first.pid, second.pid])
            row |= paired(first, second, threads, effort)
            row |= {"other_load": others.cores(), "load_average": round(os.getloadavg()[0], 2)}
            row |= {"visq_per_s": round(1e3 / row["visq_ms"], 2), "peer_per_s": round(1e3 / row["peer_ms"], 3)}
        except (LateError, WorkerError) as error:
            row |= {"error": str(error)}
    row |= {"random_weights": args.random, "commit": machine.commit()}
    return row | {"at": datetime.datetime.now().isoformat(timespec="seconds")}


def picture(folder: Path, size: str) -> str:
    """Where the pixels of a size lie; of one that is lit they fade to the right by a tenth."""
    plain = measure.files(folder, size.removesuffix(LIT))["rgb"]["x"]
    if not size.endswith(LIT):
        return plain
    pixels = np.load(plain)
    pixels = (pixels * np.linspace(1.0, 0.9, pixels.shape[1])[:, None]).astype(np.uint8)
    lit = Path(plain).with_stem(Path(plain).stem + "-lit")
    np.save(lit, pixels)
    return str(lit)


def made_up(folder: str) -> str:
    """A file of the default design with random parameters."""
    from visq.systems.visq_nr.design import Design
    from visq.systems.visq_nr.export import write
    from visq.systems.visq_nr.network import Network

    path = Path(folder) / "visq_nr.onnx"
    write(Network(Design(), weights="random"), path)
    return str(path)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--environments", type=Path, default=Path(".bench"), help="where environments.py made them")
    parser.add_argument("--python", type=Path, help="the Python of an environment with pyiqa elsewhere")
    parser.add_argument("--into", type=Path, default=ROWS)
    parser.add_argument("--model", default="", help="a file of visq-nr; without: the one that ships")
    parser.add_argument("--random", action="store_true", help="visq-nr with random parameters too")
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS))
    parser.add_argument(
        "--sizes", nargs="+", choices=(*SIZES, *(s + LIT for s in SIZES)), default=[*SIZES, SIZES[-1] + LIT]
    )
    parser.add_argument("--threads", nargs="+", type=int, choices=(1, 2), default=[1, 2])
    parser.add_argument("--seconds", type=float, default=20.0, help="of paired turns for a row")
    parser.add_argument("--patience", type=float, default=60.0, help="seconds to wait for a quiet machine")
    parser.add_argument("--busy", action="store_true", help="two threads even on a busy machine")
    parser.add_argument("--redo", action="store_true", help="make rows that are in the file again")
    args = parser.parse_args()
    args.rows, args.folder = Rows(args.into), args.environments / "pictures"
    return args


def main() -> None:
    args = arguments()
    with tempfile.TemporaryDirectory(prefix="visq-nr-speed-") as folder:
        if args.random:
            args.model = made_up(folder)
        args.rows.add({"kind": "machine", "date": datetime.date.today().isoformat(), **machine.facts()})
        for threads in args.threads:
            for size in args.sizes:
                for peer in args.peers:
                    if threads > 1 and not (args.busy or wait_until_quiet(args.patience)):
                        print(f"{peer} {size}: left out, wall times need a quiet machine", file=sys.stderr)
                        continue
                    row = one(peer, size, threads, args)
                    if row:
                        args.rows.add(row)
                        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
