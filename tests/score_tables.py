"""Tables of scores for tests of what reads them."""

from __future__ import annotations

from visq.store.journal import Journal
from visq.store.tables import WRITERS
from visq.types import ScoreRecord


def score_record(image, metric, value, *, lower=False, error=""):
    return ScoreRecord(
        image, "", metric, "1", value, "error" if error else "ok", error, f"{metric}@1", lower, 8, 8, 8, "", ()
    )


def write_table(path, records):
    """A table as a run of visq leaves it."""
    journal = Journal(str(path)) if path.suffix == ".sqlite" else Journal()
    journal.load(records)
    if path.suffix != ".sqlite":
        with path.open("wb") as file:
            WRITERS[path.suffix](journal.rows(), file)
    journal.close()


def rows_of(text):
    header, *rows = (line.split("\t") for line in text.split("\n\n")[0].splitlines())
    return [dict(zip(header, row, strict=True)) for row in rows]
