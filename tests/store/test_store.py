"""The journal and the tables made from it."""

from __future__ import annotations

import csv
import json
import sqlite3
import subprocess
import sys

import pytest

from visq.errors import MissingExtraError, OptionError, StoreError
from visq.store import journal as journal_module
from visq.store import migrations
from visq.store.destination import Destination
from visq.store.journal import COLUMNS, Journal
from visq.store.readback import read_table
from visq.store.tables import replacing
from visq.types import ScoreRecord


def _record(image="a.png", value=0.1, identity="tv@1", **more):
    fields = {
        "image": image, "reference": "", "metric": "tv", "version": "1", "value": value,
        "status": "ok" if value is not None else "error", "error": "" if value is not None else "the file is empty",
        "identity": identity, "lower_is_better": True, "width": 3, "height": 4, "bit_depth": 8, "sha256": "ab",
        "warnings": ("icc-converted: Display P3", "first-frame"),
    }  # fmt: skip
    return ScoreRecord(**{**fields, **more})


_RECORDS = [
    _record("a.png", 1 / 3),
    _record('caf\udce9 "x",\ny\r.png', 1e-300),
    _record("c.png", None, width=None, height=None, bit_depth=None, sha256="", warnings=()),
    _record("C:\\xff.png", -1e22, reference="r.png", lower_is_better=False),
]


def _names(folder):
    return sorted(path.name for path in folder.iterdir())


def _filled(path):
    journal = Journal(str(path))
    for item, record in enumerate(_RECORDS):
        journal.add(item, [record], [0])
    journal.flush()
    return journal


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_a_table_read_back_gives_the_same_records(tmp_path, suffix):
    if suffix == ".parquet":
        pytest.importorskip("polars")
    destination = Destination(str(tmp_path / f"t{suffix}"))
    journal = _filled(destination.journal_path)
    destination.write(journal)
    destination.close(journal)
    assert _names(tmp_path) == [f"t{suffix}"]
    assert list(read_table(destination.path, suffix)) == _RECORDS


def test_parquet_columns_are_typed(tmp_path):
    polars = pytest.importorskip("polars")
    destination = Destination(str(tmp_path / "t.parquet"))
    journal = _filled(destination.journal_path)
    destination.write(journal)
    destination.close(journal)
    frame = polars.read_parquet(destination.path)
    assert tuple(frame.columns) == COLUMNS
    assert frame["value"].to_list() == [1 / 3, 1e-300, None, -1e22]
    assert frame["warnings"].dtype == polars.List(polars.String)
    assert frame["lower_is_better"].dtype == polars.Boolean


def test_jsonl_and_csv_have_the_same_columns_and_values(tmp_path):
    for suffix in (".csv", ".jsonl"):
        destination = Destination(str(tmp_path / f"t{suffix}"))
        journal = _filled(destination.journal_path)
        destination.write(journal)
        destination.close(journal)
    with (tmp_path / "t.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    objects = [json.loads(line) for line in (tmp_path / "t.jsonl").read_text("utf-8").splitlines()]
    assert [tuple(o) for o in objects] == [COLUMNS] * 4
    assert [r["image"] for r in rows] == [o["image"] for o in objects]
    assert [float(r["value"]) if r["value"] else None for r in rows] == [o["value"] for o in objects]


def test_sqlite_output_is_the_journal(tmp_path):
    destination = Destination(str(tmp_path / "t.sqlite"))
    assert destination.journal_path == destination.path
    journal = destination.open()
    journal.add(0, [_RECORDS[0]], [0])
    journal.flush()
    destination.write(journal)
    destination.close(journal)
    with sqlite3.connect(destination.path) as database:
        [row] = database.execute(f"SELECT {', '.join(COLUMNS)} FROM scores").fetchall()
    database.close()
    assert row[:5] == ("a.png", "", "tv", "1", 1 / 3)
    assert _names(tmp_path) == ["t.sqlite"]


def test_a_key_is_stored_once_and_other_identities_stay_apart(tmp_path):
    journal = Journal(str(tmp_path / "t.sqlite"))
    journal.add(0, [_record(value=1.0)], [0])
    journal.add(0, [_record(value=2.0)], [0])
    journal.add(0, [_record(value=3.0, identity="tv@2")], [0])
    journal.add(1, [_record(value=4.0, reference="r.png")], [0])
    journal.flush()
    assert sorted(row[4] for row in journal.rows()) == [2.0, 3.0, 4.0]
    journal.close()


def test_rows_come_in_the_order_of_inputs_and_metrics_whatever_the_order_of_arrival():
    journal = Journal()
    for item in (2, 0, 1):
        records = [_record(f"{item}.png", 1.0, "b@1"), _record(f"{item}.png", 2.0, "a@1")]
        journal.add(item, records, [0, 1])
    journal.flush()
    assert [(r[0], r[7]) for r in journal.rows()] == [
        (f"{i}.png", identity) for i in range(3) for identity in ("b@1", "a@1")
    ]
    journal.close()


def test_a_batch_is_committed_when_full_or_old(tmp_path, monkeypatch):
    path = tmp_path / "t.sqlite"
    monkeypatch.setattr(journal_module, "BATCH_ROWS", 3)
    now = [100.0]
    monkeypatch.setattr(journal_module.time, "monotonic", lambda: now[0])

    def committed():
        with sqlite3.connect(path) as other:
            [count] = other.execute("SELECT count(*) FROM scores").fetchone()
        other.close()
        return count

    journal = Journal(str(path))
    counts = []
    for index in range(4):
        journal.add(index, [_record(f"{index}.png")], [0])
        counts.append(committed())
    now[0] += journal_module.BATCH_SECONDS
    journal.tick()
    assert [*counts, committed()] == [0, 0, 3, 3, 4]
    journal.close()


def test_the_limits_of_a_batch_are_those_promised():
    assert (journal_module.BATCH_ROWS, journal_module.BATCH_SECONDS) == (500, 5.0)


_HOLD = """
import sys, time
from visq.store.journal import Journal
journal = Journal(sys.argv[1])
print("held", flush=True)
time.sleep(60)
"""


def test_a_second_run_on_a_table_refuses_and_a_killed_one_leaves_no_lock(tmp_path):
    path = str(tmp_path / "t.sqlite")
    holder = subprocess.Popen([sys.executable, "-c", _HOLD, path], stdout=subprocess.PIPE)
    try:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(StoreError, match="another run is writing to"):
            Journal(path)
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as reader:
            assert reader.execute("SELECT count(*) FROM scores").fetchone() == (0,)
        reader.close()
    finally:
        holder.kill()
        holder.communicate()
    Journal(path).close()


def test_a_read_only_disk_is_told_before_anything_is_scored(tmp_path, monkeypatch):
    def refusing(path, *_):
        raise OSError(30, "Read-only file system", path)

    monkeypatch.setattr("visq.store.lock.os.open", refusing)
    with pytest.raises(StoreError, match=r"t\.csv\.journal cannot be written: Read-only file system"):
        Destination(str(tmp_path / "t.csv")).open()


def test_a_table_in_the_way_is_refused_replaced_or_continued(tmp_path):
    destination = Destination(str(tmp_path / "t.csv"))
    journal = destination.open()
    journal.add(0, [_RECORDS[0]], [0])
    journal.flush()
    journal.close()
    with pytest.raises(StoreError, match="holds 1 rows of an earlier run"):
        destination.open()
    journal = destination.open(resume=True)
    assert journal.count() == 1
    destination.write(journal)
    destination.close(journal)
    with pytest.raises(StoreError, match="exists already"):
        destination.open()
    journal = destination.open(resume=True)
    assert journal.count() == 1
    journal.close()
    journal = destination.open(overwrite=True)
    assert journal.count() == 0
    journal.close()
    assert (tmp_path / "t.csv").exists()


@pytest.mark.parametrize("content", ["a,b\n1,2\n", "", '"', ",".join(COLUMNS) + "\nx\n"])
def test_a_strangers_table_is_not_continued(tmp_path, content):
    path = tmp_path / "t.csv"
    path.write_text(content)
    with pytest.raises(StoreError, match=r"not a table of scores"):
        Destination(str(path)).open(resume=True)
    assert path.read_text() == content
    assert _names(tmp_path) == ["t.csv"]


@pytest.mark.parametrize("line", ["{}", "[1]", "x", json.dumps({c: None for c in COLUMNS})])
def test_a_strangers_json_lines_are_not_continued(tmp_path, line):
    path = tmp_path / "t.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(StoreError):
        Destination(str(path)).open(resume=True)


@pytest.mark.parametrize("value", ["inf", "nan", "-inf"])
def test_a_score_that_is_no_number_is_not_continued(tmp_path, value):
    path = tmp_path / "t.csv"
    destination = Destination(str(path))
    journal = destination.open()
    journal.add(0, [_record("a.png")], [0])
    journal.flush()
    destination.write(journal)
    destination.close(journal)
    lines = path.read_text().splitlines()
    cells = lines[1].split(",")
    cells[COLUMNS.index("value")] = value
    path.write_text(f"{lines[0]}\n{','.join(cells)}\n")
    with pytest.raises(StoreError, match="no number"):
        Destination(str(path)).open(resume=True)


def test_a_table_that_another_run_finishes_meanwhile_is_not_replaced(tmp_path, monkeypatch):
    path = tmp_path / "t.csv"

    def slow_to_lock(name):
        path.write_text("theirs")
        return Journal(name)

    monkeypatch.setattr("visq.store.destination.Journal", slow_to_lock)
    with pytest.raises(StoreError, match="exists already"):
        Destination(str(path)).open()
    assert path.read_text() == "theirs"
    assert _names(tmp_path) == ["t.csv"]


def test_a_journal_that_cannot_be_removed_is_told_and_let_go(tmp_path, monkeypatch):
    path = str(tmp_path / "t.journal")
    journal = Journal(path)

    def refuse(_):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr("visq.store.journal.os.unlink", refuse)
        with pytest.raises(StoreError, match="cannot be removed"):
            journal.close()
    Journal(path).close()


def test_a_strangers_database_is_left_alone(tmp_path):
    path = tmp_path / "t.sqlite"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE mine (x)")
    database.close()
    before = path.read_bytes()
    for overwrite in (False, True):
        with pytest.raises(StoreError, match="another program"):
            Destination(str(path)).open(overwrite=overwrite)
    assert path.read_bytes() == before
    path.write_bytes(b"no database at all, but long enough to be looked at " * 30)
    with pytest.raises(StoreError, match="not a table of scores"):
        Destination(str(path)).open(resume=True)


def test_a_table_of_a_newer_visq_is_refused(tmp_path):
    path = tmp_path / "t.sqlite"
    Journal(str(path)).close()
    journal = _filled(path)
    journal.database.execute(f"PRAGMA user_version = {len(migrations.STEPS) + 1}")
    journal.close()
    with pytest.raises(StoreError, match="newer visq"):
        Journal(str(path))


def test_a_full_disk_is_told_and_what_was_committed_stays(tmp_path):
    path = str(tmp_path / "t.sqlite")
    journal = Journal(path)
    journal.add(0, [_record("first.png")], [0])
    journal.flush()
    [pages] = journal.database.execute("PRAGMA page_count").fetchone()
    journal.database.execute(f"PRAGMA max_page_count = {pages}")
    journal.add(1, [_record(f"{i}{'x' * 200}.png") for i in range(200)], range(200))
    with pytest.raises(StoreError, match=r"disk is full.*--resume"):
        journal.flush()
    journal.close()
    journal = Journal(path)
    assert [row[0] for row in journal.rows()] == ["first.png"]
    journal.close()


def test_a_table_that_cannot_be_written_leaves_the_old_one_and_no_temporary_file(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("old")

    def fill_the_disk():
        with replacing(str(path)) as file:
            file.write(b"half of a new one")
            raise OSError(28, "No space left on device")

    with pytest.raises(StoreError, match="cannot be written"):
        fill_the_disk()
    assert path.read_text() == "old"
    assert _names(tmp_path) == ["t.csv"]


def test_a_table_behind_a_link_is_replaced_behind_it(tmp_path):
    (tmp_path / "real.csv").write_text("old")
    (tmp_path / "link.csv").symlink_to("real.csv")
    with replacing(str(tmp_path / "link.csv")) as file:
        file.write(b"new")
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real.csv").read_text() == "new"


def test_parquet_without_its_extra_is_said_at_once(monkeypatch):
    monkeypatch.setattr("visq.store.destination.find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r'pip install "visq\[tables\]"'):
        Destination("t.parquet")


@pytest.mark.parametrize("name", ["t", "t.xlsx", "t.json", ".csv"])
def test_an_unknown_kind_of_table_is_said_at_once(name):
    with pytest.raises(OptionError, match=r"\.csv, \.jsonl, \.parquet, \.sqlite"):
        Destination(name)


def test_what_cannot_be_written_says_what_to_do_in_the_words_of_its_owner(tmp_path):
    target = str(tmp_path / "none/b.txt")
    with pytest.raises(StoreError, match=r"b\.txt cannot be written: .*\. Make room, or "), replacing(target):
        pass
    with pytest.raises(StoreError, match=r"written: .*\. Look there\."), replacing(target, hint="Look there."):
        pass
    journal = _filled(tmp_path / "t.csv.journal")
    destination = Destination(str(tmp_path / "none/t.csv"))
    with pytest.raises(StoreError, match=r"safe in the journal.*--resume"):
        destination.write(journal)
    journal.close()
