"""Explanations as pictures: heat maps of cells, halves with the rest left out, and a sheet of all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from visq.explain.cells import Bools, Cells, Floats
from visq.explain.explanation import Explanation
from visq.report.colours import colourise
from visq.report.scale import text

if TYPE_CHECKING:
    from PIL import Image

#: Longest side of a picture on the sheet.
TILE = 380
_LIGHT, _DARK = 232, 204


def shares(values: Floats) -> Floats:
    """Values brought to 0..1 for colours; 0.5 where all are equal."""
    low, high = float(values.min()), float(values.max())
    return (values - low) / (high - low) if high > low else np.full(values.shape, 0.5)


def heat(values: Floats, cells: Cells, size: tuple[int, int]) -> NDArray[np.uint8]:
    """`(H, W, 3)`: every cell in the colour of its value, dark for the least and bright for the most."""
    return colourise(cells.expand(shares(values), size))


def half(picture: NDArray[np.uint8], kept: Bools, cells: Cells) -> NDArray[np.uint8]:
    """A picture of which only the kept cells are there; a chequered ground stands for the rest."""
    height, width = picture.shape[:2]
    side = max(4, max(height, width) // 80)
    rows, columns = (np.arange(n) // side for n in (height, width))
    ground = np.where((rows[:, None] + columns) % 2 == 0, _LIGHT, _DARK).astype(np.uint8)[..., None]
    return np.where(cells.expand(kept, (height, width))[..., None], picture, ground)


def panels(found: Explanation) -> dict[str, tuple[NDArray[np.uint8], str]]:
    """Every picture of an explanation by its name, with what is said of it."""
    importance = found.importance
    size = found.shown.shape[:2]
    result = {
        "picture": (found.shown, f"{found.metric.id} {text(importance.score)}"),
        "importance": (heat(importance.map, importance.cells, size), span(importance.map)),
        "critical": (half(found.shown, importance.critical, importance.cells), text(importance.critical_score)),
        "trivial": (half(found.shown, ~importance.critical, importance.cells), text(importance.trivial_score)),
    }
    for name, values in found.measures.items():
        agreeing = found.agreeing[name]
        said = f"Spearman {agreeing.srcc:.2f}, AUC {agreeing.auc:.2f}" if np.isfinite(agreeing.srcc) else "no order"
        result[name] = (heat(values, importance.cells, size), said)
    return result


def span(values: Floats) -> str:
    """What the colours of a map of importance mean."""
    return f"dark {values.min():.3g}, bright {values.max():.3g}"


def sheet(found: Explanation) -> Image.Image:
    """One picture of all: the picture and its map, the two halves with their scores, the measures."""
    from visq.distortions.sheet import Sheet

    importance, every = found.importance, panels(found)
    scale = min(1.0, TILE / max(found.shown.shape[:2]))
    better = "lower is better" if found.metric.spec.lower_is_better else "higher is better"
    title = f"{found.name}: where {found.metric.spec.name} ({better}) comes from"
    filled = f", hidden cells filled with {importance.fill}" if importance.fill else ""
    rows = {
        f"Importance\nof {importance.cells.count} cells (level {importance.level}{filled}), and the scores of the half "
        "that decides most and of the rest, each alone": ("picture", "importance", "critical", "trivial"),
        "What the cells are\nranked within the picture, bright is more, and how that agrees with importance": tuple(
            found.measures
        ),
    }
    drawn = Sheet(title, [""] * max(len(names) for names in rows.values()), tile=TILE + 2)
    for row, names in rows.items():
        for column, name in enumerate(names):
            pixels, said = every[name]
            drawn.add(row, column, _scaled(pixels, scale), f"{name}: {said}")
    return drawn.draw()


def write(folder: str | os.PathLike[str], found: Explanation) -> list[Path]:
    """Every picture as a PNG in a folder that is there, and the maps of metrics as heat maps with a scale.

    Returns
    -------
    list of pathlib.Path

    Raises
    ------
    StoreError
        A file that cannot be written.
    """
    from visq.media.lossless import save
    from visq.report.heatmap import save_map

    written = []
    for name, (pixels, _) in panels(found).items():
        written.append(Path(folder) / f"{name}.png")
        save(written[-1], np.ascontiguousarray(pixels))
    for name, one in found.maps.items():
        if one.values is None:
            continue
        spec = one.metric.spec
        written.append(Path(folder) / f"map_{name}.png")
        save_map(
            written[-1], one.values, title=f"{spec.name}: {found.name}", lower_is_better=spec.map_lower_is_better,
            value_range=one.value_range, score=one.score, image=found.shown,
        )  # fmt: skip
    return written


def _scaled(pixels: NDArray[Any], scale: float) -> NDArray[np.uint8]:
    from PIL import Image

    if scale >= 1:
        return np.ascontiguousarray(pixels)
    size = max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale))
    return np.asarray(Image.fromarray(np.ascontiguousarray(pixels)).resize(size, Image.Resampling.BOX))


__all__ = ["TILE", "half", "heat", "panels", "shares", "sheet", "span", "write"]
