"""`--fail-under niqe=6`: scores that make the exit code 3."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from visq import catalog
from visq.cli import metric_option
from visq.errors import OptionError

if TYPE_CHECKING:
    from visq.run.tasks import Request
    from visq.store.journal import Journal


@dataclass(frozen=True)
class Gate:
    """The worst score a metric may have. Worse is lower, or higher where the metric's direction says so."""

    metric: str
    limit: float
    lower_is_better: bool
    identity: str

    def __str__(self) -> str:
        return f"{self.metric} {'<=' if self.lower_is_better else '>='} {self.limit:g}"


@dataclass(frozen=True)
class Verdict:
    """How many images were worse than a gate allows, and the worst of them."""

    gate: Gate
    failures: int
    image: str
    value: float


def parse(texts: Sequence[str], chosen: Sequence[Request]) -> list[Gate]:
    """Gates from `METRIC=VALUE` texts (a comma list each).

    METRIC is a name, which gates every variant of it that is measured, each by itself, or one variant with its options
    as `-m` has it: `ssim:downsample=true=0.95`.

    Raises
    ------
    OptionError
        Not of that form, or a metric that is not being measured.
    """
    return [gate for text in texts for part in _parts(text) for gate in _gates(part, chosen)]


def _parts(text: str) -> Iterator[str]:
    """Gates of a comma list. Commas stand between the options of one gate too: it goes on until its VALUE."""
    part = ""
    for piece in text.split(","):
        part = f"{part},{piece}" if part else piece
        _, colon, options = part.rpartition("=")[0].partition(":")
        if ":" in part and not (colon and "=" in options.rpartition(",")[2]):
            continue
        yield part
        part = ""
    if part:
        yield part


def _gates(text: str, chosen: Sequence[Request]) -> list[Gate]:
    name, equals, value = text.rpartition("=")
    try:
        limit = float(value)
    except ValueError:
        limit = float("nan")
    if not equals or limit != limit:
        raise OptionError("--fail-under is not readable", expected="METRIC=VALUE, as in niqe=6", got=repr(text))
    titles = metric_option.labels(chosen)
    gated = [one for one in chosen if _meant(name, one)]
    if not gated:
        raise OptionError(
            f"--fail-under {text}: {name} is not being measured",
            hint=f"Add -m {name}, or gate: {' '.join(titles.values())}.",
        )
    return [Gate(titles[one.identity], limit, one.spec.lower_is_better, one.identity) for one in gated]


def _meant(name: str, one: Request) -> bool:
    if ":" not in name:
        return catalog.get(name).id == one.id
    from visq.run.tasks import request

    (metric, options), *others = metric_option.parse(name)
    if others:
        raise OptionError(f"--fail-under {name}: {others[0][0]} has no VALUE", expected="METRIC=VALUE, as in niqe=6")
    return request(metric, options).identity == one.identity


def check(gates: Sequence[Gate], journal: Journal) -> list[Verdict]:
    """The gates that failed. A score equal to the limit passes."""
    return [v for gate in gates if (v := _check(gate, journal)) is not None]


def _check(gate: Gate, journal: Journal) -> Verdict | None:
    worse, order = (">", "DESC") if gate.lower_is_better else ("<", "ASC")
    condition = f"status = 'ok' AND identity = ? AND value {worse} ?"
    given = (gate.identity, gate.limit)
    [[failures]] = journal.query(f"SELECT count(*) FROM current WHERE {condition}", given)
    if not failures:
        return None
    [[image, value]] = journal.query(
        f"SELECT image, value FROM current WHERE {condition} ORDER BY value {order}, item LIMIT 1", given
    )
    return Verdict(gate, failures, image, value)
