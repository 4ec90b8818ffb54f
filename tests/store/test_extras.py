"""Numbers beside a score (an interval, sub-scores) in tables: columns of their own, kept by every format."""

from __future__ import annotations

import csv
import json
import sqlite3

import pytest

from visq.errors import StoreError
from visq.store.destination import Destination
from visq.store.journal import COLUMNS, Journal
from visq.store.migrations import APPLICATION_ID, STEPS
from visq.store.readback import read_table
from visq.types import ScoreRecord

_BESIDE = {
    "lower": 50.25, "upper": 1 / 3, "level": 0.9,
    "sharpness": 1e-300, "noise": 99.0, "exposure": 0.0, "compression": 100.0,
}  # fmt: skip


def _record(image, metric="visq_nr", value=60.5, extras=None):
    status, error = ("ok", "") if value is not None else ("error", "the file is empty")
    return ScoreRecord(
        image, "", metric, "1", value, status, error, f"{metric}@1", False, 3, 4, 8, "ab", (), extras or {}
    )


_RECORDS = [
    _record("a.png", extras=_BESIDE),
    _record("a.png", "tv"),
    _record("b.png", value=None),
    _record("b.png", "tv", None),
]


def _write(path, records):
    destination = Destination(str(path))
    journal = destination.open()
    for item, record in enumerate(records):
        journal.add(item, [record], [0])
    journal.flush()
    destination.write(journal)
    destination.close(journal)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_every_format_keeps_them_and_gives_them_back(tmp_path, suffix):
    if suffix == ".parquet":
        pytest.importorskip("polars")
    path = tmp_path / f"t{suffix}"
    _write(path, _RECORDS)
    assert list(read_table(str(path), suffix)) == _RECORDS
    # And once more from what was read, as a resumed run does.
    destination = Destination(str(path))
    journal = destination.open(resume=True)
    journal.add(9, [_record("z.png", extras=_BESIDE)], [0])
    journal.flush()
    destination.write(journal)
    destination.close(journal)
    # Rows of inputs that were not given this time come last.
    assert list(read_table(str(path), suffix)) == [_record("z.png", extras=_BESIDE), *_RECORDS]


def test_columns_stand_behind_the_others_and_are_empty_where_a_metric_has_none(tmp_path):
    _write(tmp_path / "t.csv", _RECORDS)
    with (tmp_path / "t.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    assert header == [*COLUMNS, *_BESIDE]
    assert [row[len(COLUMNS) :] for row in rows] == [[repr(v) for v in _BESIDE.values()], *[[""] * 7] * 3]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_the_columns_depend_on_the_metrics_and_not_on_what_failed(tmp_path, suffix):
    def names(records):
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}{suffix}"
        _write(path, records)
        line = path.read_text().splitlines()[0]
        return line.split(",") if suffix == ".csv" else list(json.loads(line))

    assert names(_RECORDS[:1]) == names(_RECORDS[2:3]) == names(_RECORDS[::-1]) == [*COLUMNS, *_BESIDE]
    assert names([_RECORDS[1]]) == list(COLUMNS)


def test_what_the_catalogue_does_not_know_any_more_is_kept(tmp_path):
    former = _record("a.png", extras={"zeal": 2.0, **_BESIDE, "depth": 1.0})
    _write(tmp_path / "t.csv", [former])
    assert (tmp_path / "t.csv").read_text().splitlines()[0] == ",".join([*COLUMNS, *_BESIDE, "depth", "zeal"])
    assert list(read_table(str(tmp_path / "t.csv"), ".csv")) == [former]


def test_a_sqlite_table_has_them_as_json(tmp_path):
    _write(tmp_path / "t.sqlite", _RECORDS)
    with sqlite3.connect(tmp_path / "t.sqlite") as database:
        found = database.execute(
            "SELECT image FROM scores WHERE json_extract(extras, '$.noise') > 90 AND status = 'ok'"
        ).fetchall()
    database.close()
    assert found == [("a.png",)]


def test_a_database_of_the_first_layout_is_brought_up_to_date(tmp_path):
    path = tmp_path / "old.sqlite"
    with sqlite3.connect(path) as database:
        database.executescript(f"{STEPS[0]} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 1;")
        database.execute(
            "INSERT INTO scores VALUES (1, 0, 0, 'o.png', '', 'tv', '1', 2.5, 'ok', '', 'tv@1', 1, 3, 4, 8, 'ab', '[]')"
        )
    database.close()
    journal = Journal(str(path))
    journal.add(1, [_RECORDS[0]], [0])
    journal.flush()
    rows = list(journal.rows())
    assert journal.extras() == tuple(_BESIDE)
    journal.close()
    # This run's first, then what was there.
    assert [(row[0], json.loads(row[-1])) for row in rows] == [("a.png", _BESIDE), ("o.png", {})]


@pytest.mark.parametrize("cell", ["good", "nan", "inf"])
def test_cells_that_are_no_numbers_are_refused(tmp_path, cell):
    _write(tmp_path / "t.csv", _RECORDS)
    text = (tmp_path / "t.csv").read_text().replace(repr(_BESIDE["lower"]), cell)
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(StoreError, match=r"t\.csv|no number"):
        list(read_table(str(tmp_path / "t.csv"), ".csv"))


def test_a_column_that_stands_twice_is_refused(tmp_path):
    _write(tmp_path / "t.csv", _RECORDS)
    text = (tmp_path / "t.csv").read_text().replace("upper", "lower", 1)
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(StoreError, match="not a table of scores"):
        list(read_table(str(tmp_path / "t.csv"), ".csv"))
