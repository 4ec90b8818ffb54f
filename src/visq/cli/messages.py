"""What is said on standard error, one line at a time."""

from __future__ import annotations

import os
import sys

import click


def say(*parts: str) -> None:
    """One line that begins with the program's name, whatever line breaks the parts hold."""
    line = " ".join(" ".join(part.splitlines()) for part in parts if part)
    click.echo(f"visq: {line}", err=True)


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun: `1 file`, `2 files`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def forget_output() -> None:
    """Whoever read our output has gone: say nothing more, not even when the interpreter flushes at its end."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
