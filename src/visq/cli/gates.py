"""`--fail-under niqe=6`: scores that make the exit code 3."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from visq import catalog
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

    Raises
    ------
    OptionError
        Not of that form, or a metric that is not being measured.
    """
    measured = {one.id for one in chosen}
    return [_gate(part, measured) for text in texts for part in text.split(",")]


def _gate(text: str, measured: set[str]) -> Gate:
    name, equals, value = text.partition("=")
    try:
        limit = float(value)
    except ValueError:
        limit = float("nan")
    if not equals or limit != limit:
        raise OptionError("--fail-under is not readable", expected="METRIC=VALUE, as in niqe=6", got=repr(text))
    spec = catalog.get(name)
    if spec.id not in measured:
        raise OptionError(
            f"--fail-under {text}: {spec.id} is not being measured",
            hint=f"Add -m {spec.id}, or gate: {', '.join(measured)}.",
        )
    return Gate(spec.id, limit, spec.lower_is_better)


def check(gates: Sequence[Gate], journal: Journal, chosen: Sequence[Request]) -> list[Verdict]:
    """The gates that failed. A score equal to the limit passes."""
    return [v for gate in gates if (v := _check(gate, journal, chosen)) is not None]


def _check(gate: Gate, journal: Journal, chosen: Sequence[Request]) -> Verdict | None:
    identities = [one.identity for one in chosen if one.id == gate.metric]
    worse, order = (">", "DESC") if gate.lower_is_better else ("<", "ASC")
    marks = ", ".join("?" * len(identities))
    condition = f"status = 'ok' AND identity IN ({marks}) AND value {worse} ?"
    [[failures]] = journal.query(f"SELECT count(*) FROM current WHERE {condition}", (*identities, gate.limit))
    if not failures:
        return None
    [[image, value]] = journal.query(
        f"SELECT image, value FROM current WHERE {condition} ORDER BY value {order}, item LIMIT 1",
        (*identities, gate.limit),
    )
    return Verdict(gate, failures, image, value)
