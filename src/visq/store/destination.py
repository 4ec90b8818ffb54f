"""Where a run's table goes: what `-o` names, its journal, and the rules for a table that exists already."""

# Names stay the text that was given: pathlib would rewrite "./a", and is slow for a million of them.
# ruff: noqa: PTH110, PTH112, PTH118, PTH122, PTH204

from __future__ import annotations

import math
import os
import time
from importlib.util import find_spec

from visq.errors import MissingExtraError, OptionError, StoreError
from visq.store.journal import Journal

_SAFE = "The scores are safe in the journal. Make room, then run the same command again with --resume."
SQLITE = (".sqlite", ".sqlite3", ".db")
SUFFIXES = (".csv", ".jsonl", ".parquet", *SQLITE)


class Destination:
    """The table of a run.

    A `.sqlite` table is the journal itself: its rows lie in the order they were done (`ORDER BY item, position` gives
    that of the inputs), and `--overwrite` empties it at once. For the other formats the journal is `TABLE.journal`
    beside the table: removed once the table is written, made again from it when the run is resumed later.

    Parameters
    ----------
    path : str
        What `-o` names. Empty: no table is kept.

    Attributes
    ----------
    written : float
        When the rows that were there already were last written (seconds of `time.time`), or the run began that did not
        come to its end: a file that changed later may not be the one they are about.

    Raises
    ------
    OptionError
        An extension that is none of `SUFFIXES`.
    MissingExtraError
        Parquet without the `tables` extra.
    """

    def __init__(self, path: str = "") -> None:
        self.path = path
        self.written = time.time()
        self.suffix = os.path.splitext(path)[1].lower()
        if not path:
            return
        if self.suffix not in SUFFIXES:
            raise OptionError(
                f"-o {path}: unknown kind of table", expected="a name ending in " + ", ".join(SUFFIXES[:4])
            )
        if self.suffix == ".parquet" and find_spec("polars") is None:
            raise MissingExtraError(f"-o {path}: Parquet tables need polars", hint='Run: pip install "visq[tables]"')

    @property
    def journal_path(self) -> str:
        """Where rows go while the run lasts."""
        if not self.path or self.suffix in SQLITE:
            return self.path
        return f"{self.path}.journal"

    def open(self, *, resume: bool = False, overwrite: bool = False) -> Journal:
        """The journal, locked for this run, with the rows that are there already where the run is resumed.

        Raises
        ------
        StoreError
            The table exists and neither was asked for; it is in use; it cannot be written; it is not a table of visq.
        """
        if not self.path:
            return Journal()
        if os.path.isdir(self.path):
            raise StoreError(f"{self.path} is a folder", hint="Name a file: " + os.path.join(self.path, "scores.csv"))
        self._exists(resume or overwrite)
        # Opening an SQLite database may write to it, where a run was killed in the middle of a commit.
        times = _modified(self.journal_path), _modified(self.path)
        journal = Journal(self.journal_path)
        try:
            # Once more, now that no other run can write it: one may just have ended.
            exists = self._exists(resume or overwrite)
            self._prepare(journal, exists, resume, overwrite, times)
        except BaseException:
            journal.close()
            raise
        return journal

    def _exists(self, allowed: bool) -> bool:
        """Whether there is a finished table."""
        exists = os.path.exists(self.path) and self.suffix not in SQLITE
        if exists and not allowed:
            raise StoreError(
                f"{self.path} exists already", hint="--resume adds what is missing, --overwrite replaces it."
            )
        return exists

    def _prepare(
        self, journal: Journal, exists: bool, resume: bool, overwrite: bool, times: tuple[float, float]
    ) -> None:
        count = journal.count()
        if resume:
            self.written = journal.begin(min(self.written, times[0] if count else times[1]))
        if overwrite:
            journal.clear()
        elif count and not resume:
            raise StoreError(
                f"{self.journal_path} holds {count} rows of an earlier run",
                hint="--resume adds what is missing, --overwrite begins anew.",
            )
        elif resume and exists and not count:
            from visq.store.readback import read_table

            journal.load(read_table(self.path, self.suffix))

    def write(self, journal: Journal) -> None:
        """Write the table out, whole or not at all.

        Raises
        ------
        StoreError
            No room, or no permission. The journal stays.
        """
        if self.path and self.suffix not in SQLITE and not journal.unchanged:
            from visq.store.tables import WRITERS, replacing

            with replacing(self.path, hint=_SAFE) as file:
                WRITERS[self.suffix](journal.rows(), file, journal.extras())

    def close(self, journal: Journal) -> None:
        """Close the journal of a run whose table has been written, and remove it where it is not the table."""
        if self.journal_path == self.path:
            journal.finish()
        journal.close(remove=self.journal_path != self.path)


def _modified(path: str) -> float:
    try:
        return os.path.getmtime(path)
    except OSError:
        return math.inf
