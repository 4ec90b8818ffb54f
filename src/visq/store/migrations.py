"""The layout of the database, as numbered steps that are only ever added to.

`PRAGMA application_id` says that a database is a table of visq, `PRAGMA user_version` how many steps it has had.
"""

from __future__ import annotations

import sqlite3

from visq.errors import StoreError

#: "visq" in ASCII.
APPLICATION_ID = 0x76697371

STEPS: tuple[str, ...] = (
    """
    CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE scores (
        id INTEGER PRIMARY KEY,
        item INTEGER NOT NULL,
        position INTEGER NOT NULL,
        image TEXT NOT NULL,
        reference TEXT NOT NULL,
        metric TEXT NOT NULL,
        version TEXT NOT NULL,
        value REAL,
        status TEXT NOT NULL CHECK (status IN ('ok', 'error')),
        error TEXT NOT NULL,
        identity TEXT NOT NULL,
        lower_is_better INTEGER NOT NULL,
        width INTEGER,
        height INTEGER,
        bit_depth INTEGER,
        sha256 TEXT NOT NULL,
        warnings TEXT NOT NULL,
        CHECK ((status = 'ok') = (value IS NOT NULL)),
        UNIQUE (image, reference, identity)
    );
    """,
    """
    ALTER TABLE scores ADD COLUMN extras TEXT NOT NULL DEFAULT '{}';
    """,
)


def migrate(database: sqlite3.Connection, path: str) -> None:
    """Bring a new or older table up to date.

    Raises
    ------
    StoreError
        The file is another program's database, or a newer visq wrote it.
    """
    [application] = database.execute("PRAGMA application_id").fetchone()
    [version] = database.execute("PRAGMA user_version").fetchone()
    [tables] = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application != APPLICATION_ID and (application or version or tables):
        raise StoreError(f"{path} is a database of another program", hint="Give another name; it was left as it is.")
    if version > len(STEPS):
        raise StoreError(
            f"{path} was written by a newer visq",
            expected=f"layout {len(STEPS)} or older",
            got=f"layout {version}",
            hint="Update visq.",
        )
    if application != APPLICATION_ID:
        database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    for number in range(version, len(STEPS)):
        database.executescript(f"BEGIN IMMEDIATE; {STEPS[number]} PRAGMA user_version = {number + 1}; COMMIT;")
