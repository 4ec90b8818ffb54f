"""What training minimises: metrics as losses on pictures, and losses on scores.

`loss` makes a loss of a metric. The modules, one a family, hold pure functions of predictions and scores: `regression`,
`correlation`, `norm_in_norm`, `ranking`, `rank_gradient`, `ordering`, `batch_kl`, `triplet`, `tolerance`,
`distribution`, `uncertainty`, `consistency`. `terms` lists them as data and makes one from its name and options.

Importing this package loads nothing heavy; the families load torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from visq.lazy import names as _names

__all__ = ["loss"]

if TYPE_CHECKING:
    from visq.losses.of_metrics import loss

__getattr__ = _names(__name__, {"loss": "of_metrics"})


def __dir__() -> list[str]:
    return sorted(__all__)
