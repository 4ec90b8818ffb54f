"""`-m ssim:downsample=true,psnr`: metrics and their options as text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from visq import catalog
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

Named = tuple[str, dict[str, Any]]

_OPTION = re.compile(r"\s*[A-Za-z_]\w*\s*=")


def parse(text: str) -> list[tuple[str, dict[str, Any]]]:
    """Metrics of one comma list, each with its options.

    Examples
    --------
    >>> parse("psnr,ssim:downsample=true,like=skimage,mse")
    [('psnr', {}), ('ssim', {'downsample': 'true', 'like': 'skimage'}), ('mse', {})]
    """
    found: list[tuple[str, dict[str, Any]]] = []
    for part in text.split(","):
        if _OPTION.match(part) and found:
            _add_option(found[-1], part)
            continue
        name, colon, rest = part.partition(":")
        if not name.strip():
            raise OptionError(f"-m {text!r} names no metric in one place", expected="METRIC[:OPTION=VALUE],...")
        found.append((name.strip(), {}))
        if colon:
            _add_option(found[-1], rest)
    return found


def _add_option(metric: tuple[str, dict[str, Any]], part: str) -> None:
    key, equals, value = part.partition("=")
    if not equals or not key.strip():
        raise OptionError(f"{metric[0]}: {part!r} is not an option", expected="OPTION=VALUE")
    metric[1][key.strip()] = value.strip()


def requests(texts: Sequence[str], kind: str, default: Sequence[Named] = ()) -> tuple[Request, ...]:
    """What `-m` asks for: every metric once, in order. `all` is every metric of the `kind` (fr, rr or nr).

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
        expanded += [(i, {}) for i in catalog.ids(kind)] if name == "all" and not options else [(name, options)]
    chosen = [request(name, options) for name, options in expanded]
    for one in chosen:
        _check_kind(one.spec, kind)
    return tuple({one.identity: one for one in chosen}.values())


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


def labels(chosen: Sequence[Request]) -> dict[str, str]:
    """A column title for each identity: the name alone, or with its options, as -m takes them, where it comes twice."""
    names = [one.id for one in chosen]
    return {one.identity: one.id + (_given(one) if names.count(one.id) > 1 else "") for one in chosen}


def _given(one: Request) -> str:
    given = ",".join(f"{key}={value_text(value)}" for key, value in one.options.items())
    return f":{given}" if given else ""


def value_text(value: Any) -> str:
    """A value of an option as -m takes it: `true`, `none`, `7`."""
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)
