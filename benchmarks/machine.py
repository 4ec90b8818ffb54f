"""Facts about the machine and the versions of everything that was measured."""

from __future__ import annotations

import platform
import subprocess
from functools import partial
from pathlib import Path

from visq.bench import provenance

PACKAGES = ("visq", *provenance.PACKAGES)


def facts() -> dict[str, object]:
    """Processor, cores, memory, system, Python and package versions."""
    return {
        **provenance.machine(),
        "python": platform.python_version(),
        "packages": provenance.versions(PACKAGES),
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
