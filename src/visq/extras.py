"""Optional dependencies, imported where they are used: the one sentence that is said where one is missing."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from visq.errors import MissingExtraError


def require(module: str, what: str, extra: str, *, otherwise: str = "") -> Any:
    """Import a module of an extra.

    Parameters
    ----------
    module : str
        As `import` takes it.
    what : str
        What needs it: the beginning of the sentence.
    extra : str
        Name of the extra that brings it.
    otherwise : str
        What else can be done, after "or".

    Raises
    ------
    visq.errors.MissingExtraError
        It is not installed, or does not load.

    Examples
    --------
    >>> require("math", "a sine", "torch").sin(0.0)
    0.0
    >>> require("no_such_thing", "drawing curves", "plot", otherwise="leave --plot out")
    Traceback (most recent call last):
        ...
    visq.errors.MissingExtraError: drawing curves needs no_such_thing, which is not installed. Run: pip install ...
    """
    try:
        return import_module(module)
    # Builds for another machine fail with the other two.
    except (ImportError, OSError, RuntimeError) as error:
        name = module.partition(".")[0]
        absent = isinstance(error, ModuleNotFoundError) and error.name in (name, module)
        raise MissingExtraError(
            f"{what} needs {name}, which {'is not installed' if absent else 'does not load'}",
            got="" if absent else str(error),
            hint=f"Run: pip install 'visq[{extra}]'{', or ' if otherwise else ''}{otherwise}.",
        ) from error
