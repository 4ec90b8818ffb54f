"""Small folders of rated pictures, described by `visq.csv`, whose scores a good metric agrees with."""

from __future__ import annotations

import csv

import numpy as np
from PIL import Image, ImageFilter

from samples import picture

CONTENTS = 5
LEVELS = 3
SIDE = 64


def rated(folder, *, references=True, contents=CONTENTS, seed=0):
    """Cut-outs of one scene with noise and blur in three strengths; the score falls with the strength.

    Every content has its own range of scores. Returns the rows of `visq.csv`.
    """
    rng = np.random.default_rng(seed)
    scene = picture(SIDE * 2, SIDE * contents)
    rows = []
    for content in range(contents):
        original = scene[SIDE // 2 : SIDE // 2 + SIDE, content * SIDE : (content + 1) * SIDE]
        reference = f"references/c{content}.png"
        _save(folder / reference, original)
        for kind in ("noise", "blur"):
            for level in range(1, LEVELS + 1):
                name = f"images/c{content}_{kind}_{level}.png"
                _save(folder / name, _degraded(original, kind, level, rng))
                score = 5.0 - level - 0.1 * content + rng.normal(0, 0.05)
                rows.append({
                    "image": name, "reference": reference if references else "", "score": f"{score:.4f}",
                    "group": f"c{content}", "distortion": kind, "level": level, "std": 0.3,
                    "part": "test" if content % 2 else "train",
                })  # fmt: skip
    write_csv(folder, rows)
    return rows


def write_csv(folder, rows):
    with (folder / "visq.csv").open("w", newline="", encoding="utf-8") as file:
        lines = csv.DictWriter(file, list(rows[0]))
        lines.writeheader()
        lines.writerows(rows)


def _degraded(original, kind, level, rng):
    if kind == "noise":
        return np.clip(original + rng.normal(0, 6.0 * 2**level, original.shape), 0, 255).round().astype(np.uint8)
    return np.asarray(Image.fromarray(original).filter(ImageFilter.GaussianBlur(0.5 * level)))


def _save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
