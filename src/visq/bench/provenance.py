"""How a leader-board was made, so that it can be made again: command, versions, machine."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("numpy", "scipy", "numba", "llvmlite", "pillow")


def made(command: str) -> dict[str, Any]:
    """The command, the day, and what it ran on."""
    return {"command": command, "date": datetime.now(UTC).date().isoformat(), **made_with()}


def made_with() -> dict[str, Any]:
    """Versions and facts of the machine: what a score or a time may hang on."""
    import visq

    return {
        "visq": visq.__version__,
        "python": platform.python_version(),
        "packages": versions(PACKAGES),
        "machine": machine(),
    }


def machine() -> dict[str, Any]:
    """Processor, cores that this process may use, memory, system."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": _memory(),
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
    }


def versions(names: Iterable[str]) -> dict[str, str]:
    """Those of the packages that are installed."""
    return {name: v for name in names if (v := _version(name))}


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor() or platform.machine()
    found = re.search(r"model name\s*:\s*(.+)", text)
    return found.group(1).strip() if found else platform.machine()


def _memory() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (AttributeError, ValueError, OSError):
        return None


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
