"""Rules that every compiled kernel keeps, read from its source."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import visq

_FILES = sorted((Path(visq.__file__).parent / "ops").glob("_numba_*.py"))


def _kernels(path):
    """Compiled functions of a file by name, and the text of their decorator."""
    found = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            text = " ".join(ast.unparse(d) for d in node.decorator_list)
            if "njit" in text:
                found[node.name] = node, text
    return found


@pytest.mark.parametrize("path", _FILES, ids=lambda p: p.stem)
def test_kernels_are_cached_release_the_lock_and_make_no_threads(path):
    for name, (_, text) in _kernels(path).items():
        assert "cache=True" in text, name
        assert "nogil=True" in text, name
        assert "parallel" not in text, name


@pytest.mark.parametrize("path", _FILES, ids=lambda p: p.stem)
def test_fast_helpers_are_inlined(path):
    """A helper that may sum in another order, and is no part of its caller's code, is compiled twice.

    The process that compiles it runs its own copy, later ones that of the cache, whose last digits may be others.
    """
    kernels = _kernels(path)
    for caller, (node, _) in kernels.items():
        called = {c.func.id for c in ast.walk(node) if isinstance(c, ast.Call) and isinstance(c.func, ast.Name)}
        for name in called & kernels.keys() - {caller}:
            text = kernels[name][1]
            inlined = "forceinline=True" in text or "inline='always'" in text
            assert inlined or "fastmath" not in text, f"{name}, called by {caller}"
