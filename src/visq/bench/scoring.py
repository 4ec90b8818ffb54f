"""Scores of one database: a table that is gone on with, whatever ended the run before.

The table is an SQLite journal as `visq score -o scores.sqlite` makes it. Its rows hold paths relative to the database,
so that it may be moved; a file whose content has changed since is scored again.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from visq.bench.plan import Plan
from visq.errors import StoreError
from visq.media.source import printable
from visq.run.changes import hash_if_touched, written_since
from visq.run.pool import Pool
from visq.run.tasks import Reading, Task
from visq.store.destination import Destination
from visq.store.journal import Journal
from visq.store.names import escape
from visq.store.tables import replacing

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Work:
    """How scores are computed, and who hears of it."""

    jobs: int = 1
    timeout: float = 30.0
    retry_errors: bool = False
    reading: Reading = field(default_factory=Reading)
    on_tick: Callable[[], None] = lambda: None
    on_done: Callable[[], None] = lambda: None
    on_compile: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class Failure:
    """A picture that some metrics gave no score for."""

    image: str
    identities: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Scores:
    """What is known of the pictures of a plan.

    Attributes
    ----------
    values : dict of identity -> (n,)
        One number a picture; NaN where there is none.
    failures : tuple of Failure
    hashes : tuple of str
        SHA-256 of each picture's file; empty where it could not be read.
    references : dict of path -> str
        SHA-256 of each reference's file.
    altered : int
        Pictures that were read with a warning.
    """

    values: dict[str, NDArray[np.float64]]
    failures: tuple[Failure, ...]
    hashes: tuple[str, ...]
    references: dict[str, str]
    altered: int = 0


def score(plan: Plan, folder: str, work: Work | None = None) -> Scores:
    """Score what is not in the table `folder`/NAME.sqlite yet, and give all of it.

    Raises
    ------
    StoreError
        The table is in use, damaged or cannot be written.
    VisqError
        Workers cannot be started.
    KeyboardInterrupt
        After what was scored has been put away.
    """
    work = work or Work()
    table = _Table(plan, folder)
    destination = Destination(table.path)
    journal = destination.open(resume=True)
    try:
        since = table.begin(journal, destination.written)
        _fill(plan, table, journal, work, since)
        table.finish(journal)
        return _scores(plan, journal, table.references)
    except KeyboardInterrupt:
        with suppress(StoreError):
            journal.flush()
        raise
    finally:
        journal.close()


def _fill(plan: Plan, table: _Table, journal: Journal, work: Work, since: float) -> None:
    def tick() -> None:
        journal.tick()
        work.on_tick()

    pool = Pool(
        plan.requests, work.reading, jobs=work.jobs, timeout=work.timeout, on_tick=tick, on_compile=work.on_compile
    )

    def missing() -> Iterator[Task]:
        for number, task in enumerate(plan.tasks()):
            rest = table.rest(task, journal, since, work.retry_errors)
            if rest is not None:
                yield rest
                continue
            work.on_done()
            if number % 1000 == 0:
                work.on_tick()

    with closing(pool):
        for task, records in pool.run(missing()):
            image, reference = plan.names(task)
            own = [
                replace(r, image=image, reference=reference, error=r.error.removeprefix(f"{printable(r.image)}: "))
                for r in records
            ]
            positions = range(len(plan.requests)) if task.only is None else task.only
            journal.add(task.item, own, positions)
            work.on_done()
    journal.flush()


class _Table:
    """The journal of a database and, beside it, what its rows were made of: the folder and the references."""

    def __init__(self, plan: Plan, folder: str) -> None:
        self._plan = plan
        self.path = str(Path(folder) / f"{plan.name}.sqlite")
        self._notes = Path(folder) / f"{plan.name}.files.json"
        self._root = str(Path(plan.source.root).resolve())
        self._wanted = [one.identity for one in plan.requests]
        self.references = _reference_hashes(plan)
        self._former = self._read()

    def _read(self) -> dict[str, object]:
        try:
            found = json.loads(self._notes.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def begin(self, journal: Journal, written: float) -> float:
        """Files touched from this time on may not be those of the rows; all of them where the database was moved."""
        if not journal.count():
            self._former = {}
            self._note()  # a run that is interrupted before its end can be gone on with
        return written if self._former.get("root") == self._root else -math.inf

    def rest(self, task: Task, journal: Journal, since: float, retry: bool) -> Task | None:
        """The task with the metrics that have no row yet; None where all have."""
        image, reference = self._plan.names(task)
        stored = journal.stored(image, reference)
        wanted = range(len(self._wanted)) if task.only is None else task.only
        journal.keep([(s.row, s.item, i in self._wanted) for i, s in stored.items()], task.item)
        if not stored:
            return task
        stale = self._stale(task, reference, {i: s.sha256 for i, s in stored.items() if s.status == "ok"}, since)
        done = {i for i, s in stored.items() if i not in stale and (s.status == "ok" or not retry)}
        only = tuple(i for i in wanted if self._wanted[i] not in done)
        return replace(task, only=only) if only else None

    def _stale(self, task: Task, reference: str, hashes: dict[str, str], since: float) -> set[str]:
        if reference:
            known = self._former.get("references")
            former = known.get(reference) if isinstance(known, dict) else None
            changed = former != self.references[reference] if former else written_since(task.reference, since)
            if changed:
                return set(hashes)
        sha256 = hash_if_touched(task.image, since) if hashes else ""
        return {i for i, former in hashes.items() if sha256 and former != sha256}

    def finish(self, journal: Journal) -> None:
        """Every file has been looked at: from now on the rows are about these."""
        self._note()
        journal.finish()

    def _note(self) -> None:
        known = self._former.get("references")
        references = {**(known if isinstance(known, dict) else {}), **self.references}
        self._former = {"root": self._root, "references": references}
        with replacing(str(self._notes)) as file:
            file.write(json.dumps(self._former, indent=1).encode() + b"\n")


def _reference_hashes(plan: Plan) -> dict[str, str]:
    found: dict[str, str] = {}
    for i, sample in enumerate(plan.dataset.samples):
        _, path = plan.dataset.paths(i)
        if path is not None and sample.reference not in found:
            found[sample.reference] = _sha256(os.fspath(path))
    return found


def _sha256(path: str) -> str:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - a name that pathlib might alter
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:  # scoring will meet it and say so
        return ""


def _scores(plan: Plan, journal: Journal, references: dict[str, str]) -> Scores:
    import numpy as np

    samples = plan.dataset.samples
    places = {
        (escape(sample.image), escape(reference)): i
        for i, sample in enumerate(samples)
        for reference in {sample.reference, ""}
    }
    values = {one.identity: np.full(len(samples), np.nan) for one in plan.requests}
    hashes = [""] * len(samples)
    altered: set[int] = set()
    failed: dict[tuple[str, str], list[str]] = {}
    query = "SELECT image, reference, identity, value, error, sha256, warnings FROM current ORDER BY item, position"
    for image, reference, identity, value, error, sha256, warnings in journal.query(query):
        i = places.get((image, reference))
        if i is None or identity not in values:
            continue
        if value is not None:
            values[identity][i] = value
        hashes[i] = sha256 or hashes[i]
        if warnings != "[]":
            altered.add(i)
        if value is None:
            failed.setdefault((image, error), []).append(identity)
    failures = tuple(Failure(image, tuple(identities), error) for (image, error), identities in failed.items())
    return Scores(values, failures, tuple(hashes), references, len(altered))
