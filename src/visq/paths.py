"""Questions to the file system that a folder nobody can look into, or a missing home, answers with no and no error."""

from __future__ import annotations

import os
from pathlib import Path


def expanded(path: str | os.PathLike[str]) -> Path:
    """The path with `~` in place of the home directory; as it is where there is no such home, as a shell does.

    Examples
    --------
    >>> expanded("~nobody_of_this_name/w").as_posix()
    '~nobody_of_this_name/w'
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def is_file(path: Path) -> bool:
    """Whether a file can be seen there: `Path.is_file` raises where a folder above it may not be searched."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def hindrance(folder: Path) -> str:
    """Why nothing is found in a folder; empty where it can be searched."""
    try:
        if not folder.is_dir():
            return "no such home directory" if folder.parts[:1] and folder.parts[0].startswith("~") else "not there"
    except (OSError, ValueError) as error:
        return f"cannot be read: {getattr(error, 'strerror', None) or error}"
    # A file in a folder is found with the right to search it.
    effective = os.access in os.supports_effective_ids
    return "" if os.access(folder, os.X_OK, effective_ids=effective) else "cannot be read: Permission denied"
