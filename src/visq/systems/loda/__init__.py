"""LoDa: a frozen vision transformer into which a frozen CNN's local features are injected before every block.

`design` says what the network is; `pictures` how a picture comes to crops of 224 pixels; `score` has the functions.
`parts`, `trunks`, `sealed` and `network` are the network, `adapter` writes and reads what was learned without the
frozen trunks, `training` and `data` are what the recipes `loda` and `loda-mini` name; `distil`, `photographs` and
`recipe_mini_vit` make the small transformer of `loda-mini`. `protocol` measures what was claimed of it.
"""

from __future__ import annotations

from visq.systems.loda.score import Judged, judge, loda

__all__ = ["Judged", "judge", "loda"]
