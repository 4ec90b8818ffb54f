"""Measure everything, keep every row, write the page.

python benchmarks/run.py --environments .bench                  all that is missing, then docs/benchmarks.md
python benchmarks/run.py --environments .bench --quick          a trial of minutes, into .bench/quick.jsonl and .md
python benchmarks/run.py --environments .bench --only speed --sizes 512x384 --metrics ssim gmsd --redo
python benchmarks/run.py --render                               the page again, from the rows

A row that is in the file is not made again: a run can be ended at any time and continued.
"""

from __future__ import annotations

import argparse
import datetime
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import environments  # noqa: E402
import machine  # noqa: E402
import measure  # noqa: E402
import memory  # noqa: E402
import page  # noqa: E402
import startup  # noqa: E402
import visq  # noqa: E402
from cases import GROUPS, PEERS, Call, Group, of_peer  # noqa: E402
from others import wait_until_quiet  # noqa: E402
from pictures import SIZES  # noqa: E402
from results import Rows, noisy  # noqa: E402
from runnable import able  # noqa: E402
from turns import QUICK, Effort, Worker  # noqa: E402

ROWS = HERE / "results" / "rows.jsonl"
#: What `deep.py` writes.
NETWORKS = HERE / "results" / "deep.jsonl"
ALONE = HERE / "results" / "nr_speed.jsonl"
FOLDER = HERE / "results" / "folder.json"
PAGE = HERE.parent / "docs" / "benchmarks.md"
#: What is worth most comes first, so that a run that is ended early has it.
STEPS: tuple[tuple[str, str, int], ...] = (
    ("speed", SIZES[0], 1),
    ("speed", SIZES[1], 1),
    ("memory", SIZES[0], 1),
    ("memory", SIZES[1], 1),
    ("startup", "", 1),
    ("megapixels", "", 1),
    ("speed", SIZES[0], 2),
    ("speed", SIZES[1], 2),
    ("speed", SIZES[2], 1),
    ("memory", SIZES[2], 1),
    ("speed", SIZES[2], 2),
)


class Run:
    """One run over the steps, with what was asked for."""

    def __init__(self, args: argparse.Namespace, rows: Rows) -> None:
        self.args, self.rows = args, rows
        self.effort = QUICK if args.quick else Effort(seconds=args.seconds)
        self.folder = args.environments / "pictures"
        self.commit = machine.commit()
        self.known = set(visq.catalog.ids())

    def wanted(self, group: Group, row: measure.Row) -> bool:
        """Whether a row is asked for and still to be made."""
        if group.metric not in self.known or (self.args.metrics and group.metric not in self.args.metrics):
            return False
        found = self.rows.get(row)
        if found is None or self.args.redo:
            return True
        return (self.args.redo_noisy and noisy(found)) or (self.args.redo_errors and "error" in found)

    def keep(self, row: measure.Row) -> None:
        row |= {"commit": self.commit, "at": datetime.datetime.now().isoformat(timespec="seconds")}
        self.rows.add(row)
        print(json.dumps(row), flush=True)

    def worker(self, library: str, threads: int = 1) -> Worker:
        python = Path(sys.executable)
        if library != "visq":
            python = environments.interpreter(self.args.environments, library).absolute()
        return Worker(python, library, threads, self.args.gib)

    def speed(self, size: str, threads: int) -> None:
        """One session a peer: both processes stay for all its rows."""
        for peer in self.args.peers:
            todo = [
                (group, call)
                for group, call in of_peer(peer)
                if self.wanted(group, measure.identity("speed", group, call, size, threads))
            ]
            if not todo:
                continue
            if not environments.ready(self.args.environments, peer):
                print(f"{peer}: no environment; python benchmarks/environments.py makes it", file=sys.stderr)
                continue
            if threads > 1 and not (self.args.busy or wait_until_quiet(self.args.patience)):
                print(f"{peer} {size}: left out, wall times need a quiet machine (--patience, --busy)", file=sys.stderr)
                continue
            with self.worker("visq", threads) as ours, self.worker(peer, threads) as theirs:
                for group, call in todo:
                    self.keep(self._speed(group, call, size, threads, (ours, theirs)))

    def _speed(self, group: Group, call: Call, size: str, threads: int, workers: tuple[Worker, Worker]) -> measure.Row:
        for before in SIZES[: SIZES.index(size)][::-1]:
            smaller = self.rows.get(measure.identity("speed", group, call, before, threads))
            if measure.too_slow(smaller, size, threads, self.effort):
                return measure.given_up(group, call, size, threads, workers[0], self.folder, self.effort)
        row = measure.speed(group, call, size, threads, workers, self.folder, self.effort)
        if noisy(row) and not self.args.busy and wait_until_quiet(self.args.patience):
            row = measure.speed(group, call, size, threads, workers, self.folder, self.effort)
        return row

    def memory(self, size: str) -> None:
        """visq on every metric, and every peer."""
        for library in ("visq", *PEERS):
            if library not in self.args.peers:
                continue
            cases = own_memory() if library == "visq" else of_peer(library)
            todo = [
                (group, call)
                for group, call in cases
                if self.wanted(group, measure.identity("memory", group, call, size, 1))
            ]
            if not todo or not (library == "visq" or environments.ready(self.args.environments, library)):
                continue
            with self.worker(library) as worker:
                for group, call in todo:
                    slow = self.rows.get(measure.identity("speed", group, call, size, 1)) or {}
                    if "over_s" in slow:
                        continue
                    self.keep(measure.memory(group, call, size, worker, self.folder, 4 * self.effort.cap))

    def startup(self) -> None:
        if self.args.redo or not self.rows.of("startup"):
            for row in startup.main(3 if self.args.quick else 9):
                self.keep({"kind": "startup", **row})

    def megapixels(self) -> None:
        if self.args.redo or not self.rows.of("megapixels"):
            for row in memory.main(("ssim", "gmsd") if self.args.quick else memory.METRICS):
                self.keep({"kind": "megapixels", **row})

    def steps(self) -> None:
        """Everything asked for, in order; says what it is at and how long it took."""
        facts = {"kind": "machine", "date": datetime.date.today().isoformat(), **machine.facts()}
        self.rows.add(facts)
        for kind, size, threads in STEPS:
            skipped = kind in ("speed", "memory") and (size not in self.args.sizes or threads not in self.args.threads)
            if skipped or kind not in self.args.only:
                continue
            begun = time.perf_counter()
            if kind == "speed":
                self.speed(size, threads)
            elif kind == "memory":
                self.memory(size)
            else:
                getattr(self, kind)()
            print(f"{kind} {size} {threads}: {time.perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)


def own_memory() -> Iterator[tuple[Group, Call]]:
    """visq's calls: the forms that are timed, and every metric on RGB pictures that can be computed here."""
    groups = {(group.label, group.pixels): group for group in GROUPS}
    for group in GROUPS:
        groups.setdefault((group.label, "rgb"), replace(group, pixels="rgb"))
    for spec in map(visq.catalog.get, able(visq.catalog.ids())):
        groups.setdefault((spec.id, "rgb"), Group(spec.id, "rgb", (), alone=spec.kind == "nr"))
    return ((group, group.ours) for group in groups.values())


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = list(dict.fromkeys(kind for kind, _, _ in STEPS))
    parser.add_argument("--environments", type=Path, default=Path(".bench"), help="where environments.py made them")
    parser.add_argument("--into", type=Path, default=ROWS, help="file of the rows; the page lies beside it")
    parser.add_argument("--only", nargs="+", choices=kinds, default=kinds)
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--threads", nargs="+", type=int, choices=(1, 2), default=[1, 2])
    parser.add_argument(
        "--peers", nargs="+", choices=(*PEERS, "visq"), default=[*PEERS, "visq"], help="visq is only for its own memory"
    )
    parser.add_argument("--metrics", nargs="+", help="catalogue ids; all without")
    parser.add_argument("--seconds", type=float, default=2.0, help="of paired turns for a row")
    parser.add_argument("--gib", type=float, default=14.0, help="data a process may hold; 0 for no limit")
    parser.add_argument("--patience", type=float, default=60.0, help="seconds to wait for a quiet machine")
    parser.add_argument("--busy", action="store_true", help="two threads even on a busy machine; marked, not counted")
    parser.add_argument("--redo", action="store_true", help="make rows that are in the file again")
    parser.add_argument("--redo-noisy", action="store_true", help="those of two threads on a busy machine")
    parser.add_argument("--redo-errors", action="store_true", help="those that did not run")
    parser.add_argument("--quick", action="store_true", help="try it: short, the smallest size, into files of its own")
    parser.add_argument("--render", action="store_true", help="only write the page")
    args = parser.parse_args()
    if args.quick:
        args.busy = True
        args.into = args.environments / "quick.jsonl" if args.into == ROWS else args.into
        args.sizes = list(SIZES[:1]) if args.sizes == list(SIZES) else args.sizes
    return args


def main() -> None:
    args = arguments()
    rows = Rows(args.into)
    target = PAGE if args.into == ROWS else args.into.with_suffix(".md")
    try:
        if not args.render:
            Run(args, rows).steps()
    except KeyboardInterrupt:
        print("ended; the rows are kept", file=sys.stderr)
    finally:
        # A page without rows would only overwrite one with them.
        if rows.of("speed") or rows.of("memory"):
            write(target, rows)


def write(target: Path, rows: Rows) -> None:
    """The page."""
    target.parent.mkdir(parents=True, exist_ok=True)
    # The page of the project tells of networks and commands too; a trial's page of what the trial measured.
    if target != PAGE:
        target.write_text(page.render(rows))
        return
    folder = json.loads(FOLDER.read_text(encoding="utf-8")) if FOLDER.is_file() else None
    target.write_text(page.render(rows, Rows(NETWORKS), Rows(ALONE), folder))


if __name__ == "__main__":
    main()
