"""`visq score`: judge images by themselves."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

import click

from visq.cli import exits, options
from visq.cli.maps import Maps
from visq.cli.maps import option as maps_option
from visq.cli.session import Input, Session, passed_over
from visq.errors import InputError
from visq.run.plan import Finder, Found, read_names, without_waiting

_EXAMPLES = """\b
Examples:
  visq score photo.jpg
  visq score photos/ 'more/*.png' -o scores.csv --jobs 4 --maps maps/
  visq score photos/ -o scores.csv --jobs 4 --resume
  find . -name '*.jpg' -print0 | visq score -0 --json
  visq score out/*.jpg -m niqe --fail-under niqe=6
  visq score -- -strange-name-.jpg
"""


@click.command(name="score", epilog=f"{_EXAMPLES}\n{exits.EPILOG}")
@click.argument("paths", nargs=-1, type=click.UNPROCESSED, metavar="PATH...")
@options.shared("nr")
@maps_option
@click.option("-0", "nul", is_flag=True, help="Names on standard input end with a NUL byte; implies `-`.")
@options.all_files
def command(paths: tuple[str, ...], maps: str | None, nul: bool, all_files: bool, **given: Any) -> int:
    """Judge images by themselves, without a reference.

    PATH is an image, a folder (with all folders in it), a pattern such as 'photos/**/*.jpg', or `-` for names on
    standard input, one a line. Each file is read once for all metrics. A file that cannot be scored gets a row with
    status `error` and the reason for each metric, and the run goes on.

    Scores go to standard output: a table on a terminal, tab-separated lines in a pipe, a summary where there are many
    or where -o keeps them. What a metric says beside its score, an interval and sub-scores, is printed for a single
    image, and kept by -o and --json for all.
    """
    if nul and "-" not in paths:
        paths = (*paths, "-")
    if not paths:
        raise click.UsageError("nothing to score: give files, folders, or - for names on standard input")
    settings = options.settings("nr", given)
    finder = Finder(all_files=all_files)
    finder.check(paths)

    written = Maps(maps, settings.requests, "nr")

    count = None if "-" in paths else lambda: sum(1 for _ in Finder(all_files=all_files).find(paths))
    session = Session(settings, count, lambda: passed_over(finder) + written.notes(), looked_at=paths)
    return session.run(_inputs(paths, finder, nul, written))


def _inputs(paths: tuple[str, ...], finder: Finder, nul: bool, maps: Maps) -> Iterator[Input | None]:
    for path in paths:
        found: Iterable[Found | None]
        if path == "-":
            found = without_waiting(finder.find_plain(read_names(_standard_input(), nul=nul)))
        else:
            found = finder.find([path])
        for one in found:
            yield None if one is None else Input(one.path, "", maps.stem(one.relative), one.problem)


def _standard_input() -> BinaryIO:
    if sys.stdin is None:
        raise InputError("standard input is closed", hint="Give it the names, or name the files instead of `-`.")
    # Unbuffered: a thread waits in it, and the interpreter could not end while that held the buffer's lock.
    return getattr(sys.stdin.buffer, "raw", sys.stdin.buffer)
