"""Re-IQA: one encoder for what a picture shows, one for how good it looks, and a linear read-out of both.

`design` says which size; `contrast` is what is trained, on the pairs of `chunks` (quality) and `views` (content), by
`visq train reiqa-quality` and `visq train reiqa-content`; `visq fit reiqa` fits the read-out; `score` has what scores.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from visq.lazy import names

if TYPE_CHECKING:
    from visq.systems.reiqa.encoders import Encoders, open_encoders
    from visq.systems.reiqa.score import features, load, reiqa, reiqa_fr

_HOME = {
    "Encoders": "encoders", "open_encoders": "encoders", "features": "score", "load": "score", "reiqa": "score",
    "reiqa_fr": "score",
}  # fmt: skip

__all__ = ["Encoders", "features", "load", "open_encoders", "reiqa", "reiqa_fr"]

__getattr__ = names(__name__, _HOME)
