"""Tables for a terminal of any width: nothing wraps, numbers and headers stay whole, names give way.

A line that is too long is mended in this order: the folder that all names share is taken off and said once; names are
shortened in the middle; a table of one row is turned; columns go into blocks below each other.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Sequence

import click

_GAP = 2
_LEAST = 16
_DOTS = "..."


def terminal_width(*, to_stderr: bool) -> int:
    """Columns of the terminal that is written to."""
    if to_stderr and not os.environ.get("COLUMNS"):
        try:
            return os.get_terminal_size(sys.stderr.fileno()).columns
        except (OSError, ValueError):
            pass
    return shutil.get_terminal_size().columns


def names_and_numbers(
    head: str, titles: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]], width: int
) -> Iterator[str]:
    """Lines of a table: a name and a number for each title in every row.

    Examples
    --------
    >>> list(names_and_numbers("image", ["psnr", "ssim"], [("a.png", ["30.1", "0.9"])], 80))[1]
    'a.png  30.1   0.9'
    """
    columns: list[Sequence[str]] = list(zip(titles, *(values for _, values in rows), strict=True))
    widths = [max(map(length, column)) for column in columns]
    names = [name for name, _ in rows]
    room = width - sum(_GAP + w for w in widths)
    if max(map(length, names), default=0) > room and len(names) > 1:
        folder, names = without_common_folder(names)
        if folder:
            yield f"in {shortened(folder, width - 3)}:"
    longest = max(map(length, [head, *names]))
    if room < min(longest, _LEAST) and len(names) == 1:
        yield from _turned(names[0], columns, width)
        return
    blocks = [columns]
    if room < min(longest, _LEAST):
        room = min(longest, max(_LEAST, width // 3))
        blocks = _blocks(columns, widths, width - room)
    label = min(longest, room)
    for number, block in enumerate(blocks):
        if number:
            yield ""
        sizes = [max(map(length, column)) for column in block]
        for index, name in enumerate([head, *names]):
            cells = (" " * _GAP + _right(column[index], w) for column, w in zip(block, sizes, strict=True))
            line = _left(shortened(name, label), label) + "".join(cells)
            yield bold(line) if index == 0 else line


def _turned(name: str, columns: Sequence[Sequence[str]], width: int) -> Iterator[str]:
    label = max(length(column[0]) for column in [["metric"], *columns])
    yield bold(_left("metric", label + _GAP) + shortened(name, max(_LEAST, width - label - _GAP)))
    for title, value in columns:
        yield _left(title, label + _GAP) + value


def _blocks(columns: Sequence[Sequence[str]], widths: Sequence[int], room: int) -> list[list[Sequence[str]]]:
    blocks: list[list[Sequence[str]]] = []
    left = -1
    for column, width in zip(columns, widths, strict=True):
        left -= _GAP + width
        if left < 0:
            blocks.append([])
            left = room - _GAP - width
        blocks[-1].append(column)
    return blocks


def without_common_folder(names: Sequence[str]) -> tuple[str, list[str]]:
    """The folder that all names begin with, and the names without it.

    Examples
    --------
    >>> without_common_folder(["a/b/c.png", "a/b/d/e.png"])
    ('a/b/', ['c.png', 'd/e.png'])
    """
    first, last = min(names), max(names)
    same = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    folder = first[: max(first.rfind(separator, 0, same) for separator in ("/", os.sep)) + 1]
    return folder, [name[len(folder) :] for name in names]


def shortened(name: str, room: int) -> str:
    """The name, with dots in its middle where it is longer than `room`; its end tells files apart.

    Examples
    --------
    >>> shortened("a-name-that-is-long-001.jpg", 16)
    'a-nam...-001.jpg'
    """
    if length(name) <= room:
        return name
    head, tail = name[: len(name) * 2 // 5], name[len(name) * 2 // 5 :]
    while length(head) + length(tail) + len(_DOTS) > room and (head or tail):
        if length(tail) <= (room - len(_DOTS)) * 3 // 5 + 1 and head:
            head = head[:-1]
        else:
            tail = tail[1:]
    return f"{head}{_DOTS}{tail}"


def length(text: str) -> int:
    """Columns that a text takes: two for wide characters."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def bold(text: str) -> str:
    """Bold, unless NO_COLOR asks for plain text."""
    return text if os.environ.get("NO_COLOR") else click.style(text, bold=True)


def show(lines: Iterator[str], *, to_stderr: bool) -> None:
    """Print; what the terminal's encoding lacks becomes a question mark."""
    encoding = (sys.stderr if to_stderr else sys.stdout).encoding or "utf-8"
    for line in lines:
        click.echo(line.encode(encoding, "replace").decode(encoding), err=to_stderr)


def _left(text: str, width: int) -> str:
    return text + " " * (width - length(text))


def _right(text: str, width: int) -> str:
    return " " * (width - length(text)) + text
