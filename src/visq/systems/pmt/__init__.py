"""PMT: a network whose attention is told which parts of a picture count. Inspired by a paper whose text was not found.

`design` says what the network is, `layout` which grid of tokens a picture has, `trunk` and `readers` are its two
halves, `network` puts them together, `tokens` has the public classes, `files` reads and writes parameters, `score` has
the metric, `masking` its parts. `training` is how it is trained, `protocol` the made-up pictures that it is checked on.
README.md is the card.

Importing this package loads no numerical library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from visq.lazy import names

if TYPE_CHECKING:
    from visq.systems.pmt.design import Design
    from visq.systems.pmt.files import load, write
    from visq.systems.pmt.score import pmt, pmt_distribution
    from visq.systems.pmt.tokens import Judgement, Model, Tokens

_HOME = {
    "Design": "design", "Judgement": "tokens", "Model": "tokens", "Tokens": "tokens", "load": "files",
    "pmt": "score", "pmt_distribution": "score", "write": "files",
}  # fmt: skip

__all__ = ["Design", "Judgement", "Model", "Tokens", "load", "pmt", "pmt_distribution", "write"]

__getattr__ = names(__name__, _HOME)


def __dir__() -> list[str]:
    return sorted(__all__)
