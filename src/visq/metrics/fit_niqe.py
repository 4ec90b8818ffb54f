"""Fit NIQE's pristine model to a folder of good photographs: ``python -m visq.metrics.fit_niqe PHOTOS -o model.npz``.

Of every photograph, only blocks sharper than `threshold` times its sharpest block count, as in the paper. The
grid of blocks is laid `96 / step` times over each axis, each time `step` pixels further, so that a small set of
photographs gives enough blocks for a covariance of 36 x 36.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from pathlib import Path

import click
import numpy as np

from visq.errors import InputError, VisqError
from visq.metrics.niqe import BLOCK, PristineModel, block_features, describe
from visq.ops.arrays import read_one

THRESHOLD = 0.75
STEP = 48


def sharp_features(pixels: np.ndarray, *, threshold: float = THRESHOLD, step: int = STEP) -> np.ndarray:
    """`(blocks, 36)` features of the sharp blocks of one photograph.

    Parameters
    ----------
    pixels : array
        `(H, W)` or `(H, W, 3)`.
    threshold : float
        Share of the greatest block sharpness (mean local deviation) that a block must exceed.
    step : int
        Distance of the block grids in pixels, even; 96 lays one grid.
    """
    found, sharpness = [], []
    for top, left in product(range(0, BLOCK, step), repeat=2):
        part = pixels[top:, left:]
        if min(part.shape[:2]) < BLOCK:
            continue
        features, sharp = block_features(read_one(part), 0)
        found.append(features)
        sharpness.append(sharp)
    every = np.concatenate(sharpness)
    return np.concatenate(found)[every > threshold * every.max()]


def fit(photographs: Iterable[np.ndarray], *, threshold: float = THRESHOLD, step: int = STEP) -> PristineModel:
    """The pristine model of some photographs.

    Raises
    ------
    InputError
        Fewer sharp blocks than features: no covariance.
    """
    rows = np.concatenate([sharp_features(p, threshold=threshold, step=step) for p in photographs])
    whole = int((~np.isnan(rows)).all(axis=1).sum())
    if whole <= rows.shape[1]:
        raise InputError(
            "too few sharp blocks for a covariance",
            expected=f"more than {rows.shape[1]}",
            got=str(whole),
            hint="Give more or larger photographs, a lower threshold or a smaller step.",
        )
    return PristineModel(*describe(rows))


@click.command()
@click.argument("photographs", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="Model, .npz.")
@click.option("--threshold", default=THRESHOLD, show_default=True, help="Share of the sharpest block.")
@click.option("--step", default=STEP, show_default=True, help="Distance of the block grids in pixels.")
def main(photographs: Path, output: Path, threshold: float, step: int) -> None:
    """Fit NIQE's pristine model to the photographs in a folder."""
    from visq.media import open_image
    from visq.weights import sha256

    paths = sorted(p for p in photographs.iterdir() if p.is_file() and not p.name.startswith("."))
    try:
        model = fit((open_image(p).pixels for p in paths), threshold=threshold, step=step)
    except (VisqError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    with output.open("wb") as stream:
        np.savez(stream, mean=model.mean, covariance=model.covariance)
    click.echo(f"{output}: {len(paths)} photographs, SHA-256 {sha256(output)}")


if __name__ == "__main__":
    main()
