"""What importing costs, counted in modules and never in seconds, each time in a fresh interpreter."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

_HEAVY = {
    "PIL", "numba", "llvmlite", "numpy", "onnxruntime", "polars", "pyvips", "rich", "scipy", "torch",
    "array_api_compat",
}  # fmt: skip
_LIGHT_COMMANDS = [
    ["--help"], ["--version"], ["list"], ["list", "--json"], ["list", "--kind", "nr"], ["show", "psnr"],
    ["show", "psnr", "--json"], ["show", "no-such-metric"], ["score", "--help"], ["compare", "--help"],
    ["doctor", "--help"], ["evaluate", "--help"], ["bench", "--help"], ["distort", "--help"], ["dataset", "list"],
    ["probe", "--help"],
    ["export", "--help"],
    ["recover", "--help"],
    ["explain", "--help"],
    ["halves", "--help"],
    ["train", "--help"],
    ["train", "--list"],
    ["fit", "--help"],
    ["fit", "--list"],
]  # fmt: skip


def _fresh(code, *flags):
    command = [sys.executable, *flags, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def _loaded(statement):
    """Top-level packages and visq's own modules after `statement`."""
    done = _fresh(f"import json, sys\n{statement}\nprint('\\n' + json.dumps(sorted(sys.modules)))")
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def _heavy(modules):
    return {name.partition(".")[0] for name in modules} & _HEAVY


@pytest.mark.parametrize(
    "statement",
    [
        "import visq", "import visq.catalog", "import visq.cli", "import visq.types, visq.errors",
        "import visq.report, visq.report.environment", "import visq; visq.catalog.specs()", "import visq; dir(visq)",
        "from visq import catalog; [s.identity() for s in catalog.specs()]",
    ],
)  # fmt: skip
def test_importing_loads_nothing_heavy(statement):
    assert not _heavy(_loaded(statement))


@pytest.mark.parametrize("arguments", _LIGHT_COMMANDS, ids=" ".join)
def test_light_commands_load_nothing_heavy(arguments):
    modules = _loaded(f"from visq.cli import main\ntry:\n    main({arguments!r})\nexcept SystemExit:\n    pass")
    assert not _heavy(modules)


def test_importing_visq_loads_almost_none_of_visq():
    ours = {name for name in _loaded("import visq") if name.startswith("visq.")}
    assert not ours


def test_the_catalogue_loads_no_implementation():
    ours = {n for n in _loaded("import visq.catalog") if n.startswith("visq.")}
    assert not {n for n in ours if n.startswith(("visq.metrics", "visq.ops", "visq.media", "visq.api"))}


@pytest.mark.parametrize("module", ["visq", "visq.catalog", "visq.cli", "visq.api", "visq.losses", "visq.metrics.psnr"])
def test_importing_is_silent_and_free_of_warnings(module):
    done = _fresh(f"import {module}", "-W", "error")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_importing_has_no_side_effects():
    code = """
import os, random, signal, sys, threading
state, handlers = random.getstate(), signal.getsignal(signal.SIGINT)
environment, folder, path = dict(os.environ), os.getcwd(), list(sys.path)
import visq, visq.catalog, visq.cli, visq.api
assert random.getstate() == state and signal.getsignal(signal.SIGINT) is handlers
assert dict(os.environ) == environment and os.getcwd() == folder and sys.path == path
assert threading.active_count() == 1
"""
    done = _fresh(code)
    assert done.returncode == 0, done.stderr


def test_a_numpy_score_needs_neither_torch_nor_onnxruntime_nor_scipy_stats():
    modules = _loaded(
        "import numpy, visq\nimage = numpy.zeros((32, 32, 3), numpy.uint8)\nvisq.compare(image, image, ['psnr', 'mse'])"
    )
    assert "numpy" in modules
    assert not {"torch", "onnxruntime", "scipy.stats", "polars", "rich"} & modules


def test_every_public_name_can_be_had_and_star_imports_give_them_all():
    code = "import visq\nfor name in visq.__all__: getattr(visq, name)\nassert set(visq.__all__) <= set(dir(visq))"
    done = _fresh(code)
    assert done.returncode == 0, done.stderr
    done = _fresh("import visq\nvisq.no_such_name")
    assert "has no attribute 'no_such_name'" in done.stderr
