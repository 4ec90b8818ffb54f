"""Which metrics of the catalogue can be computed on this machine."""

from __future__ import annotations

import sys
from importlib.util import find_spec

from visq import catalog, weights


def able(names: list[str]) -> list[str]:
    """Those that can be computed here; the others are named."""
    there = []
    for name in names:
        spec = catalog.get(name)
        missing = [w.filename for w in weights.missing(spec)]
        if spec.extra and find_spec(spec.extra) is None:
            missing.append(spec.extra)
        if missing:
            print(f"{name} is passed over: {', '.join(missing)} is not here", file=sys.stderr)
        else:
            there.append(name)
    return there
