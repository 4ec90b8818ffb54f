"""What is said on standard error, one line at a time."""

from __future__ import annotations

import os
import sys
from contextlib import AbstractContextManager

import click

from visq.errors import warnings_to


def say(*parts: str) -> None:
    """One line that begins with the program's name, whatever line breaks the parts hold."""
    line = " ".join(" ".join(part.splitlines()) for part in parts if part)
    click.echo(f"visq: {line}", err=True)


#: Settings as the library's hints call them, and as the command line does.
_OPTIONS = {
    "allow_truncated=True": "--allow-truncated",
    "max_pixels=": "--max-pixels ",
}


def as_options(text: str) -> str:
    """A message of the library with the command line's own options in its hints.

    >>> as_options("Raise the limit: max_pixels=100.")
    'Raise the limit: --max-pixels 100.'
    """
    for setting, option in _OPTIONS.items():
        text = text.replace(setting, option)
    return text


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun: `1 file`, `2 files`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def forget_output() -> None:
    """Whoever read our output has gone: say nothing more, not even when the interpreter flushes at its end."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)


def warnings_said(*, quiet: bool) -> AbstractContextManager[None]:
    """Warnings of visq as lines like any other, or not at all; those of libraries as they come."""
    return warnings_to((lambda _: None) if quiet else say)
