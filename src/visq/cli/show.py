"""`visq show METRIC`: everything about one metric."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from typing import Any

import click

from visq import catalog
from visq.catalog.naming import value_text
from visq.cli.list import direction, is_default, kind_text, range_text, spec_fields
from visq.types import MetricSpec, Option, Verification
from visq.weights.inventory import Need, needs

#: How one of `catalog.UNLISTED` is asked for.
_OWN = "{}:model=FILE"
_STATUS = {"verified": "checked against", "self": "our own earlier value:", "unverified": "not checked:"}


@click.command("show")
@click.argument("metric", metavar="METRIC")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with every field.")
def command(metric: str, as_json: bool) -> None:
    """Tell all about one METRIC.

    Range, direction, input, options with their defaults, what it was verified against, its parameters with
    hash and licence, its paper, and how to call it.
    """
    spec = catalog.get(metric)
    if as_json:
        fields = spec_fields(spec)
        fields["examples"] = examples(spec)
        for weights, need in zip(fields["weights"], needs(spec), strict=True):
            weights["found"] = str(need.found[1]) if need.found else None
        click.echo(json.dumps(fields, indent=2))
        return
    for line in _lines(spec):
        click.echo(line)


def _lines(spec: MetricSpec) -> Iterator[str]:
    yield click.style(f"{spec.id}  {spec.name}", bold=True)
    yield from _wrapped(spec.summary)
    yield ""
    yield from (f"{label:<12}{value}" for label, value in facts(spec) if value)
    if spec.notes:
        yield from ("", *_wrapped(spec.notes))
    if spec.parts:
        yield from ("", "Sub-scores", *(f"  {part.name}: {part.help}" for part in spec.parts))
    yield from ("", "Options")
    yield from (f"  {line}" for option in spec.options for line in _option_lines(option))
    if spec.options:
        example = f"-m {spec.id}:{spec.options[0].name}={_example_value(spec.options[0])}"
        yield from _wrapped(f"As in {example}; further ones follow after commas: a=1,b=2.", "  ")
        yield "  Write true, false or none for Python's True, False, None."
    else:
        yield "  none"
    if spec.likes:
        yield from ("", "Numbers of other programs")
        yield from (f"  {line}" for line in _like_lines(spec))
    if spec.weights:
        yield from ("", "Parameters")
        for w, need in zip(spec.weights, needs(spec), strict=True):
            yield f"  {w.filename}"
            if w.sha256:
                yield f"    sha256 {w.sha256}"
            yield f"    licence {w.licence}"
            yield from _wrapped(f"origin {w.origin}", "    ")
            places = _places(need) if spec.id not in catalog.UNLISTED else (f"none ships: {_OWN.format(spec.id)}",)
            yield from (f"    {line}" for line in places)
    yield from ("", "Verification")
    for v in spec.verification:
        yield from _wrapped(verification_text(v), "  ")
    if not spec.verification:
        yield "  none: the numbers have not been compared with anybody else's"
    found = examples(spec)
    yield from ("", "Command line", *(f"  {line}" for line in found["cli"].splitlines()), "", "Python")
    yield from (f"  {line}" for line in found["python"].splitlines())


def _places(need: Need) -> Iterator[str]:
    """Where the parameters lie here, or how they can be had."""
    instead = [weights.filename for weights in need.files[1:]]
    if instead:
        yield f"or {', or '.join(instead)}"
    if need.found is not None:
        yield f"found {need.found[1]}"
    elif need.offered.hub or need.offered.url:
        yield f"missing here: visq weights fetch {need.offered.filename}"
    else:
        yield "missing here: put it into a folder and name that in VISQ_WEIGHTS"


def _repeatable(spec: MetricSpec) -> str:
    if not spec.deterministic:
        return "no"
    return "bitwise, on the same number of threads" if spec.extra == "torch" else "bitwise"


def _needs(spec: MetricSpec) -> str:
    if not spec.extra:
        return ""
    graph = f", or a graph: visq export {spec.id}" if spec.graph else ""
    return f"pip install 'visq[{spec.extra}]'{graph}"


def facts(spec: MetricSpec) -> list[tuple[str, str]]:
    """Label and value of each fact that has one line."""
    best = "" if spec.best is None else f"; an identical pair gives {spec.best:g}"
    note = f" ({spec.input.note})" if spec.input.note else ""
    side = "any" if spec.min_side == 1 else f"from {spec.min_side}x{spec.min_side} pixels"
    has_map = f"yes, {'lower' if spec.map_lower_is_better else 'higher'} is better in it" if spec.has_map else "no"
    return [
        ("kind", kind_text(spec)),
        ("default", "measured where no metric is named" if is_default(spec) else ""),
        ("better", f"{direction(spec)} is better"),
        ("range", range_text(spec) + best),
        ("input", ("luma (one channel)" if spec.input.colour == "luma" else "all colour channels") + note),
        ("image size", side),
        ("interval", "with each score: lower, upper, level" if spec.interval else ""),
        ("sub-scores", ", ".join(part.name for part in spec.parts)),
        ("map", has_map),
        ("gradient", "yes, with torch tensors" if spec.differentiable else "no"),
        ("symmetric", "yes" if spec.symmetric else "no" if spec.takes_reference else ""),
        ("repeatable", _repeatable(spec)),
        ("version", spec.version),
        ("identity", spec.identity()),
        ("aliases", ", ".join(spec.aliases)),
        ("fixed", ", ".join(f"{name}={value}" for name, value in spec.presets)),
        ("needs", _needs(spec)),
        ("paper", spec.paper),
        ("code", spec.code_licence),
    ]


def option_text(option: Option) -> str:
    """`name=default` and what else it may be."""
    others = f" (one of {', '.join(map(str, option.choices))})" if option.choices else f" ({option.type})"
    return f"{option.name}={option.default}{others}"


def _example_value(option: Option) -> str:
    """A value that may be given, and another than the default where that is sure to be allowed."""
    others = [choice for choice in option.choices or (True, False) if choice != option.default]
    if (option.choices or option.type == "bool") and others:
        return value_text(others[0])
    if option.type == "path" or (option.type == "str" and option.default is None):
        return "FILE" if option.type == "path" else "TEXT"
    return value_text(option.default)


def verification_text(verification: Verification) -> str:
    """What it was checked against and how near it came."""
    return f"{_STATUS[verification.status]} {verification.against}: {verification.within}"


def _option_lines(option: Option) -> Iterator[str]:
    yield option_text(option)
    yield from _wrapped(option.help, "    ")


def _like_lines(spec: MetricSpec) -> Iterator[str]:
    """One entry for each program: what it is, what it does otherwise, the options that do so too."""
    width = max(len(like.name) for like in spec.likes) + 2
    indent = " " * width
    for like in spec.likes:
        lines = textwrap.wrap(like.call, 94 - width, break_on_hyphens=False)
        yield like.name.ljust(width) + lines[0]
        yield from (indent + line for line in lines[1:])
        options = ",".join(f"{name}={value_text(value)}" for name, value in like.options) or "the defaults"
        yield from textwrap.wrap(f"differs: {like.differs}", 94, initial_indent=indent, subsequent_indent=indent)
        yield from textwrap.wrap(
            f"options: {options}", 94, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
        )
        yield f"{indent}agrees within {like.within}"
    yield from _wrapped(f"As in -m {spec.id}:like={spec.likes[-1].name}, or visq.metric({spec.id!r}, "
                        f"like={spec.likes[-1].name!r}).")  # fmt: skip


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(text, 96, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)


def examples(spec: MetricSpec) -> dict[str, Any]:
    """One line for the shell and a few for Python."""
    name = _OWN.format(spec.id) if spec.id in catalog.UNLISTED else spec.id
    if spec.kind == "rr":
        keep = f"visq features reference.png -m {name} -o reference.json"
        return {
            "cli": f"{keep}\nvisq compare --features reference.json distorted.jpg -m {name}",
            "python": f'import visq\nmetric = visq.metric("{name}")\nfeatures = metric.extract("reference.png")\n'
            'metric.compare(features, "distorted.jpg")',
        }
    if spec.kind == "video":
        return {
            "cli": f"visq video distorted.mp4 --reference reference.mp4 -m {name}",
            "python": f'import visq\nvisq.compare_videos("reference.mp4", "distorted.mp4", "{name}")',
        }
    if spec.kind == "fr":
        return {
            "cli": f"visq compare reference.png distorted.jpg -m {name}",
            "python": f'import visq\nvisq.compare("reference.png", "distorted.jpg", "{name}")',
        }
    return {
        "cli": f"visq score photo.jpg -m {name}",
        "python": f'import visq\nvisq.score("photo.jpg", "{name}")',
    }
