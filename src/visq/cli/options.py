"""Options that `visq score` and `visq compare` share, and what they come to."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import click

from visq.cli import gates, metric_option
from visq.cli.given import Decorator, adding
from visq.cli.session import Settings
from visq.errors import OptionError
from visq.run.tasks import Reading
from visq.store.destination import Destination

_OPTIONS = (
    click.option("-o", "--output", metavar="FILE",
                 help="Write every score to FILE: .csv, .jsonl, .parquet or .sqlite."),
    click.option("--resume", is_flag=True,
                 help="Go on with the table FILE: only what is missing, and files that changed, are scored."),
    click.option("--overwrite", is_flag=True, help="Replace the table FILE."),
    click.option("--retry-errors", is_flag=True, help="With --resume: score again what failed before."),
    click.option("-j", "--jobs", metavar="N",
                 help="Images to score at the same time; `auto` for one a core.  [default: one, and after a second as "
                      "many as VISQ_THREADS or the cores allow; large ones, and metrics on torch, one at a time]"),
    click.option("--timeout", type=click.FloatRange(min=0), default=30.0, show_default=True, metavar="SECONDS",
                 help="Give a score up after this long, of images of more than 12 megapixels in proportion longer; "
                      "0 never does."),
    click.option("--json", "as_json", is_flag=True, help="Print one JSON array with a record for each score."),
    click.option("--fail-under", multiple=True, metavar="METRIC=VALUE",
                 help="Exit with 3 if any image is worse than VALUE: below it where higher is better, above it where "
                      "lower is better. `niqe=6` fails at 6.1, `ssim=0.95` at 0.94. METRIC may be one variant "
                      "as -m has it (`ssim:downsample=true=0.95`); a bare name gates each variant of it."),
    click.option("--max-pixels", type=click.IntRange(min=1), metavar="N",
                 help="Refuse images with more pixels.  [default: 64000000]"),
    click.option("--limit", "limits", multiple=True, metavar="NAME=N",
                 help="Set another limit of the reader: max_bytes, max_scans, max_frames, max_strips, max_segments."),
    click.option("--allow-truncated", is_flag=True, help="Score what can be read of a truncated file, and mark it."),
    click.option("-q", "--quiet", is_flag=True, help="No progress, summary or notes; errors are still printed."),
)  # fmt: skip


all_files = click.option(
    "--all-files", is_flag=True, help="In folders, take hidden files and those without a picture's extension too."
)


def shared(kind: str) -> Decorator:
    """The decorator that adds them all to a command that measures metrics of one `kind` (fr or nr)."""
    metric = click.option(
        "-m",
        "--metric",
        "metrics",
        multiple=True,
        metavar="METRIC[:OPTION=VALUE],...",
        help="What to measure; repeat it or use commas; `all` for all. `visq list` names them.  "
        f"[default: {','.join(metric_option.DEFAULTS[kind])}]",
    )

    return adding((metric, *_OPTIONS))


def settings(
    kind: str, given: dict[str, Any], *, features: bool = False, default: Sequence[metric_option.Named] = ()
) -> Settings:
    """Checked settings from the shared options of a command that measures metrics of one `kind` (fr, rr or nr).

    With `features`, references are files of features. `default` is measured where -m is not given.
    """
    if given["resume"] and given["overwrite"]:
        raise OptionError("--resume and --overwrite exclude each other")
    for flag in ("resume", "overwrite"):
        if given[flag] and not given["output"]:
            raise OptionError(f"--{flag} needs -o FILE, the table it is about")
    if given["retry_errors"] and not given["resume"]:
        raise OptionError("--retry-errors goes with --resume")
    if math.isnan(given["timeout"]):
        raise OptionError("--timeout is not a time", expected="seconds, 0 for no limit", got="nan")
    chosen = metric_option.requests(given["metrics"], kind, default)
    limits = _limits(given["limits"])
    if given["max_pixels"]:
        limits["max_pixels"] = given["max_pixels"]
    return Settings(
        requests=chosen,
        reading=Reading(limits, given["allow_truncated"], features),
        destination=Destination(given["output"] or ""),
        gates=tuple(gates.parse(given["fail_under"], chosen)),
        resume=given["resume"],
        overwrite=given["overwrite"],
        retry_errors=given["retry_errors"],
        jobs=job_count(given["jobs"]) if given["jobs"] else None,
        timeout=given["timeout"],
        as_json=given["as_json"],
        quiet=given["quiet"],
    )


def _limits(texts: Sequence[str]) -> dict[str, int]:
    from visq.media.limits import Limits

    names = [f.name for f in fields(Limits)]
    limits: dict[str, int] = {}
    for text in texts:
        name, _, value = text.partition("=")
        name = name.strip().replace("-", "_")
        if name not in names or not value.strip().isdecimal() or int(value) < 1:
            raise OptionError(
                "--limit is not readable", expected=f"NAME=N, NAME one of {', '.join(names)}", got=repr(text)
            )
        limits[name] = int(value)
    return limits


def job_count(text: str) -> int:
    """What `--jobs` comes to: a number, or `auto` for the cores that this process may use."""
    if text == "auto":
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if not text.isdecimal() or int(text) < 1:
        raise OptionError("--jobs is not a number of processes", expected="an integer >= 1, or auto", got=repr(text))
    return int(text)
