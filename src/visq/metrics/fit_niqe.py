"""Fit NIQE's pristine model to a folder of good photographs: ``python -m visq.metrics.fit_niqe PHOTOS -o model.npz``.

Of every photograph, only blocks sharper than `threshold` times its sharpest block count, as in the paper. The
grid of blocks is laid `side / step` times over each axis, each time `step` pixels further, so that a small set of
photographs gives enough blocks for a covariance of 36 x 36. ``--threshold 0 --step 96`` takes every block once, as
`fitniqe` of MATLAB's toolbox does by default.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from pathlib import Path

import click
import numpy as np

from visq.errors import InputError, OptionError, VisqError
from visq.metrics.niqe import BLOCK, FEATURES, PristineModel, block_features, describe
from visq.ops.arrays import read_one

THRESHOLD = 0.75
STEP = 48


def sharp_features(
    pixels: np.ndarray, *, threshold: float = THRESHOLD, step: int = STEP, block: tuple[int, int] = (BLOCK, BLOCK)
) -> np.ndarray:
    """`(blocks, 36)` features of the sharp blocks of one photograph.

    Parameters
    ----------
    pixels : array
        `(H, W)` or `(H, W, 3)`.
    threshold : float
        Share of the greatest block sharpness (mean local deviation) that a block must exceed; 0 keeps all blocks.
    step : int
        Distance of the block grids in pixels, even; that of a block, or more, lays one grid.
    block : (int, int)
        Height and width of a block, even.
    """
    _check(block, threshold, step)
    height, width = block
    found, sharpness = [np.empty((0, FEATURES))], [np.empty(0)]
    for top, left in product(range(0, height, step), range(0, width, step)):
        part = pixels[top:, left:]
        if part.shape[0] < height or part.shape[1] < width:
            continue
        features, sharp = block_features(read_one(part), 0, block=block)
        found.append(features)
        sharpness.append(sharp)
    every, rows = np.concatenate(sharpness), np.concatenate(found)
    return rows[every > threshold * every.max()] if threshold > 0 and len(rows) else rows


def _check(block: tuple[int, int], threshold: float, step: int) -> None:
    if any(side < 2 or side % 2 for side in block):
        raise OptionError("block is not usable", expected="two even numbers of pixels", got=str(block))
    if not 0 <= threshold < 1:
        raise OptionError("threshold is not usable", expected="at least 0, below 1", got=str(threshold))
    if step < 2 or step % 2:
        raise OptionError("step is not usable", expected="an even number of pixels", got=str(step))


def fit(
    photographs: Iterable[np.ndarray],
    *,
    threshold: float = THRESHOLD,
    step: int = STEP,
    block: tuple[int, int] = (BLOCK, BLOCK),
    scoring_threshold: float = 0.0,
) -> PristineModel:
    """The pristine model of some photographs.

    `scoring_threshold` goes into the model: blocks of a scored picture have to exceed it too. 0, as in the authors'
    program, lets all count; MATLAB's toolbox has one threshold for both.

    Raises
    ------
    InputError
        Fewer sharp blocks than features: no covariance.
    """
    _check(block, scoring_threshold, step)
    rows = np.concatenate([sharp_features(p, threshold=threshold, step=step, block=block) for p in photographs])
    whole = int((~np.isnan(rows)).all(axis=1).sum())
    if whole <= rows.shape[1]:
        raise InputError(
            "too few sharp blocks for a covariance",
            expected=f"more than {rows.shape[1]}",
            got=str(whole),
            hint="Give more or larger photographs, a lower threshold or a smaller step.",
        )
    return PristineModel(*describe(rows), block, scoring_threshold)


def save(model: PristineModel, path: Path) -> None:
    """Write what `visq.metrics.niqe.load_model` reads."""
    with path.open("wb") as stream:
        np.savez(
            stream,
            mean=model.mean,
            covariance=model.covariance,
            block_size=np.array(model.block),
            sharpness_threshold=np.float64(model.threshold),
        )


@click.command()
@click.argument("photographs", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="Model, .npz.")
@click.option("--threshold", default=THRESHOLD, show_default=True, help="Share of the sharpest block.")
@click.option("--step", default=STEP, show_default=True, help="Distance of the block grids in pixels.")
@click.option("--block-size", nargs=2, default=(BLOCK, BLOCK), show_default=True, help="Height and width of a block.")
@click.option(
    "--scoring-threshold", default=0.0, show_default=True, help="Share of the sharpest block when the model scores."
)
def main(
    photographs: Path,
    output: Path,
    threshold: float,
    step: int,
    block_size: tuple[int, int],
    scoring_threshold: float,
) -> None:
    """Fit NIQE's pristine model to the photographs in a folder."""
    from visq.media import open_image
    from visq.weights import sha256

    paths = sorted(p for p in photographs.iterdir() if p.is_file() and not p.name.startswith("."))
    try:
        model = fit(
            (open_image(p).pixels for p in paths),
            threshold=threshold,
            step=step,
            block=block_size,
            scoring_threshold=scoring_threshold,
        )
    except (VisqError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    save(model, output)
    click.echo(f"{output}: {len(paths)} photographs, SHA-256 {sha256(output)}")


if __name__ == "__main__":
    main()
