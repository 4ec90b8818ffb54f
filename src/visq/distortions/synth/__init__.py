"""Databases of distorted photographs in KADID-10k's layout, made by rule: `visq dataset synth`.

A set is a folder: `images/I01.png` untouched, `images/I01_10_05.png` the same photograph under type 10 at level 5,
`dmos.csv` in KADID-10k's columns, `manifest.csv` with everything about every picture, `README.txt`. Nobody has rated
it: its labels are made from the levels, a surrogate, and say so.

Importing this package loads no numerical library.
"""

from __future__ import annotations

from visq.distortions.synth.plan import Photo, Plan, Recipe, Type, surrogate, types_of

__all__ = ["Photo", "Plan", "Recipe", "Type", "surrogate", "types_of"]
