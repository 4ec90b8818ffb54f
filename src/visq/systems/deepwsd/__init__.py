"""DeepWSD of 2022, its form of 2024, and DeepJSD and DeepSKLD: distances of the distributions of deep features.

`preparation` brings pictures to the size the network is given, `grouping` cuts its stages into vectors, `transport`
compares them, `network` puts the stages together, `metric` has the functions; `variants` tells the four apart.
"""

from __future__ import annotations

from visq.systems.deepwsd.metric import Parts, deepwsd, deepwsd2024, deepwsd_parts, exported, exported2024
from visq.systems.deepwsd.variants import LATER, ORIGINAL, Variant

__all__ = [
    "LATER",
    "ORIGINAL",
    "Parts",
    "Variant",
    "deepwsd",
    "deepwsd2024",
    "deepwsd_parts",
    "exported",
    "exported2024",
]
