"""Fit RR-SSIM's slopes to a folder of good photographs: ``python -m visq.metrics.fit_rr_ssim PHOTOS -o slopes.npz``.

Copies of every photograph, of four kinds of damage in five degrees, are measured by RR-SSIM's distance and by SSIM.
The slope of a kind is the least-squares one of ``1 - SSIM`` on the distance, through the identical pair. Every second
photograph is fitted to; the others say how well it holds.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np

from visq.errors import InputError, VisqError
from visq.metrics.rr_ssim import DISTORTIONS, MIN_SIDE, distance, features
from visq.metrics.ssim import ssim
from visq.ops.arrays import read_one
from visq.ops.filters import gaussian

#: Middle part of a photograph that is measured, in pixels a side.
SIDE = 384
LEVELS: dict[str, tuple[float, ...]] = {
    "noise": (2, 5, 10, 20, 40),
    "blur": (0.6, 1.0, 1.6, 2.5, 4.0),
    "jpeg": (80, 50, 30, 15, 5),
    "jpeg2000": (8, 16, 32, 64, 128),
}


@dataclass(frozen=True)
class Measured:
    """One copy: its photograph, its kind of damage, RR-SSIM's distance and the SSIM."""

    photograph: int
    kind: str
    distance: float
    ssim: float


def damaged(pixels: np.ndarray, kind: str, level: float, seed: int = 0) -> np.ndarray:
    """A copy of an `(H, W)` uint8 image.

    `noise`: white Gaussian of `level` grey levels; `blur`: Gaussian of `level` pixels; `jpeg`: of quality `level`;
    `jpeg2000`: irreversible, compressed `level` times.
    """
    from PIL import Image

    if kind == "noise":
        added = pixels + np.random.default_rng(seed).normal(0.0, level, pixels.shape)
        return added.round().clip(0, 255).astype(np.uint8)
    if kind == "blur":
        soft = gaussian(pixels.astype(np.float64), 2 * round(4 * level) + 1, level, border="symmetric")
        return soft.round().clip(0, 255).astype(np.uint8)
    settings: dict[str, dict[str, Any]] = {
        "jpeg": {"format": "JPEG", "quality": int(level)},
        "jpeg2000": {
            "format": "JPEG2000", "quality_mode": "rates", "quality_layers": [level], "irreversible": True,
        },
    }  # fmt: skip
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, **settings[kind])
    with Image.open(buffer) as copy:
        return np.asarray(copy)


def measure(pixels: np.ndarray, number: int) -> Iterator[Measured]:
    """All copies of one `(H, W)` uint8 photograph, the `number`-th."""
    known = features(pixels.astype(np.float64))
    for kind, levels in LEVELS.items():
        for level in levels:
            copy = damaged(pixels, kind, level, seed=number)
            yield Measured(number, kind, distance(*known, copy.astype(np.float64)), ssim(copy, pixels))


def slope(rows: list[Measured]) -> float:
    """Least squares of ``1 - SSIM`` on the distance, without a constant."""
    d, s = (np.array([getattr(row, name) for row in rows]) for name in ("distance", "ssim"))
    return float(d @ (1.0 - s) / (d @ d))


def agreement(rows: list[Measured], beta: float) -> tuple[float, float, float]:
    """Pearson's correlation of score and SSIM: over all, and mean over photographs; and their mean difference."""
    score, s = 1.0 - beta * np.array([row.distance for row in rows]), np.array([row.ssim for row in rows])
    number = np.array([row.photograph for row in rows])
    single = [np.corrcoef(score[number == n], s[number == n])[0, 1] for n in np.unique(number)]
    return float(np.corrcoef(score, s)[0, 1]), float(np.mean(single)), float(np.abs(score - s).mean())


def of_kind(rows: list[Measured], kind: str, half: int) -> list[Measured]:
    """The rows of one kind (`any`: all) and of the photographs of even (`half` 0) or odd number (1)."""
    return [row for row in rows if kind in ("any", row.kind) and row.photograph % 2 == half]


def read(folder: Path, side: int = SIDE) -> Iterator[np.ndarray]:
    """Luma of the middle `side` x `side` pixels of the photographs in a folder, uint8, in the order of their names."""
    from visq.media import open_image

    for path in sorted(p for p in folder.iterdir() if p.is_file() and not p.name.startswith(".")):
        batch = read_one(open_image(path).pixels, min_side=MIN_SIDE)
        top, left = (max(0, (length - side) // 2) for length in batch.size)
        luma = batch.luma(255.0, rounded=True)[0].astype(np.uint8)
        yield np.ascontiguousarray(luma[top : top + side, left : left + side])


@click.command()
@click.argument("photographs", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="Slopes, .npz.")
@click.option("--side", default=SIDE, show_default=True, help="Middle part of each photograph, in pixels a side.")
def main(photographs: Path, output: Path, side: int) -> None:
    """Fit RR-SSIM's slopes to every second photograph in a folder, and report on the others."""
    from visq.weights import sha256

    try:
        rows = [row for n, pixels in enumerate(read(photographs, side)) for row in measure(pixels, n)]
        if len({row.photograph for row in rows}) < 2:
            raise InputError("too few photographs", expected="two or more")
    except (VisqError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    found = {kind: slope(of_kind(rows, kind, 0)) for kind in DISTORTIONS}
    for kind, beta in found.items():
        for half, name in enumerate(("fitted", "others")):
            pooled, within, apart = agreement(of_kind(rows, kind, half), beta)
            click.echo(
                f"{kind:9}{name:8}beta {beta:.4f}  Pearson {pooled:.3f}, within a photograph {within:.3f}, "
                f"mean difference {apart:.3f}"
            )
    with output.open("wb") as stream:
        np.savez(stream, **{kind: np.float64(beta) for kind, beta in found.items()})  # type: ignore[arg-type]
    click.echo(f"{output}: SHA-256 {sha256(output)}")


if __name__ == "__main__":
    main()
