"""visq: measure how good an image looks, say where it went wrong, and say how far to trust the number.

>>> import visq
>>> sorted(visq.catalog.ids())[:3]
['brisque', 'fsim', 'fsimc']

Importing visq loads no numerical library; each name below loads what it needs when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_LAZY = {
    "catalog": ("visq.catalog", None),
    "errors": ("visq.errors", None),
    "types": ("visq.types", None),
    "compare": ("visq.api", "compare"),
    "dataset": ("visq.datasets.reader", "dataset"),
    "datasets": ("visq.datasets", None),
    "compare_videos": ("visq.video.scoring", "compare_videos"),
    "distort": ("visq.distortions.apply", "distort"),
    "distortions": ("visq.distortions", None),
    "evaluate": ("visq.evaluate", None),
    "loss": ("visq.losses", "loss"),
    "metric": ("visq.api", "metric"),
    "open_image": ("visq.media", "open_image"),
    "recover": ("visq.recovery.descent", "recover"),
    "score": ("visq.api", "score"),
    "score_video": ("visq.video.scoring", "score_video"),
    "set_threads": ("visq.ops.threads", "set_threads"),
    "read_features": ("visq.features", "read_features"),
    "write_features": ("visq.features", "write_features"),
    "Features": ("visq.features", "Features"),
    "Metric": ("visq.api", "Metric"),
    "Limits": ("visq.media", "Limits"),
    "Score": ("visq.types", "Score"),
    "ScoreRecord": ("visq.types", "ScoreRecord"),
}

__all__ = [
    "Features",
    "Limits",
    "Metric",
    "Score",
    "ScoreRecord",
    "__version__",
    "catalog",
    "compare",
    "compare_videos",
    "dataset",
    "datasets",
    "distort",
    "distortions",
    "errors",
    "evaluate",
    "loss",
    "metric",
    "open_image",
    "read_features",
    "recover",
    "score",
    "score_video",
    "set_threads",
    "types",
    "write_features",
]

if TYPE_CHECKING:
    from visq import catalog, datasets, distortions, errors, evaluate, types
    from visq.api import Metric, compare, metric, score
    from visq.datasets.reader import dataset
    from visq.distortions.apply import distort
    from visq.features import Features, read_features, write_features
    from visq.losses import loss
    from visq.media import Limits, open_image
    from visq.ops.threads import set_threads
    from visq.recovery.descent import recover
    from visq.types import Score, ScoreRecord
    from visq.video.scoring import compare_videos, score_video


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'visq' has no attribute {name!r}")
    module, attribute = _LAZY[name]
    value = import_module(module) if attribute is None else getattr(import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
