"""Recipes by the name under which they ship, or out of a Python file of one's own."""

from __future__ import annotations

import difflib
import os
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from visq.errors import OptionError, VisqError
from visq.paths import expanded, is_file
from visq.train.recipe import Recipe, digest
from visq.train.shipped import SHIPPED

NAME = "RECIPE"


def load(name: str | os.PathLike[str]) -> Recipe:
    """A recipe that ships, by name, or the `RECIPE` of a Python file, by path. The file is run.

    Raises
    ------
    OptionError
        No such name or file, a file that cannot be run, or that sets no `RECIPE`.

    Examples
    --------
    >>> load("example").name
    'example'
    >>> load("exampel")
    Traceback (most recent call last):
        ...
    visq.errors.OptionError: no recipe is called 'exampel'. Did you mean 'example'? ...
    """
    text = os.fspath(name)
    if text in SHIPPED:
        module = import_module(SHIPPED[text].module)
        source = Path(module.__file__ or "").read_bytes()
    else:
        path = expanded(text)
        if path.suffix != ".py" or not is_file(path):
            raise _unknown(text, path)
        try:
            source = path.read_bytes()
        except OSError as error:
            raise OptionError(f"{path} cannot be read", got=error.strerror or str(error)) from error
        module = _run(path, source)
    recipe = getattr(module, NAME, None)
    if not isinstance(recipe, Recipe):
        raise OptionError(
            f"{text} holds no recipe", expected=f"{NAME} = visq.train.Recipe(...)",
            got="" if recipe is None else type(recipe).__name__,
        )  # fmt: skip
    return replace(recipe, source=digest(source))


def _run(path: Path, source: bytes) -> ModuleType:
    # Under a name of its own, so that functions of the file can be named, and no other module is hidden.
    name = f"visq_recipe_{path.stem}"
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module
    try:
        # Not by an import, which may run what it keeps in __pycache__ of the file as it was a second ago.
        exec(compile(source, str(path), "exec", dont_inherit=True), module.__dict__)
    except VisqError as error:
        raise error.with_context(str(path)) from error
    except (Exception, SystemExit) as error:  # whatever the file does
        raise OptionError(
            f"{path} cannot be run", got=f"{type(error).__name__}: {error}{_line(error, path)}"
        ) from error
    return module


def _line(error: BaseException, path: Path) -> str:
    """In which line of the file it happened."""
    line: Any = None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return f" (line {line})" if line else ""


def _unknown(text: str, path: Path) -> OptionError:
    near = difflib.get_close_matches(text, SHIPPED, n=1, cutoff=0.5)
    if path.suffix == ".py":
        return OptionError(f"{text} is not there", expected="the Python file of a recipe")
    hint = f"Did you mean {near[0]!r}? " if near else ""
    hint += f"Shipped: {', '.join(SHIPPED)}; others by their file, NAME.py."
    return OptionError(f"no recipe is called {text!r}", hint=hint)


__all__ = ["load"]
