"""Fit IL-NIQE's pristine model to good photographs: ``python -m visq.metrics.fit_ilniqe PHOTOS -o model.npz``.

Of every photograph only patches sharper than `threshold` times its sharpest patch count, as in the paper. Their
features are described by a Gaussian in the leading principal components. Features are not brought to a common range
before, in the paper neither.

`--mirrored` adds every photograph upside down, left to right, and both: 524 pixels are not a whole number of
patches, so that these are other patches.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click
import numpy as np

from visq.errors import InputError, OptionError, VisqError
from visq.metrics.ilniqe import FEATURES, MIN_SIDE, PristineModel, block_features
from visq.ops.arrays import read_one

THRESHOLD = 0.78
SHARE = 0.92
_TURNS = ((1, 1), (1, -1), (-1, 1), (-1, -1))


def sharp_features(pixels: np.ndarray, *, threshold: float = THRESHOLD, mirrored: bool = False) -> np.ndarray:
    """`(patches, 468)` features of the sharp patches of one photograph, those without undefined or infinite features.

    Parameters
    ----------
    pixels : array
        `(H, W)` or `(H, W, 3)`.
    threshold : float
        Share of the greatest sharpness (mean local deviation) of a patch that a patch must exceed; 0 keeps all.
    mirrored : bool
        Take the patches of the photograph mirrored along either axis and both too.
    """
    if not 0 <= threshold < 1:
        raise OptionError("threshold is not usable", expected="at least 0, below 1", got=str(threshold))
    found, sharpness = [], []
    for down, across in _TURNS if mirrored else _TURNS[:1]:
        batch = read_one(np.ascontiguousarray(pixels[::down, ::across]), min_side=MIN_SIDE)
        features, sharp = block_features(batch, 0)
        found.append(features)
        sharpness.append(sharp)
    rows, every = np.concatenate(found), np.concatenate(sharpness)
    return rows[(every > threshold * every.max()) & np.isfinite(rows).all(axis=1)]


def describe(rows: np.ndarray, components: int | None = None) -> PristineModel:
    """The model of `(N, 468)` features: principal components, and the variance along each.

    `components` None takes 92 % of their greatest number, as the paper does.

    Raises
    ------
    InputError
        Fewer patches than components, or features without any variance left for a component.
    """
    most = min(len(rows), FEATURES)
    count = int(most * SHARE) if components is None else components
    if not 1 <= count < len(rows) or count > FEATURES:
        raise InputError(
            "too few sharp patches for a Gaussian",
            expected=f"more than {max(count, 1)}",
            got=str(len(rows)),
            hint="Give more photographs, a lower threshold or fewer components.",
        )
    mean = rows.mean(axis=0)
    _, deviations, directions = np.linalg.svd(rows - mean, full_matrices=False)
    vectors = directions[:count].T.astype(np.float32).astype(np.float64)
    variances = deviations[:count] ** 2 / (len(rows) - 1)
    if variances[-1] <= variances[0] * np.finfo(np.float64).eps:
        raise InputError("the patches do not vary in as many ways as there are components", got=str(count))
    return PristineModel(mean, vectors, np.zeros(count), np.diag(variances))


def fit(
    photographs: Iterable[np.ndarray],
    *,
    threshold: float = THRESHOLD,
    components: int | None = None,
    mirrored: bool = False,
) -> PristineModel:
    """The pristine model of some photographs; see `sharp_features` and `describe`."""
    rows = [sharp_features(p, threshold=threshold, mirrored=mirrored) for p in photographs]
    return describe(np.concatenate([np.empty((0, FEATURES)), *rows]), components)


def save(model: PristineModel, path: Path) -> None:
    """Write what `visq.metrics.ilniqe.load_model` reads, the components in single precision."""
    with path.open("wb") as stream:
        np.savez(
            stream,
            feature_mean=model.feature_mean,
            components=model.components.astype(np.float32),
            variances=np.diag(model.covariance),
        )


@click.command()
@click.argument("photographs", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="Model, .npz.")
@click.option("--threshold", default=THRESHOLD, show_default=True, help="Share of the sharpest patch.")
@click.option("--components", type=int, help="Principal components; by default 92 % of their greatest number.")
@click.option("--mirrored", is_flag=True, help="Take the photographs mirrored, too.")
def main(photographs: Path, output: Path, threshold: float, components: int | None, mirrored: bool) -> None:
    """Fit IL-NIQE's pristine model to the photographs in a folder."""
    from visq.media import open_image
    from visq.weights import sha256

    paths = sorted(p for p in photographs.iterdir() if p.is_file() and not p.name.startswith("."))
    try:
        pixels = (open_image(p).pixels for p in paths)
        model = fit(pixels, threshold=threshold, components=components, mirrored=mirrored)
    except (VisqError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    save(model, output)
    click.echo(f"{output}: {len(paths)} photographs, SHA-256 {sha256(output)}")


if __name__ == "__main__":
    main()
