"""Whether a file is still the one a table holds scores of."""

# Names stay the text that was given: pathlib would rewrite "./a", and is slow for a million of them.
# ruff: noqa: PTH116, PTH123

from __future__ import annotations

import hashlib
import os
import stat


def hash_if_touched(path: str, since: float) -> str:
    """SHA-256 of a file that was written, moved or linked to its place since a time (seconds of `time.time`).

    Empty where it was not, or where nothing can be read: nothing is known against its scores then.
    """
    try:
        facts = os.stat(path)
        if max(facts.st_mtime, facts.st_ctime) < since or not stat.S_ISREG(facts.st_mode):
            return ""
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError):
        return ""


def written_since(path: str, since: float) -> bool:
    """Whether a file's content was written since a time, as far as its time of modification tells."""
    try:
        return os.stat(path).st_mtime >= since
    except (OSError, ValueError):
        return False
