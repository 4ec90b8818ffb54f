"""What a metric can see: pictures that gradient descent under it makes out of noise, white, or a damaged copy.

A full-reference metric that can be differentiated is a landscape over pictures. Walk down it from anywhere, and the
picture reached shows what the metric asks for, and what it lets pass: what stays wrong there costs nothing.

`recover` does one walk. `Descent` is the same walk step by step, for those who want to look on or to stop. Importing
this package loads nothing heavy; walking needs torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from visq.lazy import names as _names

# Modules have other names than the functions in them: a module of the same name would hide the function.
_LAZY = {
    "Descent": "descent",
    "Recovery": "results",
    "Schedule": "settings",
    "Settings": "settings",
    "Snapshot": "results",
    "Step": "results",
    "recover": "descent",
    "strip": "drawing",
}

__all__ = ["Descent", "Recovery", "Schedule", "Settings", "Snapshot", "Step", "recover", "strip"]

if TYPE_CHECKING:
    from visq.recovery.descent import Descent, recover
    from visq.recovery.drawing import strip
    from visq.recovery.results import Recovery, Snapshot, Step
    from visq.recovery.settings import Schedule, Settings


__getattr__ = _names(__name__, _LAZY)


def __dir__() -> list[str]:
    return sorted(__all__)
