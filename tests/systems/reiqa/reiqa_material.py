"""What the tests of Re-IQA share: photographs and a rated database that they make, and recipes that end in seconds."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
from PIL import Image

from samples import noisy, picture
from visq.datasets import dataset, get

#: Settings under which the quality recipe needs photographs of 118 pixels and makes twelve pairs a step.
QUICK_QUALITY = (
    "epochs=2", "batch=2", "options.patch=32", "options.window=0", "options.distorted=2", "options.queue=48",
    "options.judging=2",
)  # fmt: skip
QUICK_CONTENT = ("epochs=2", "batch=3", "options.content_side=40", "options.queue=32", "options.judging=2")


def photographs(folder, count=8, side=124):
    """Different pictures, the first of them larger."""
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(count):
        pixels = np.roll(picture(320, 320), 53 * i, axis=1)[: side + 4 * (i == 0), : side + i]
        Image.fromarray(np.ascontiguousarray(pixels)).save(folder / f"p{i}.png")
    return folder


def rated(folder, count=36, test=6, *, references=False):
    """Pictures with noise, scored by how little of it they have, each a content of its own; an official split."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    rows = []
    for i in range(count):
        pristine = np.ascontiguousarray(np.roll(picture(320, 320), 29 * i, axis=0)[:72, :70])
        amount = (7 * i) % count
        Image.fromarray(noisy(pristine, 2.0 * amount)).save(folder / f"images/{i:02}.png")
        row = {"image": f"images/{i:02}.png", "score": 5.0 - 4.0 * amount / count, "group": f"c{i}",
               "part": "test" if i >= count - test else "train"}  # fmt: skip
        if references:
            Image.fromarray(pristine).save(folder / f"images/r{i:02}.png")
            row["reference"] = f"images/r{i:02}.png"
        rows.append(row)
    with (folder / "visq.csv").open("w", newline="", encoding="utf-8") as file:
        lines = csv.DictWriter(file, list(rows[0]))
        lines.writeheader()
        lines.writerows(rows)
    return folder


def opened(folder, **changes):
    """The database, with a scale of 1 to 5."""
    return dataset(replace(get("folder"), low=1.0, high=5.0, **changes), folder)


def state(trunk, prefix=""):
    """A state dict of a trunk as a file of torch's has it."""
    from visq.systems.reiqa import trunks

    return {f"{prefix}{name}": value for name, value in trunks.make(trunk, 3).state_dict().items()}
