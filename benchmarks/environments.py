"""One virtual environment a peer, from `peers/<name>.txt`, so that no peer bends the versions of another.

    python benchmarks/environments.py --at .bench              all of them
    python benchmarks/environments.py --at .bench --only piq   one

A finished environment is kept and skipped; it is made again when its requirement file changes.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

REQUIREMENTS = Path(__file__).parent / "peers"
PEERS = tuple(sorted(path.stem for path in REQUIREMENTS.glob("*.txt")))


def interpreter(root: Path, peer: str) -> Path:
    """The Python of a peer's environment."""
    return root / peer / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def ready(root: Path, peer: str) -> bool:
    """Whether the environment was made from the requirement file as it is now."""
    mark = root / peer / "made-from"
    return mark.is_file() and mark.read_text() == _digest(peer)


def make(root: Path, peer: str) -> str:
    """Make one environment; an empty text, or the last lines of what pip said."""
    if ready(root, peer):
        return ""
    shutil.rmtree(root / peer, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(root / peer)], check=True)
    command = [str(interpreter(root, peer)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run(
        [*command, "-r", str(REQUIREMENTS / f"{peer}.txt")], capture_output=True, text=True, check=False
    )
    if done.returncode:
        return "\n".join(done.stderr.strip().splitlines()[-4:])
    (root / peer / "made-from").write_text(_digest(peer))
    return ""


def _digest(peer: str) -> str:
    return hashlib.sha256((REQUIREMENTS / f"{peer}.txt").read_bytes()).hexdigest()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--at", type=Path, required=True, help="folder of the environments (some 10 GB)")
    parser.add_argument("--only", nargs="+", choices=PEERS, default=list(PEERS))
    args = parser.parse_args()
    args.at.mkdir(parents=True, exist_ok=True)
    failed = 0
    for peer in args.only:
        trouble = make(args.at, peer)
        print(f"{peer}: {trouble or 'ready'}", flush=True)
        failed += bool(trouble)
    return failed


if __name__ == "__main__":
    sys.exit(main())
