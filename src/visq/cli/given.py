"""Options as a list that is added to a command, and the command as it was given."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from typing import Any

import click

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def adding(options: Sequence[Decorator]) -> Decorator:
    """The decorator that adds options to a command, in their order."""

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def was_given(name: str) -> bool:
    """Whether a parameter of the running command stood on the command line."""
    source = click.get_current_context().get_parameter_source(name)
    return source is click.core.ParameterSource.COMMANDLINE


def as_given() -> str:
    """The running command as it can be given again: what was not given is left out, paths stay as they were."""
    context = click.get_current_context()
    parts = ["visq", context.command.name or ""]
    for parameter in context.command.params:
        name = parameter.name or ""
        if not was_given(name):
            continue
        value = context.params[name]
        values = value if isinstance(value, tuple) else (value,)
        if isinstance(parameter, click.Argument):
            parts += map(str, values)
            continue
        flag = max(parameter.opts, key=len)
        for one in values:
            parts += [flag] if isinstance(one, bool) else [flag, f"{one:g}" if isinstance(one, float) else str(one)]
    return shlex.join(parts)
