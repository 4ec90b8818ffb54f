"""One run from inputs to exit code: what `visq score` and `visq compare` share."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace

from visq.cli import exits, gates
from visq.cli.interrupts import Interruptible
from visq.cli.messages import as_options, counted, say
from visq.cli.progress import Progress
from visq.errors import InputError, StoreError, VisqError
from visq.media.source import printable
from visq.run.changes import hash_if_touched, written_since
from visq.run.plan import Finder
from visq.run.pool import Pool
from visq.run.tasks import Reading, Request, Task, failed, wanted_by
from visq.store.destination import Destination
from visq.store.journal import Journal, Stored
from visq.types import ScoreRecord


@dataclass(frozen=True)
class Input:
    """One image to score. `problem` says why it cannot be: it then gets error rows at once."""

    image: str
    reference: str = ""
    map_stem: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Settings:
    """What the options of the command line come to."""

    requests: tuple[Request, ...]
    reading: Reading
    destination: Destination
    gates: tuple[gates.Gate, ...] = ()
    resume: bool = False
    overwrite: bool = False
    retry_errors: bool = False
    jobs: int | None = None
    timeout: float = 30.0
    as_json: bool = False
    quiet: bool = False


@dataclass
class Session:
    """A run in progress.

    Parameters
    ----------
    settings : Settings
    count : callable, optional
        Counts the inputs, for the progress bar.
    notes : callable
        Gives what to say at the end on standard error (files passed over, for instance).
    alone : callable
        Gives a line for each input without a partner, once all inputs have been taken. Any makes the exit code 1,
        unless `allow_alone`.
    looked_at : sequence of str
        What the user named, for the message that it holds no images.
    changed : int
        Inputs scored again because a file is not the one that the table holds scores of.
    """

    settings: Settings
    count: Callable[[], int] | None = None
    notes: Callable[[], list[str]] = list
    alone: Callable[[], list[str]] = list
    allow_alone: bool = False
    looked_at: Sequence[str] = ()
    changed: int = 0
    _scored: int = 0
    _seen: set[bytes] = field(default_factory=set)
    _inputs: int = 0

    def run(self, inputs: Iterable[Input | None]) -> int:
        """Score everything, write the table, print what there is to print; returns the exit code.

        Raises
        ------
        StoreError
            The table cannot be used.
        VisqError
            No images, or workers cannot be started. Once something has been scored, either is a line on standard error
            and code 1.
        """
        from visq.cli.report import report

        settings = self.settings
        journal = settings.destination.open(resume=settings.resume, overwrite=settings.overwrite)
        with Interruptible() as interruptible:
            try:
                self._check_marks(journal)
                self._score(inputs, journal)
                settings.destination.write(journal)
                code = report(self, journal)
                settings.destination.close(journal)
                return code
            except KeyboardInterrupt:
                self._say_interrupted(journal)
                return interruptible.exit_code
            except VisqError as error:
                self._put_away(journal)
                if not (self._scored or (self._inputs and isinstance(error, StoreError))):
                    raise
                say(str(error))
                return exits.SOME_FAILED
            finally:
                journal.close()

    def _score(self, inputs: Iterable[Input | None], journal: Journal) -> None:
        settings = self.settings
        every = range(len(settings.requests))
        with Progress(not settings.quiet, self.count) as progress:

            def tick() -> None:
                journal.tick()
                progress.tick()

            pool = Pool(
                settings.requests, settings.reading, jobs=settings.jobs, timeout=settings.timeout, on_tick=tick,
                on_compile=progress.compiling,
            )  # fmt: skip
            with closing(pool):
                if not settings.resume:  # where there is nothing left to do, no worker is needed
                    pool.start()
                for task, records in pool.run(self._tasks(inputs, journal, progress)):
                    journal.add(task.item, [_in_our_words(r) for r in records], task.only or every)
                    self._scored += 1
                    progress.advance()
        journal.flush()
        if not self._inputs:
            raise InputError(f"no images found in {_listing(self.looked_at)}", hint=" ".join(self.notes()))

    def _tasks(self, inputs: Iterable[Input | None], journal: Journal, progress: Progress) -> Iterator[Task | None]:
        """Tasks for what is not in the table yet."""
        passed = 0
        for one in inputs:
            if one is None:
                yield None
                continue
            if self._repeated(one):
                continue
            item = self._inputs
            self._inputs += 1
            only = self._missing(one, item, journal)
            task = Task(item, one.image, one.reference, only, one.map_stem)
            if only == ():
                progress.advance()
                passed += 1
                if passed % 1000 == 0:
                    progress.tick()
            elif one.problem:
                records = [failed(task, r, one.problem) for r in wanted_by(task, self.settings.requests)]
                journal.add(item, records, only or range(len(records)))
                progress.advance()
            else:
                yield task

    def _repeated(self, one: Input) -> bool:
        # A digest, not the name: a million names must not all be held.
        name = f"{one.image}\0{one.reference}".encode(errors="surrogateescape")
        digest = hashlib.blake2b(name, digest_size=12).digest()
        if digest in self._seen:
            return True
        self._seen.add(digest)
        return False

    def _missing(self, one: Input, item: int, journal: Journal) -> tuple[int, ...] | None:
        """Indices of the metrics to compute: None for all, () for none."""
        stored = journal.stored(one.image, one.reference) if self.settings.resume else {}
        if not stored:
            return None
        wanted = [r.identity for r in self.settings.requests]
        journal.keep([(s.row, s.item, identity in wanted) for identity, s in stored.items()], item)
        stale = self._stale(one, stored)
        self.changed += not stale.isdisjoint(wanted)
        retry = self.settings.retry_errors
        done = {i for i, s in stored.items() if i not in stale and (s.status == "ok" or not retry)}
        missing = tuple(i for i, identity in enumerate(wanted) if identity not in done)
        return None if len(missing) == len(wanted) else missing

    def _stale(self, one: Input, stored: dict[str, Stored]) -> set[str]:
        """Identities of the scores of an input that belong to an earlier content of its files."""
        since = self.settings.destination.written
        hashes = {identity: s.sha256 for identity, s in stored.items() if s.status == "ok"}
        if one.reference and written_since(one.reference, since):
            return set(hashes)
        mixed = len(set(hashes.values())) > 1
        sha256 = hash_if_touched(one.image, -math.inf if mixed else since) if hashes else ""
        return {identity for identity, former in hashes.items() if sha256 and former != sha256}

    def _check_marks(self, journal: Journal) -> None:
        """Scores of truncated files, taken by permission, do not mix with a run that does not give it."""
        if self.settings.reading.allow_truncated or not self.settings.resume:
            return
        if journal.holds_warning("truncated"):
            raise StoreError(
                f"{self.settings.destination.path} holds scores of truncated files",
                hint="Resume it with --allow-truncated, or write to another table.",
            )

    def _put_away(self, journal: Journal) -> int:
        """Commit what is pending, if that is still possible; returns the rows that are safe."""
        with suppress(StoreError):
            journal.flush()
        with suppress(StoreError):
            return journal.count()
        return 0

    def _say_interrupted(self, journal: Journal) -> None:
        rows = self._put_away(journal)
        path = self.settings.destination.path
        if path:
            instead = " instead of --overwrite" if self.settings.overwrite else ""
            text = f"interrupted: {rows} rows are safe; run the same command with --resume{instead} to go on"
        else:
            text = "interrupted: nothing is kept without -o"
        say(text)


def passed_over(finder: Finder) -> list[str]:
    """The note on files of folders that were not taken."""
    if not finder.skipped:
        return []
    files = counted(finder.skipped, "file in folders has", "files in folders have")
    are, them = ("is", "it") if finder.skipped == 1 else ("are", "them")
    return [f"{files} no picture's extension or {are} hidden; --all-files takes {them} too"]


def _in_our_words(record: ScoreRecord) -> ScoreRecord:
    """An error as the command line says it: its own options in the hint, and the file's name once, in the row."""
    if record.status == "ok":
        return record
    error = record.error.removeprefix(f"{printable(record.image)}: ")
    return replace(record, error=as_options(error))


def _listing(names: Sequence[str]) -> str:
    shown = ["standard input" if name == "-" else printable(name) for name in names[:3]]
    more = [f"{len(names) - 3} more"] if len(names) > 3 else []
    return ", ".join(shown + more)
