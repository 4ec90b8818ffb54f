"""Metrics with their options as text, the same on the command line and in Python: `ssim:downsample=true,psnr`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from visq.errors import OptionError

Named = tuple[str, dict[str, Any]]


class Chosen(Protocol):
    """A metric with its options bound: `visq.Metric`, or the `Request` of a run."""

    @property
    def id(self) -> str: ...
    @property
    def options(self) -> Mapping[str, Any]: ...
    @property
    def identity(self) -> str: ...


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
            raise OptionError(f"{text!r} names no metric in one place", expected="METRIC[:OPTION=VALUE],...")
        found.append((name.strip(), {}))
        if colon:
            _add_option(found[-1], rest)
    return found


def _add_option(metric: tuple[str, dict[str, Any]], part: str) -> None:
    key, equals, value = part.partition("=")
    if not equals or not key.strip():
        raise OptionError(f"{metric[0]}: {part!r} is not an option", expected="OPTION=VALUE")
    metric[1][key.strip()] = value.strip()


def labels(chosen: Sequence[Chosen]) -> dict[str, str]:
    """A column title for each identity: the name alone, or with its options, as -m takes them, where it comes twice."""
    names = [one.id for one in chosen]
    return {one.identity: one.id + (_given(one) if names.count(one.id) > 1 else "") for one in chosen}


def _given(one: Chosen) -> str:
    given = ",".join(f"{key}={value_text(value)}" for key, value in one.options.items())
    return f":{given}" if given else ""


def value_text(value: Any) -> str:
    """A value of an option as -m takes it: `true`, `none`, `7`."""
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)
