"""The public names, metric names, options, columns and exit codes that other people's code relies on.

``tests/api_surface.json`` is the inventory. What disappears or changes fails here; what is new has to be added:

    python tests/test_api_surface.py        # writes the inventory again

A removal is a breaking change: it needs a line in CHANGELOG.md and a word in the commit.
"""

from __future__ import annotations

import inspect
import json
from dataclasses import fields
from pathlib import Path

INVENTORY = Path(__file__).with_name("api_surface.json")
_ADVICE = "run `python tests/test_api_surface.py` and commit the file"


def surface():
    """Everything public, as sorted plain data."""
    import visq
    from visq import catalog, errors, types
    from visq.cli import COMMANDS, exits, group

    commands = {name: group.get_command(None, name) for name in COMMANDS}
    return {
        "visq": sorted(visq.__all__),
        "visq.catalog": sorted(n for n in vars(catalog) if _public(catalog, n)),
        "visq.errors": sorted(
            n for n, v in vars(errors).items() if isinstance(v, type) and v.__module__ == "visq.errors"
        ),
        "visq.types": sorted(n for n, v in vars(types).items() if isinstance(v, type) and v.__module__ == "visq.types"),
        "MetricSpec": sorted(f.name for f in fields(types.MetricSpec)),
        "ScoreRecord": sorted(f.name for f in fields(types.ScoreRecord)),
        "signatures": {n: _signature(getattr(visq, n)) for n in ("compare", "loss", "metric", "open_image", "score")},
        "metrics": {s.id: sorted(o.name for o in s.options) for s in catalog.specs()},
        "aliases": {a: s.id for s in catalog.specs() for a in s.aliases},
        "command line": {
            name: sorted(o for p in command.params for o in p.opts if p.param_type_name == "option")
            for name, command in commands.items()
        },
        "exit codes": {n: v for n, v in sorted(vars(exits).items()) if n.isupper() and isinstance(v, int)},
    }


def _public(module, name):
    value = getattr(module, name)
    if name.startswith("_"):
        return False
    return (inspect.isfunction(value) and value.__module__ == module.__name__) or name.isupper()


def _signature(function):
    return list(inspect.signature(function).parameters)


def _leaves(tree, path=""):
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield f"{path} / {key}".strip(" /")
            yield from _leaves(value, f"{path} / {key}".strip(" /"))
    elif isinstance(tree, list):
        yield from (f"{path} / {item}" for item in tree)
    else:
        yield f"{path} = {tree}"


def _compared():
    return set(_leaves(json.loads(INVENTORY.read_text(encoding="utf-8")))), set(_leaves(surface()))


def test_nothing_public_has_disappeared():
    known, now = _compared()
    gone = sorted(known - now)
    assert not gone, f"public names are gone, which breaks other people's code: {gone}. If meant: {_ADVICE}"


def test_everything_public_is_in_the_inventory():
    known, now = _compared()
    new = sorted(now - known)
    assert not new, f"new public names: {new}. If meant: {_ADVICE}"


def test_every_public_name_has_a_docstring():
    import visq

    bare = [n for n in visq.__all__ if n != "__version__" and not (getattr(visq, n).__doc__ or "").strip()]
    assert not bare


if __name__ == "__main__":
    INVENTORY.write_text(json.dumps(surface(), indent=2) + "\n", encoding="utf-8")
    print(f"wrote {INVENTORY}")
