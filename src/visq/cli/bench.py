"""`visq bench`: metrics judged by rated databases."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from visq import catalog
from visq.cli import exits, metric_option
from visq.cli.given import adding, as_given, was_given
from visq.cli.interrupts import Interruptible
from visq.cli.messages import as_options, counted, say
from visq.cli.options import job_count
from visq.cli.progress import Progress
from visq.errors import OptionError, StoreError, VisqError

if TYPE_CHECKING:
    from visq.bench.judging import Verdict
    from visq.bench.plan import Plan
    from visq.bench.scoring import Scores
    from visq.bench.timing import Time

_EXAMPLES = """\b
Examples:
  visq bench kadid10k=/data/kadid10k -m all -o bench --jobs auto
  visq bench tid2013=tid csiq=csiq -m psnr,ssim,ssim:like=piq -o bench
  visq bench biq2021=biq --split official:test -m all -o bench
  visq bench biq2021=biq -m all --limit 20 -o trial
"""

_EXITS = """\b
Exit codes:
  0    every picture was scored
  1    some were not (rows with an error, files that lack), or the run could not be finished
  2    wrong usage: nothing was scored
  130  interrupted by Ctrl-C; 143 by SIGTERM. What was scored is kept.
"""

_OPTIONS = (
    click.option("-m", "--metrics", multiple=True, metavar="METRIC[:OPTION=VALUE],...",
                 help="What to judge; repeat it or use commas. `all` is every metric made for the kind of database; "
                      "`fr`, `rr` and `nr` are all metrics with references, with a few numbers of them, and without.  "
                      f"[default: {','.join(catalog.DEFAULT_FULL_REFERENCE)} with references; "
                      f"{','.join((*catalog.DEFAULT_NO_REFERENCE, *catalog.CLASSICAL_NO_REFERENCE))} without]"),
    click.option("-o", "--output", required=True, metavar="DIR",
                 help="Folder for the results. What it holds already is not scored again."),
    click.option("--split", default="", metavar="official:PART|K[:PART]",
                 help="Judge by a part alone: of the official split, or of one of the ten fixed ones (0 to 9). "
                      "PART is test unless given."),
    click.option("--limit", type=click.IntRange(min=1), metavar="N",
                 help="A trial on the first N contents of each database; every output says so."),
    click.option("-j", "--jobs", default="1", show_default=True, metavar="N",
                 help="Images to score at the same time; `auto` for one a core."),
    click.option("--timeout", type=click.FloatRange(min=0), default=30.0, show_default=True, metavar="SECONDS",
                 help="Give a score up after this long, of images of more than 12 megapixels in proportion longer; "
                      "0 never does."),
    click.option("--retry-errors", is_flag=True, help="Score again what failed before."),
    click.option("--samples", type=click.IntRange(min=100), default=1000, show_default=True, metavar="N",
                 help="Resamples behind each interval."),
    click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, metavar="N",
                 help="Of the resampling."),
    click.option("--no-speed", is_flag=True, help="Do not measure processor times."),
    click.option("--no-html", is_flag=True, help="Tables alone, which need no extra packages."),
    click.option("-q", "--quiet", is_flag=True, help="No progress, table or notes; errors are still printed."),
)  # fmt: skip
_ERRORS_PRINTED = 10


@click.command(name="bench", epilog=f"{_EXAMPLES}\n{_EXITS}")
@click.argument("datasets", nargs=-1, required=True, type=click.UNPROCESSED, metavar="DATASET[:LABELS][=ROOT]...")
@adding(_OPTIONS)
def command(datasets: tuple[str, ...], **given: Any) -> int:
    """Judge metrics by what people said of the pictures of rated databases.

    DATASET is a database that `visq dataset list` names, and ROOT the folder it lies in (by default a folder of its
    name). Every metric is measured on every picture; its agreement with people, intervals, and which differences
    between metrics are significant go into DIR: leaderboard.html (one file, opens without a network), leaderboard.md,
    leaderboard.csv, results.json, and the score of each picture in scores/.

    Scores are kept in DIR by their identity: the same command goes on where it was interrupted, and further metrics or
    databases only add to it.
    """
    from visq.bench import plan as planning

    output, limit = given["output"], given["limit"] or 0
    jobs = job_count(given["jobs"])
    if given["split"] == "" and was_given("split"):
        raise OptionError("--split is empty", expected="official:PART, or K or K:PART")
    if not given["no_html"]:
        from visq.bench import page

        page.check()
    plans = planning.make(
        [planning.source(text) for text in datasets], given["metrics"], split=given["split"], limit=limit
    )
    _say_left_out(given["metrics"], plans)
    folder = _make_folder(os.path.join(output, "scores"))  # noqa: PTH118 - a name that pathlib might alter
    began = False
    with Interruptible() as interruptible:
        try:
            scores = []
            for one in plans:
                scores.append(_score(one, folder, jobs, given))
                began = True
            times: list[dict[str, Time]] = [{} for _ in plans]
            if not given["no_speed"]:
                times = [_time(plan, found, folder, given) for plan, found in zip(plans, scores, strict=True)]
            return _judge(plans, scores, times, output, given)
        except KeyboardInterrupt:
            say("interrupted: what was scored is kept; the same command goes on with it")
            return interruptible.exit_code
        except VisqError as error:
            if not began:
                raise
            say(as_options(str(error)))
            return exits.SOME_FAILED


def _score(plan: Plan, folder: str, jobs: int, given: dict[str, Any]) -> Scores:
    from visq.bench.scoring import Work, score

    with Progress(not given["quiet"], lambda: sum(1 for _ in plan.tasks())) as progress:
        work = Work(
            jobs, given["timeout"], given["retry_errors"],
            on_tick=progress.tick, on_done=progress.advance, on_compile=progress.compiling,
        )  # fmt: skip
        return score(plan, folder, work)


def _time(plan: Plan, scores: Scores, folder: str, given: dict[str, Any]) -> dict[str, Time]:
    import numpy as np

    from visq.bench import provenance, timing

    without = [identity for identity, values in scores.values.items() if not np.isfinite(values).any()]
    with Progress(not given["quiet"], lambda: timing.count(plan), unit="times") as progress:

        def done() -> None:
            progress.advance()
            progress.tick()

        return timing.measure(plan, folder, provenance.made_with(), skip=without, on_done=done)


def _judge(
    plans: tuple[Plan, ...], scores: list[Scores], times: list[dict[str, Time]], output: str, given: dict[str, Any]
) -> int:
    from visq.bench import overall, page, provenance, tables
    from visq.bench.judging import judge

    steps = sum(len(plan.requests) for plan in plans) * (1 if given["no_html"] else 2)
    with Progress(not given["quiet"], lambda: steps, unit="steps") as progress:

        def done() -> None:
            progress.advance()
            progress.tick()

        verdicts = [
            judge(plan, found, time, samples=given["samples"], seed=given["seed"], on_done=done)
            for plan, found, time in zip(plans, scores, times, strict=True)
        ]
        rows = overall.overall(verdicts)
        made = provenance.made(as_given())
        tables.write(output, made, verdicts, rows)
        board = str(Path(output) / ("leaderboard.md" if given["no_html"] else "leaderboard.html"))
        if not given["no_html"]:
            page.write(board, made, verdicts, rows, on_done=done)
    failures = sum(_say_failures(verdict, given["quiet"]) for verdict in verdicts)
    if not given["quiet"]:
        for verdict in verdicts:
            _show(verdict)
        say(f"the leader-board is in {board}")
    return exits.SOME_FAILED if failures else exits.OK


def _say_failures(verdict: Verdict, quiet: bool) -> int:
    """A line for each reason that pictures were not scored for, and one for files that lack; returns how many rows."""
    from visq.bench.words import losses, remarks
    from visq.cli import text

    name, missing, lost = verdict.plan.name, verdict.plan.dataset.missing, losses(verdict)
    if missing:
        say(f"{name}: {counted(len(missing), 'file')} missing, among them {text.name(missing[0])}")
    for loss in lost[:_ERRORS_PRINTED]:
        which = loss.image + (f" and {loss.count - 1} more" if loss.count > 1 else "")
        say(f"{name}: {which}: {loss.metrics}: {as_options(loss.reason)}")
    if len(lost) > _ERRORS_PRINTED:
        say(f"... and {len(lost) - _ERRORS_PRINTED} more reasons: see not_scored in results.json")
    if lost and not quiet:
        say(f"{name}: --retry-errors scores again what failed")
    for label, remark in () if quiet else remarks(verdict):
        if remark.startswith("not judged"):
            say(f"{name}: {label} was {remark}")
    return len(missing) + len(verdict.scores.failures)


def _show(verdict: Verdict) -> None:
    from visq.bench.words import duration, figure, heading
    from visq.cli import layout

    click.echo("")
    click.echo(layout.bold(heading(verdict)))
    if verdict.plan.limit:
        click.echo(f"A trial on the first {counted(verdict.plan.limit, 'content')}: no result to print.")
    rows = []
    for entry in verdict.judged:
        if entry.agreement is None:
            continue
        low, high = entry.agreement.intervals.get("srcc", (float("nan"),) * 2)
        found = entry.agreement
        interval = "-" if low != low else f"{figure(low)}..{figure(high)}"
        cells = [str(entry.rank or "-"), figure(found.srcc), interval, figure(found.krcc)]
        cells += [figure(found.plcc_fitted), figure(found.plcc), str(found.n)]
        rows.append((entry.label, [*cells, duration(entry.time.seconds) if entry.time else "-"]))
    titles = ["rank", "SRCC", "95 %", "KRCC", "PLCC fitted", "raw", "n", "time"]
    layout.show(
        layout.names_and_numbers("metric", titles, rows, layout.terminal_width(to_stderr=False)), to_stderr=False
    )


def _say_left_out(texts: tuple[str, ...], plans: tuple[Plan, ...]) -> None:
    """Which metrics of the groups that were asked for cannot be computed on this machine."""
    from visq.bench.plan import GROUPS, kind_of, meant

    groups = {name.strip().lower() for text in texts for name, _ in metric_option.parse(text)} & {"all", *GROUPS}
    kinds = {one for plan in plans for group in groups for one in meant(group, kind_of(plan.dataset))}
    metric_option.every(*sorted(kinds))


def _make_folder(path: str) -> str:
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"-o {path}: cannot be made: {error.strerror}", hint="Choose a place you may write to."
        ) from error
    return path
