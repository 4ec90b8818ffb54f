"""What a run prints: scores or their summary on standard output, errors and notes on standard error."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from visq.cli import exits, gates, text
from visq.cli.messages import counted, forget_output, say

if TYPE_CHECKING:
    from visq.cli.session import Session
    from visq.store.journal import Journal

#: On a terminal, more images than this are summed up, not listed.
ROWS_ON_TERMINAL = 40
#: With a table to look things up in, this many errors are printed; and so many inputs without a partner always.
LINES_PRINTED = 20


def report(session: Session, journal: Journal) -> int:
    """Print everything and return the exit code."""
    settings = session.settings
    failures = _print_errors(session, journal)
    verdicts = gates.check(settings.gates, journal)
    try:
        _print_scores(session, journal)
        sys.stdout.flush()
    except BrokenPipeError:
        forget_output()
    except OSError as error:
        forget_output()
        say(f"standard output cannot be written: {error.strerror}")
        failures += 1
    for verdict in verdicts:
        say(
            f"gate failed: {verdict.gate}: {verdict.failures} worse, the worst is {text.name(verdict.image)}"
            f" with {verdict.value:.6g}"
        )
    alone = session.alone()
    if not (settings.quiet and session.allow_alone):
        _print_some(alone)
    if not settings.quiet:
        _print_notes(session, journal)
    if verdicts:
        return exits.GATE_FAILED
    return exits.SOME_FAILED if failures or (alone and not session.allow_alone) else exits.OK


def _print_some(lines: list[str]) -> None:
    for line in lines[:LINES_PRINTED]:
        say(line)
    if len(lines) > LINES_PRINTED:
        say(f"... and {len(lines) - LINES_PRINTED} more")


def _print_notes(session: Session, journal: Journal) -> None:
    for note in session.notes():
        say(note)
    altered, codes = text.alterations(journal)
    if altered:
        listing = ", ".join(f"{code} {number}" for code, number in codes)
        say(
            f"altered or noted on reading: {counted(altered, 'image')} ({listing});",
            "see the warnings column (-o or --json) or docs/reading.md",
        )
    if session.changed:
        images = counted(session.changed, "image (or its reference)", "images (or their references)")
        say(f"{images} changed after the table was written: scored again")
    others = journal.other_rows()
    if others:
        rows = counted(others, "row of the table belongs", "rows of the table belong")
        say(f"{rows} to other inputs or metrics; kept as before")


def _print_scores(session: Session, journal: Journal) -> None:
    settings = session.settings
    if settings.as_json:
        from visq.store.tables import json_array

        text.write(json_array(journal.current_rows(), journal.extras(current=True)))
        return
    images = text.count_images(journal)
    terminal = sys.stdout.isatty()
    listed = not settings.destination.path and (not terminal or images <= ROWS_ON_TERMINAL)
    if listed:
        (text.scores_for_terminal if terminal else text.scores_as_lines)(journal, settings.requests)
    if settings.quiet:
        return
    if images == 1 and listed:
        # As the summary of many: not among the lines that a program reads.
        text.beside(journal, settings.requests, to_stderr=not terminal)
    if images < 2:
        return
    # Lines of scores in a pipe are for a program: the summary must not end up among them.
    repeated = listed and images <= text.WORST
    text.summary(journal, settings.requests, to_stderr=listed and not terminal, worst=not repeated)
    if not listed and not settings.destination.path:
        say(f"{images} images: give -o scores.csv for the score of each")
    elif settings.destination.path:
        say(f"scores of {images} images are in {settings.destination.path}")


def _print_errors(session: Session, journal: Journal) -> int:
    """One line for each input and reason; returns how many there are."""
    settings = session.settings
    most = LINES_PRINTED if settings.destination.path else None
    failures = 0
    for image, metrics, error in text.errors(journal):
        failures += 1
        if most is None or failures <= most:
            which = "" if len(metrics) == len(settings.requests) else f"{', '.join(metrics)}: "
            say(f"{text.name(image)}: {error if error.startswith(which) else which + error}")
    if most is not None and failures > most:
        say(f"... and {failures - most} more: see the rows whose status is error")
    return failures
