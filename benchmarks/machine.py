"""Facts about the machine and the versions of everything that was measured."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("visq", "numpy", "scipy", "numba", "llvmlite", "pillow")


def facts() -> dict[str, object]:
    """Processor, cores, memory, system, Python and package versions."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": _memory_gib(),
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": platform.python_version(),
        "packages": {name: v for name in PACKAGES if (v := _version(name))},
        "peers": peers(),
        "commit": commit(),
    }


def peers() -> dict[str, str]:
    """The version of every peer, and of torch, as the requirement files pin them."""
    found: dict[str, str] = {}
    for path in sorted((Path(__file__).parent / "peers").glob("*.txt")):
        pins = dict(line.split("==") for line in path.read_text().split() if "==" in line)
        found |= {path.stem: pins[path.stem], "torch": pins.get("torch", found.get("torch", ""))}
    return found


def commit() -> str:
    """What of visq was measured: the commit, with a + where files differ from it."""
    here = Path(__file__).parent
    try:
        run = partial(subprocess.run, cwd=here, capture_output=True, text=True, check=True)
        name = run(["git", "rev-parse", "--short", "HEAD"]).stdout.strip()
        return name + ("+" if run(["git", "status", "--porcelain", "--", "../src"]).stdout.strip() else "")
    except (OSError, subprocess.CalledProcessError):
        return ""


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor() or platform.machine()
    found = re.search(r"model name\s*:\s*(.+)", text)
    return found.group(1) if found else platform.machine()


def _memory_gib() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (ValueError, OSError):
        return None


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
