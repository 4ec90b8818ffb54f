"""Models of a study whose important halves are known by construction; pictures that carry a number each."""

from __future__ import annotations

import numpy as np

from visq.explain.cells import regular
from visq.explain.study.models import Model
from visq.explain.study.pictures import Picture

SIDE, SHAPE = 32, (4, 6)
CELLS = SHAPE[0] * SHAPE[1]


class Halved:
    """``q(m) = label s + noise (1 - s)``, s the share of the decisive cells that is kept.

    The whole and the decisive half score the label, the other half the noise, and a fit to random halves is exact: the
    distance from the whole's score is ``|label - noise| (1 - s)``, linear in what is kept.
    """

    factor = 1

    def __init__(self, label, noise, decisive, shape=SHAPE):
        self.label, self.noise, self.decisive = label, noise, decisive
        self.cells = regular((SIDE, SIDE), shape)

    def __call__(self, keeps):
        share = (keeps.reshape(len(keeps), -1) & self.decisive).sum(1) / self.decisive.sum()
        return self.label * share + self.noise * (1 - share)


class World:
    """Labels, noise and decisive cells of so many pictures, and models that know them."""

    def __init__(self, count, seed=0):
        rng = np.random.default_rng(seed)
        self.labels = rng.normal(size=count)
        self.noise = 0.5 * rng.normal(size=count)
        self.decisive = np.stack([rng.permutation(CELLS) < CELLS // 2 for _ in range(count)])
        self.opened = []

    def pictures(self):
        return [
            Picture(f"p{i:03}.png", self._picture(i), float(v), known=f"key {i}") for i, v in enumerate(self.labels)
        ]

    def _picture(self, i):
        rng = np.random.default_rng(i)
        picture = rng.integers(100, 120, (SIDE, SIDE, 3), dtype=np.uint8)
        top, left = rng.integers(2, SIDE // 2, 2)
        picture[top : top + 12, left : left + 10] = (220, 40, 60)  # a thing with an outline
        picture[0, 0] = i
        return picture

    def model(self, name="seer", family="transformer", kind=Halved, lower_is_better=False, identity="", **known):
        """`kind`: Halved; or "mean", where every cell says the label and halves are alike."""

        def opened(picture, on_step):
            i = int(picture[0, 0, 0])
            self.opened.append((name, i))
            on_step()
            sign = -1.0 if lower_is_better else 1.0
            if kind == "mean":
                return Halved(sign * self.labels[i], sign * self.labels[i] + 1e-3, np.ones(CELLS, dtype=bool))
            return Halved(sign * self.labels[i], sign * self.noise[i], self.decisive[i])

        settings = {"level": "token", "fill": "", "cells": CELLS, "estimator": "half", "masks": None} | known
        return Model(name, identity or f"{name}@1", family, lower_is_better=lower_is_better, opened=opened, **settings)
