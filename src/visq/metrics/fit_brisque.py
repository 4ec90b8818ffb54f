"""Fit BRISQUE's regression to rated pictures: ``python -m visq.metrics.fit_brisque RATINGS.csv IMAGES -o model.npz``.

Ratings of photographs say little about heavy compression and strong noise, which nobody uploads. `--photographs`
adds degraded copies of pristine pictures (JPEG, white noise) whose target is not a rating but a stand-in: HaarPSI
against the original, put on the scale of the ratings.

The regression is kernel ridge regression with a Gaussian kernel on a subset of the images (Nystroem's method):
squared error, one linear system, no dependency beyond SciPy, and the same form of prediction as the support-vector
regression of the paper, ``sum_i c_i exp(-gamma |v_i - z|^2) + bias``.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import click
import numpy as np

from visq.errors import InputError, VisqError
from visq.metrics.brisque import Regressor, features
from visq.ops.arrays import read_one

GAMMAS = (0.003, 0.006, 0.012, 0.025, 0.05, 0.1)
RIDGES = (1e-6, 1e-5, 1e-4, 1e-3)
VECTORS = 1500
VALIDATION = 0.2
MINIMUM = 200
NOISE = (5, 10, 18, 30, 50)
JPEG_QUALITY = (60, 35, 20, 10, 5)
#: HaarPSI at and below which a degraded copy counts as bad as can be.
WORST_SIMILARITY = 0.4


@dataclass(frozen=True)
class Choice:
    """One pair of hyper-parameters and the rank correlation it reached on the validation part."""

    gamma: float
    ridge: float
    srcc: float


def fit(
    x: np.ndarray,
    y: np.ndarray,
    *,
    gamma: float,
    ridge: float,
    vectors: int = VECTORS,
    seed: int = 0,
    added: int = 0,
) -> Regressor:
    """Kernel ridge regression of `(N,)` targets on `(N, F)` features.

    Minimises ``|K c + bias - y|^2 / N + ridge c' K_vv c``, where K holds the kernel between all images and
    `vectors` of them: the last `added`, and others drawn at random. The rows before the `added` ones give bias and
    the scale of the features.
    """
    from scipy.linalg import cho_factor, cho_solve

    rated = len(x) - added
    mean, deviation = x[:rated].mean(axis=0), x[:rated].std(axis=0)
    gain = 1.0 / np.where(deviation > 0, deviation, 1.0)
    offset = -mean * gain
    z = x * gain + offset
    drawn = np.sort(np.random.default_rng(seed).permutation(rated)[: max(vectors - added, 0)])
    chosen = np.concatenate([drawn, np.arange(rated, len(x))])
    # The file keeps vectors in float32: fit to what will be read back.
    centres = z[chosen].astype(np.float32).astype(np.float64)
    bias = float(y[:rated].mean())
    kernel = _kernel(z, centres, gamma)
    own = _kernel(centres, centres, gamma)
    system = kernel.T @ kernel / len(z) + ridge * own
    system[np.diag_indices_from(system)] += 1e-12 * np.trace(system)
    coefficients = cho_solve(cho_factor(system), kernel.T @ (y - bias) / len(z))
    return Regressor(centres, coefficients, gamma, bias, offset, gain)


def search(
    x: np.ndarray, y: np.ndarray, *, vectors: int = VECTORS, share: float = VALIDATION, seed: int = 0
) -> list[Choice]:
    """Rank correlation of every pair of `GAMMAS` and `RIDGES` on a validation part drawn at random, best first."""
    from scipy.stats import spearmanr

    order = np.random.default_rng(seed).permutation(len(x))
    held, kept = np.split(order, [int(share * len(x))])
    found = []
    for gamma, ridge in product(GAMMAS, RIDGES):
        model = fit(x[kept], y[kept], gamma=gamma, ridge=ridge, vectors=vectors, seed=seed)
        found.append(Choice(gamma, ridge, float(spearmanr(predict(model, x[held]), y[held]).statistic)))
    return sorted(found, key=lambda c: -c.srcc)


def predict(model: Regressor, x: np.ndarray, chunk: int = 256) -> np.ndarray:
    """`Regressor.predict` in chunks, for thousands of images."""
    return np.concatenate([model.predict(x[i : i + chunk]) for i in range(0, len(x), chunk)])


def save(model: Regressor, path: Path) -> None:
    """Write what `visq.metrics.brisque.load_model` reads."""
    with path.open("wb") as stream:
        np.savez(
            stream,
            vectors=model.vectors.astype(np.float32),
            coefficients=model.coefficients,
            gamma=np.float64(model.gamma),
            bias=np.float64(model.bias),
            offset=model.offset,
            gain=model.gain,
        )


def _kernel(a: np.ndarray, b: np.ndarray, gamma: float) -> np.ndarray:
    square = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1)[None] - 2 * a @ b.T
    return np.exp(-gamma * np.maximum(square, 0.0))


def read_ratings(table: Path, images: Path, best: float) -> tuple[np.ndarray, np.ndarray]:
    """Features and targets ``100 (1 - rating / best)`` of a CSV file whose first two columns are name and rating.

    Rows whose image is missing are left out and named on standard error.
    """
    from visq.media import open_image

    with table.open(newline="", encoding="utf-8-sig") as stream:
        rows = [row for row in csv.reader(stream) if row][1:]
    # Names in tables and on disk differ in case where a database was made on a system that does not care.
    present = {path.name.lower(): path for path in images.iterdir()}
    x, y = [], []
    for row in rows:
        path = present.get(row[0].lower())
        if path is None:
            click.echo(f"left out, missing: {images / row[0]}", err=True)
            continue
        x.append(features(read_one(open_image(path).pixels), 0))
        y.append(100.0 * (1.0 - float(row[1]) / best))
    if len(x) < MINIMUM:
        raise InputError("too few rated images for a regression", expected=f"at least {MINIMUM}", got=str(len(x)))
    return np.array(x), np.array(y)


def degraded(pixels: np.ndarray, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """An 8-bit photograph, then copies of it with white noise (`NOISE`) and as JPEG (`JPEG_QUALITY`)."""
    from PIL import Image

    yield pixels
    for deviation in NOISE:
        noisy = pixels + rng.normal(0.0, deviation, pixels.shape)
        yield noisy.round().clip(0, 255).astype(np.uint8)
    for quality in JPEG_QUALITY:
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
        with Image.open(buffer) as copy:
            yield np.asarray(copy)


def read_degraded(photographs: Path, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Features of `degraded` copies of all pictures in a folder, and their HaarPSI; originals have 1."""
    from visq.media import open_image
    from visq.metrics.haarpsi import haarpsi

    rng = np.random.default_rng(seed)
    x, similarity = [], []
    for path in sorted(p for p in photographs.iterdir() if p.is_file() and not p.name.startswith(".")):
        original = open_image(path).pixels
        for copy in degraded(original, rng):
            x.append(features(read_one(copy), 0))
            similarity.append(haarpsi(copy, original))
    return np.array(x), np.array(similarity)


def fit_both(
    rated: tuple[np.ndarray, np.ndarray], stand_in: tuple[np.ndarray, np.ndarray], **options: float
) -> Regressor:
    """A model of ratings and of degraded copies.

    An original gets the target that a model of the ratings alone predicts for originals on average, a copy of
    HaarPSI `WORST_SIMILARITY` gets 100, others lie in between in proportion.
    """
    x, y = rated
    copies, similarity = stand_in
    base = float(fit(x, y, **options).predict(copies[similarity == 1.0]).mean())  # type: ignore[arg-type]
    targets = base + (100.0 - base) * (1.0 - similarity) / (1.0 - WORST_SIMILARITY)
    return fit(
        np.concatenate([x, copies]),
        np.concatenate([y, targets]),
        added=len(copies),
        **options,  # type: ignore[arg-type]
    )


@click.command()
@click.argument("ratings", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("images", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="Model, .npz.")
@click.option(
    "--photographs", type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Pristine pictures; degraded copies of them are added.",
)  # fmt: skip
@click.option("--best", default=1.0, show_default=True, help="Rating of a perfect image; ratings begin at 0.")
@click.option("--vectors", default=VECTORS, show_default=True, help="Images kept as vectors of the model.")
@click.option("--seed", default=0, show_default=True, help="Draws vectors, noise and the validation part.")
def main(
    ratings: Path, images: Path, output: Path, photographs: Path | None, best: float, vectors: int, seed: int
) -> None:
    """Fit BRISQUE's regression to RATINGS (CSV: name, rating) of the pictures in the folder IMAGES.

    Hyper-parameters are chosen on a fifth of the rated images, then the model is fitted to all of them.
    """
    from visq.weights import sha256

    try:
        x, y = read_ratings(ratings, images, best)
        extra = read_degraded(photographs, seed) if photographs else None
    except (VisqError, ValueError, IndexError) as error:
        raise click.ClickException(str(error)) from None
    choices = search(x, y, vectors=vectors, seed=seed)
    for choice in choices[:5]:
        click.echo(f"gamma {choice.gamma:g}, ridge {choice.ridge:g}: SRCC {choice.srcc:.4f} on the validation part")
    options = {"gamma": choices[0].gamma, "ridge": choices[0].ridge, "vectors": vectors, "seed": seed}
    model = fit_both((x, y), extra, **options) if extra else fit(x, y, **options)  # type: ignore[arg-type]
    save(model, output)
    click.echo(f"{output}: {len(x)} rated images, SHA-256 {sha256(output)}")


if __name__ == "__main__":
    main()
