"""How visq-nr behaves on photographs that it was not trained on: damage, small changes, its sub-scores.

python benchmarks/nr_behaviour.py PHOTOS --called "..."          into results/nr_behaviour.json
python benchmarks/nr_behaviour.py PHOTOS --model other.onnx --into other.json

- **Falling**: share of steps, from one level of damage to the next, in which the score falls, by type of damage, with
  the 95 % interval of a binomial share (Wilson). The first step leads from the untouched photograph. Types and amounts
  are those that the recipe ranks (`visq.train.data.degradations.COMMON`).
- **Stable**: 95th percentile, and the largest, of the change in points of 100 when a photograph is mirrored, loses two
  rows or columns at one border or at several, or is written as PNG and read again.
- **Sub-scores**: Spearman's correlation of each with the level of the damage it is of (mean over photographs, -1 is
  perfect), and how far it falls from level 0 to 5 under that damage and under damage of the other kinds, in points.
"""

from __future__ import annotations

import argparse
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scipy.stats import binomtest, spearmanr

import visq
from visq.media import open_image
from visq.systems.visq_nr import opinion
from visq.systems.visq_nr.design import SUBSCORES
from visq.systems.visq_nr.training.material import PART_OF
from visq.train.data.degradations import COMMON, STEPS

HERE = Path(__file__).parent
RESULT = HERE / "results" / "nr_behaviour.json"
BORDERS = {"top": (2, 0, 0, 0), "left": (0, 0, 2, 0), "right, bottom": (0, 2, 0, 2), "all": (1, 1, 1, 1)}


def graded(photos: dict[str, np.ndarray], model: str | None) -> dict[str, Any]:
    """Score and sub-scores of every photograph at every level: `(photographs, types, levels, 5)`."""
    found = np.empty((len(photos), len(COMMON), STEPS, 1 + len(SUBSCORES)))
    for i, (name, pixels) in enumerate(photos.items()):
        whole = said(pixels, model)
        for j, kind in enumerate(COMMON):
            found[i, j, 0] = whole
            for level in range(1, STEPS):
                found[i, j, level] = said(kind.apply(pixels, level, seed=1, key=name), model)
        print(f"{name}: {whole[0]:.1f}", flush=True)
    return {"falling": falling(found[..., 0]), "subscores": subscores(found)}


def said(pixels: np.ndarray, model: str | None) -> list[float]:
    """The score, then the sub-scores."""
    one = opinion(pixels, model=model)
    return [float(one.score), *(float(getattr(one, name)) for name in SUBSCORES)]


def falling(scores: np.ndarray) -> dict[str, Any]:
    """Share of steps that fall, of each type and of all."""
    steps = np.diff(scores, axis=2) < 0
    rows = {kind.name: share(steps[:, j]) for j, kind in enumerate(COMMON)}
    return {"types": rows, "all": share(steps)}


def share(yes: np.ndarray) -> dict[str, float]:
    """A share with its interval."""
    test = binomtest(int(yes.sum()), yes.size)
    low, high = test.proportion_ci(0.95, method="wilson")
    return {"share": float(yes.mean()), "low": float(low), "high": float(high), "steps": int(yes.size)}


def subscores(found: np.ndarray) -> dict[str, Any]:
    """What each sub-score does under its own damage and under that of others."""
    rows = {}
    for k, name in enumerate(SUBSCORES):
        own = [PART_OF[kind.name] == name for kind in COMMON]
        values = found[..., 1 + k]
        ranks = [spearmanr(range(STEPS), values[i, j])[0] for i in range(len(values)) for j in np.flatnonzero(own)]
        fall = values[:, :, 0] - values[:, :, -1]
        rows[name] = {
            "srcc": float(np.mean(ranks)), "untouched": float(values[:, 0, 0].mean()),
            "own": float(fall[:, own].mean()), "other": float(fall[:, np.logical_not(own)].mean()),
            "types": {kind.name: float(fall[:, j].mean()) for j, kind in enumerate(COMMON)},
        }  # fmt: skip
    return rows


def stable(photos: dict[str, np.ndarray], model: str | None) -> dict[str, Any]:
    """Changes that nobody sees, in points."""
    changes: dict[str, list[float]] = {}
    for pixels in photos.values():
        before = said(pixels, model)[0]
        for name, other in variants(pixels):
            changes.setdefault(name, []).append(abs(said(other, model)[0] - before))
    return {
        name: {"p95": float(np.quantile(values, 0.95)), "largest": max(values), "photographs": len(values)}
        for name, values in changes.items()
    }


def variants(pixels: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """A photograph as it is again, mirrored, and without some rows and columns."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    yield "as PNG", open_image(file.getvalue()).pixels
    yield "mirrored", np.ascontiguousarray(pixels[:, ::-1])
    height, width = pixels.shape[:2]
    for name, (top, bottom, left, right) in BORDERS.items():
        yield f"2 px off: {name}", np.ascontiguousarray(pixels[top : height - bottom, left : width - right])


def opened(folder: Path, count: int) -> dict[str, np.ndarray]:
    """Photographs of a folder by name."""
    paths = sorted(p for p in folder.iterdir() if p.suffix.lower() in (".png", ".jpg", ".jpeg"))
    return {path.stem: open_image(path).pixels for path in paths[: count or None]}


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path, help="a folder of photographs")
    parser.add_argument("--called", default="", help="what the photographs are, for the page")
    parser.add_argument("--more", type=Path, help="more photographs, for stability alone")
    parser.add_argument("--limit", type=int, default=0, help="so many of each folder")
    parser.add_argument("--model", help="a file of visq-nr; without: the one that ships")
    parser.add_argument("--into", type=Path, default=RESULT)
    given = parser.parse_args()
    photos = opened(given.photos, given.limit)
    steady = photos if given.more is None else opened(given.more, given.limit)
    found = {
        "visq": visq.__version__, "photographs": given.called or given.photos.name, "count": len(photos),
        **graded(photos, given.model), "stable": stable(steady, given.model),
    }  # fmt: skip
    given.into.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
