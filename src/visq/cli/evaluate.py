"""`visq evaluate`: how well scores agree with people."""

# Names stay the text that was given: pathlib would rewrite "./a".
# ruff: noqa: PTH110, PTH112, PTH118, PTH119

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from visq.cli import exits
from visq.cli.given import adding
from visq.cli.messages import counted, say
from visq.errors import OptionError, StoreError, VisqWarning

if TYPE_CHECKING:
    from visq.cli.evaluate_join import Joined, Labels
    from visq.cli.evaluate_report import Measured
    from visq.cli.evaluate_tables import Scores, Table

_EXAMPLES = """\b
Examples:
  visq evaluate scores.csv mos.csv
  visq evaluate scores.csv dmos.csv --labels-lower-is-better --groups reference --by distortion
  visq evaluate scores.csv mos.csv --compare --groups reference -o result.json
  visq evaluate other-tool.csv mos.csv --metric-column lpips --lower-is-better
  visq evaluate submission.zip labels.txt --protocol ntire2022
"""

_EPILOG = """\b
Exit codes:
  0    every labelled image has a score
  1    some labelled images have none (without --allow-missing), or the result could not be written
  2    wrong usage, names that are ambiguous, too few images: nothing was evaluated
  130  interrupted by Ctrl-C; 143 by SIGTERM
"""

_LEAST = 3
_METHODS = ("bootstrap", "williams", "meng", "steiger", "f", "pitman")

_OPTIONS = (
    click.option("-m", "--metric-column", "metrics", multiple=True, metavar="NAME,...",
                 help="What to evaluate: metrics of a table of visq, columns of another.  [default: all there are]"),
    click.option("--label-column", default="", metavar="COLUMN",
                 help="Column of LABELS with the scores of people.  [default: score, or the only column of numbers]"),
    click.option("--key", default="", metavar="COLUMN",
                 help="Column with the name of the image.  [default: image, or the first]"),
    click.option("--groups", default="", metavar="COLUMN",
                 help="Column of LABELS with the content: intervals and tests are over contents then, not images."),
    click.option("--by", multiple=True, metavar="COLUMN",
                 help="Break the result down by a column of LABELS, as the distortion; repeat it for several."),
    click.option("--std-column", default="", metavar="COLUMN",
                 help="Column of LABELS with the standard deviation of the votes: gives the outlier ratio."),
    click.option("--lower-is-better", is_flag=True,
                 help="The scores fall as quality rises. A table of visq says so itself."),
    click.option("--lower", multiple=True, metavar="NAME,...", help="Columns that do, where others do not."),
    click.option("--labels-lower-is-better", is_flag=True, help="The labels fall as quality rises (DMOS)."),
    click.option("--match", type=click.Choice(["exact", "nocase", "stem"]), default="exact", show_default=True,
                 help="How names meet: as they are, in any case, or without their extension too."),
    click.option("--allow-missing", is_flag=True, help="Labelled images without a score do not make the exit code 1."),
    click.option("--fit", "model", type=click.Choice(["logistic5", "logistic4", "poly3", "none"]), default="logistic5",
                 show_default=True, help="Curve fitted before PLCC and RMSE; where it cannot be, the result says so."),
    click.option("--compare", is_flag=True, help="Test every pair of metrics on the images that all have scored."),
    click.option("--method", type=click.Choice(_METHODS), default="bootstrap", show_default=True,
                 help="The test of --compare."),
    click.option("--measure", type=click.Choice(["srcc", "plcc", "krcc"]), default="srcc", show_default=True,
                 help="What --compare tests."),
    click.option("--correction", type=click.Choice(["holm", "bonferroni", "bh", "none"]), default="holm",
                 show_default=True, help="For the number of pairs that --compare tests."),
    click.option("--level", type=click.FloatRange(0, 1, min_open=True, max_open=True), default=0.95, show_default=True,
                 help="Of the intervals."),
    click.option("--samples", type=click.IntRange(min=0), default=1000, show_default=True, metavar="N",
                 help="Resamples for the intervals; 0 gives none."),
    click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, metavar="N",
                 help="Of the resamples."),
    click.option("--protocol", type=click.Choice(["default", "ntire2022"]), default="default", show_default=True,
                 help="`ntire2022`: main score, PLCC + SRCC over PIPAL's images pooled; SCORES may be a submission."),
    click.option("--plcc", type=click.Choice(["raw", "poly3"]), default="raw", show_default=True,
                 help="PLCC of --protocol ntire2022: of the scores as they are, or after a cubic."),
    click.option("--absolute", is_flag=True, help="Take the signs off the correlations of --protocol ntire2022."),
    click.option("-o", "--output", metavar="FILE", help="Write the result to FILE: .json has all, .csv the table."),
    click.option("--overwrite", is_flag=True, help="Replace the file of -o."),
    click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."),
    click.option("-q", "--quiet", is_flag=True, help="No notes; what has no score is still said."),
)  # fmt: skip


@click.command(name="evaluate", epilog=f"{_EXAMPLES}\n{_EPILOG}")
@click.argument("scores", type=click.UNPROCESSED, metavar="SCORES")
@click.argument("labels", type=click.UNPROCESSED, metavar="LABELS")
@adding(_OPTIONS)
def command(scores: str, labels: str, **given: Any) -> int:
    """Tell how well scores agree with people.

    SCORES is a table of `visq score` or `visq compare` (CSV, JSONL, JSON, Parquet, SQLite), or any CSV with a column of
    names and columns of numbers. LABELS is such a table with what people said. They are joined by the name of the file,
    and by as much of its folder as tells the images apart; what has no partner is said.

    Each metric gets a row: n, SRCC, KRCC, PLCC as it is and after a fit, RMSE after the fit, with bootstrap intervals.
    A correlation is positive where metric and people agree.
    """
    metrics, lower = ([name.strip() for text in given[k] for name in text.split(",")] for k in ("metrics", "lower"))
    given |= {"metrics": [name for name in metrics if name], "lower": {name for name in lower if name}}
    _check_output(given, scores, labels)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", VisqWarning)  # the notes of the results say the same
        return (_ntire2022 if given["protocol"] == "ntire2022" else _default)(scores, labels, given)


def _default(scores: str, labels: str, given: dict[str, Any]) -> int:
    from visq.cli import evaluate_report as report
    from visq.cli.evaluate_join import Joiner, labels_of
    from visq.cli.evaluate_tables import read, scores_of

    _only_for("ntire2022", given, plcc="raw", absolute=False)
    told = read(labels)
    key = _key(told, given["key"], required=True)
    people = labels_of(
        told, key, given["label_column"], groups=given["groups"], std=given["std_column"], by=given["by"]
    )
    table = read(scores)
    same = os.path.realpath(scores) == os.path.realpath(labels)
    beside = [people.column, given["groups"], given["std_column"], *given["by"]] if same else []
    found = scores_of(table, _key(table, given["key"]), given["metrics"], beside)
    if not found:
        raise OptionError(f"{scores} holds no scores", expected="a column of numbers beside the names")
    joiner = Joiner(people, given["match"])
    joined = [joiner.join(one) for one in _directed(found, given)]
    measured = [_measure(one, people, given) for one in joined]
    matrix = _matrix(joined, people, given) if given["compare"] else None
    result = report.Result(scores, labels, given, people.column, measured, matrix)
    lines = report.coverage_lines(joined, people)
    return _finish(result, given, lines, [one.missing for one in joined])


def _measure(joined: Joined, people: Labels, given: dict[str, Any]) -> Measured:
    from visq.cli.evaluate_report import Measured
    from visq.evaluate import agreement, breakdown

    kept = [i for i, value in enumerate(joined.values) if value == value]
    if len(kept) < _LEAST:
        raise OptionError(
            f"{joined.scores.label}: too few images with a score and a label", expected=f"at least {_LEAST}",
            got=f"{len(kept)} of {len(joined.values)}", hint="-m names what to evaluate.",
        )  # fmt: skip
    x, y = [joined.values[i] for i in kept], [people.scores[i] for i in kept]
    common: dict[str, Any] = {
        "lower_is_better": bool(joined.scores.lower_is_better), "level": given["level"], "samples": given["samples"],
        "scores_lower_is_better": given["labels_lower_is_better"], "model": given["model"], "seed": given["seed"],
        "std": None if people.std is None else [people.std[i] for i in kept],
    }  # fmt: skip
    groups = None if people.groups is None else [people.groups[i] for i in kept]
    parts = {}
    for column, cells in people.by.items():
        own = None if column == given["groups"] else groups
        parts[column] = breakdown(x, y, [cells[i] for i in kept], groups=own, **common)
    return Measured(joined, agreement(x, y, groups=groups, **common), parts)


def _matrix(joined: Sequence[Joined], people: Labels, given: dict[str, Any]) -> Any:
    from visq.evaluate import significance_matrix

    if len(joined) < 2:
        raise OptionError("--compare needs two metrics or more", got=joined[0].scores.label)
    kept = [i for i in range(len(people.names)) if all(one.values[i] == one.values[i] for one in joined)]
    return significance_matrix(
        {one.scores.label: [one.values[i] for i in kept] for one in joined}, [people.scores[i] for i in kept],
        groups=None if people.groups is None else [people.groups[i] for i in kept], method=given["method"],
        measure=given["measure"], correction=given["correction"], seed=given["seed"], model=given["model"],
        lower_is_better={one.scores.label: bool(one.scores.lower_is_better) for one in joined},
        scores_lower_is_better=given["labels_lower_is_better"],
    )  # fmt: skip


def _ntire2022(scores: str, labels: str, given: dict[str, Any]) -> int:
    from visq.cli import evaluate_report as report
    from visq.cli.evaluate_join import labels_of
    from visq.cli.evaluate_tables import Scores, read, scores_of
    from visq.evaluate.ntire2022 import main_score, read_labels, read_submission

    nothing = {"groups": "", "by": (), "std_column": "", "compare": False, "labels_lower_is_better": False}
    _only_for("default", given, **nothing, match="exact", allow_missing=False, model="logistic5")
    if os.path.isdir(labels) or labels.lower().endswith(".txt"):
        truth = read_labels(labels)
    else:
        told = read(labels)
        people = labels_of(told, _key(told, given["key"], required=True), given["label_column"])
        truth = _by_file_name(zip(people.names, people.scores, strict=True), labels)
    if os.path.isdir(scores) or scores.lower().endswith((".zip", ".txt")):
        if given["metrics"]:
            raise OptionError("--metric-column belongs to tables", got=f"a submission, {scores}, which has one score")
        submission = read_submission(scores)
        found = [Scores("submission", "", None, list(submission.scores.items()))]
    else:
        table = read(scores)
        found = scores_of(table, _key(table, given["key"]), given["metrics"])
    rows = []
    for one in _directed(found, given):
        values = [(os.path.basename(name.replace("\\", "/")), value) for name, value in one.values]
        outcome = main_score(
            values, truth, plcc=given["plcc"], absolute=given["absolute"], lower_is_better=bool(one.lower_is_better)
        )
        rows.append((one, outcome))
    return _finish(report.ChallengeResult(scores, labels, given, rows), given, [], [])


def _by_file_name(pairs: Any, source: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, value in pairs:
        file = os.path.basename(name.replace("\\", "/"))
        if file in found:
            raise OptionError(f"{source}: {file} is labelled more than once")
        found[file] = value
    return found


def _finish(result: Any, given: dict[str, Any], lines: Sequence[str], missing: Sequence[Sequence[str]]) -> int:
    code = exits.OK
    if given["output"]:
        try:
            result.write(given["output"])
        except StoreError as error:
            say(f"{error.message}. Choose a place you may write to.")
            code = exits.SOME_FAILED
    result.show()
    for line in lines:
        say(line)
    if not given["quiet"]:
        for note in result.notes():
            say(note.replace("lower_is_better=True", "--lower-is-better"))
        if given["output"] and code == exits.OK:
            say(f"the result of {counted(len(result.labels_shown()), 'metric')} is in {given['output']}")
    return exits.SOME_FAILED if any(missing) and not given["allow_missing"] else code


def _directed(found: Sequence[Scores], given: dict[str, Any]) -> list[Scores]:
    """Scores whose direction is settled: by the table, or by what was given."""
    unknown = given["lower"] - {one.label for one in found}
    if unknown:
        raise OptionError(
            f"--lower {sorted(unknown)[0]}: no such scores", expected=", ".join(one.label for one in found)
        )
    for one in found:
        asked = given["lower_is_better"] or one.label in given["lower"]
        if one.lower_is_better is None:
            one.lower_is_better = asked
        elif asked and not one.lower_is_better:
            raise OptionError(
                f"the table says that {one.label} rises with quality", hint="Leave --lower-is-better and --lower away."
            )
    return list(found)


def _key(table: Table, wanted: str, *, required: bool = False) -> str:
    if wanted and (required or wanted in table.columns):
        table.column(wanted)  # refused where there is none
        return wanted
    return "image" if "image" in table.columns else table.columns[0]


def _only_for(protocol: str, given: dict[str, Any], **unset: Any) -> None:
    """Refuse options that the chosen protocol does not heed."""
    for name, value in unset.items():
        if given[name] != value:
            option = "fit" if name == "model" else name.replace("_", "-")
            raise OptionError(f"--{option} belongs to --protocol {protocol}")


def _check_output(given: dict[str, Any], *inputs: str) -> None:
    path = given["output"]
    if not path:
        if given["overwrite"]:
            raise OptionError("--overwrite needs -o FILE, which it is about")
        return
    if not path.lower().endswith((".json", ".csv")):
        raise OptionError(f"-o {path}: unknown kind of table", expected="a name ending in .json or .csv")
    if os.path.isdir(path):
        raise StoreError(f"{path} is a folder", hint="Name a file: " + os.path.join(path, "result.json"))
    if os.path.exists(path) and not given["overwrite"]:
        raise StoreError(f"{path} exists already", hint="--overwrite replaces it.")
    if os.path.realpath(path) in map(os.path.realpath, inputs):
        raise OptionError(f"-o {path}: that is a table to be read", hint="Write the result to another file.")
