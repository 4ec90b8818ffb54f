"""`-m ssim:downsample=true,psnr`: metrics and their options as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from visq import catalog
from visq.catalog.naming import Named, labels, parse, value_text
from visq.cli.messages import say
from visq.errors import OptionError

if TYPE_CHECKING:
    from visq.run.tasks import Request
    from visq.types import MetricSpec

#: What is measured when `-m` is not given, by kind of metric.
DEFAULTS = {
    "fr": catalog.DEFAULT_FULL_REFERENCE,
    "rr": tuple(catalog.ids("rr")),
    "nr": catalog.DEFAULT_NO_REFERENCE,
}


def requests(texts: Sequence[str], kind: str, default: Sequence[Named] = ()) -> tuple[Request, ...]:
    """What `-m` asks for: every metric once, in order. `all` is `every` metric of the `kind` (fr, rr or nr).

    Where images are compared with references (fr), reduced-reference metrics are welcome too. `default` is measured
    where nothing is asked for; without it, what `DEFAULTS` says.

    Raises
    ------
    UnknownMetricError, OptionError
        A metric or option that does not exist, or a metric of the other kind.
    """
    from visq.run.tasks import request

    named = [item for text in (texts or DEFAULTS[kind]) for item in parse(text)]
    if not texts and default:
        named = list(default)
    expanded: list[tuple[str, dict[str, Any]]] = []
    for name, options in named:
        expanded += [(i, {}) for i in every(kind)] if name == "all" and not options else [(name, options)]
    chosen = [request(name, options) for name, options in expanded]
    for one in chosen:
        _check_kind(one.spec, kind)
    return tuple({one.identity: one for one in chosen}.values())


def every(*kinds: str) -> list[str]:
    """What `all` stands for: the metrics of some kinds that can be computed on this machine.

    The others are named, unless the command that is run was given `-q`.
    """
    from visq.weights.stand_in import computable

    able, reasons = computable(*kinds)
    if not _quiet():
        for reason, names in reasons.items():
            say(f"all: without {', '.join(names)}:", reason)
    return able


def _quiet() -> bool:
    """Whether the command that is run is to say nothing but errors."""
    context = click.get_current_context(silent=True)
    return bool(context is not None and context.params.get("quiet"))


def _check_kind(spec: MetricSpec, wanted: str) -> None:
    if spec.kind == wanted or (wanted == "fr" and spec.kind == "rr"):
        return
    if spec.kind == "video":
        raise OptionError(f"{spec.id} judges video", hint="Use: visq video FILE --reference REFERENCE.")
    if spec.kind == "nr":
        raise OptionError(f"{spec.id} judges an image alone", hint="Use: visq score PATH.")
    if wanted == "rr":
        able = ", ".join(catalog.ids("rr"))
        raise OptionError(f"{spec.id} needs the whole reference", hint=f"Those that do with features: {able}.")
    raise OptionError(f"{spec.id} needs a reference", hint="Use: visq compare REFERENCE DISTORTED.")


__all__ = ["DEFAULTS", "Named", "every", "labels", "parse", "requests", "value_text"]
