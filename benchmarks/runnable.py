"""What the studies of all metrics share: which can be computed on this machine, and what was measured before."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from visq import catalog
from visq.weights.stand_in import lacking


def able(names: list[str]) -> list[str]:
    """Those that can be computed here; the others are named."""
    there = []
    for name in names:
        reason = lacking(catalog.get(name))
        if reason:
            print(f"{name} is passed over: {reason}", file=sys.stderr)
        else:
            there.append(name)
    return there


def rows(kept: Path) -> list[dict[str, Any]]:
    """The lines of a study that was begun; half a line, as a killed run may leave it, is cut off."""
    if not kept.exists():
        return []
    text = kept.read_bytes()
    whole = text[: text.rfind(b"\n") + 1]
    if whole != text:
        kept.write_bytes(whole)
    return [json.loads(line) for line in whole.splitlines() if line]
