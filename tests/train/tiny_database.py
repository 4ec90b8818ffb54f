"""A small rated database with an official split, made by the tests: photographs of several kinds and sizes."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
from PIL import Image

from samples import picture
from visq.datasets import dataset, get

#: Height and width; the first two are of one size.
SIZES = ((48, 64), (48, 64), (64, 48), (40, 40), (56, 72), (64, 64), (48, 64), (64, 48))
PER_CONTENT = 2
COUNT = 24
TEST = 6


def make(folder, *, count=COUNT, sizes=SIZES):
    """Write pictures and `visq.csv`; the last contents are the test part. Returns the pixels by name."""
    folder.mkdir(parents=True, exist_ok=True)
    rng, pixels, rows = np.random.default_rng(3), {}, []
    for i in range(count):
        height, width = sizes[i % len(sizes)]
        top, left = (int(n) for n in rng.integers(0, 200, 2))
        part = np.ascontiguousarray(picture(320, 320)[top : top + height, left : left + width][:height, :width])
        part = np.roll(part, i, axis=1)[: part.shape[0], : part.shape[1]]
        name = f"images/p{i:02}.png"
        (folder / "images").mkdir(exist_ok=True)
        grey = i == 3
        Image.fromarray(part[..., 1] if grey else part).save(folder / name)
        pixels[name] = np.repeat(part[..., 1:2], 3, axis=2) if grey else part
        rows.append({
            "image": name, "score": f"{1 + 4 * rng.random():.4f}", "group": f"c{i // PER_CONTENT:02}",
            "part": "test" if i >= count - TEST else "train",
        })  # fmt: skip
    with (folder / "visq.csv").open("w", newline="", encoding="utf-8") as file:
        lines = csv.DictWriter(file, list(rows[0]))
        lines.writeheader()
        lines.writerows(rows)
    return pixels


def opened(folder):
    """The database, with a scale of 0 to 5."""
    return dataset(replace(get("folder"), low=0.0, high=5.0), folder)
