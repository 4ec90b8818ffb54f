"""NIQE: how far the statistics of an image lie from those of pristine photographs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from visq.ops import statistics
from visq.ops.arrays import Batch, read_one
from visq.ops.scales import half_size, luma_plane

BLOCK = 96
SCALES = 2
FEATURES = 36
_SHAPES = {"mean": (FEATURES,), "covariance": (FEATURES, FEATURES)}
_MATLAB_SHAPES = {"mu_prisparam": (1, FEATURES), "cov_prisparam": (FEATURES, FEATURES)}


@dataclass(frozen=True)
class PristineModel:
    """Mean `(36,)` and covariance `(36, 36)` of the features of pristine photographs."""

    mean: np.ndarray
    covariance: np.ndarray


def niqe(
    image: Any,
    *,
    data_range: float | None = None,
    model: str | os.PathLike[str] | None = None,
    rounded_luma: bool | None = None,
    flat: statistics.Flat = "authors",
) -> Any:
    """Natural image quality evaluator, 0 and up; lower is better.

    Luma is cut to whole blocks of 96 x 96 and normalised locally (MSCN, Gaussian 7 x 7). In every block an
    asymmetric generalised Gaussian is fitted to the coefficients and to their products with four neighbours: 18
    numbers; another 18 come from the image halved by bicubic interpolation, in blocks of 48 x 48. With mean m and
    covariance S of the 36 numbers over the blocks, and M and C those of the pristine model, the score is
    ``sqrt((M - m)' pinv((C + S) / 2) (M - m))``.

    Parameters
    ----------
    image : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`, at least 96 x 96.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    model : path, optional
        Pristine model: the authors' `modelparameters.mat`, or an `.npz` with `mean` and `covariance` as
        ``python -m visq.metrics.fit_niqe`` writes it. None: the model that ships, fitted to 24 photographs; its
        scores are not those of the authors' model.
    rounded_luma : bool, optional
        Round luma to 8-bit levels. None: that of colour pixels of 8 or 16 bit, as MATLAB's `rgb2gray` rounds it, and
        not floats or grey images.
    flat : {"authors", "zero"}
        Rule for areas of one grey level, see `visq.ops.statistics`.

    Returns
    -------
    float, (N,) array or tensor
        Tensors come back without gradients: the fit picks from a grid.

    Raises
    ------
    visq.errors.InputError
        A side below 96, values out of range, NaN, an unknown rule for flat areas.
    visq.errors.InputTypeError
        Neither array nor tensor, or of a dtype that holds no pixels.
    visq.errors.WeightsError
        A model file that is missing, damaged or not one.

    Notes
    -----
    To reproduce the authors' program, give 8-bit pixels and their `modelparameters.mat`.

    A block without positive or without negative coefficients leaves features undefined; like the authors'
    program, the mean skips them and the covariance skips the block. Beyond their program, which gives NaN there:
    features that no block defines count as 0, and a single block has covariance zero, so that constant images
    have a finite score.

    References
    ----------
    A. Mittal, R. Soundararajan and A. C. Bovik, "Making a 'completely blind' image quality analyzer", IEEE Signal
    Processing Letters 20(3), 2013.

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(0).integers(0, 256, (192, 192), np.uint8)
    >>> niqe(noise) > 10
    True
    """
    batch = read_one(image, data_range=data_range, min_side=BLOCK)
    pristine = load_model(model)
    values = [
        _distance(pristine, block_features(batch, n, rounded_luma=rounded_luma, flat=flat)[0])
        for n in range(batch.data.shape[0])
    ]
    return batch.result(batch.xp.asarray(np.array(values), **_like(batch)))


def _like(batch: Batch) -> dict[str, Any]:
    return {"dtype": batch.dtype, "device": batch.data.device} if batch.torch else {}


def block_features(
    batch: Batch, n: int, *, rounded_luma: bool | None = None, flat: statistics.Flat = "authors"
) -> tuple[np.ndarray, np.ndarray]:
    """The `(blocks, 36)` features of image `n` of a batch, and the `(blocks,)` sharpness of its blocks.

    Undefined features are NaN.
    """
    height, width = (side // BLOCK * BLOCK for side in batch.size)
    plane = luma_plane(batch, n, height, width, rounded=rounded_luma)
    sums, sharpness = statistics.block_sums(plane, BLOCK, BLOCK, border="replicate", flat=flat)
    parts = [_fit(sums, BLOCK**2)]
    for scale in range(1, SCALES):
        plane = half_size(plane)
        side = BLOCK >> scale
        parts.append(_fit(statistics.block_sums(plane, side, side, border="replicate", flat=flat)[0], side**2))
    return np.concatenate(parts, axis=-1).reshape(-1, FEATURES), sharpness.reshape(-1)


def _fit(sums: np.ndarray, count: int) -> np.ndarray:
    shape, left, right = statistics.aggd_fit(sums, count)
    scale = statistics.scale_of(shape)
    left, right = left * scale, right * scale
    mean = (right - left) * statistics.mean_of(shape)
    own = np.stack([shape[..., 0], (left[..., 0] + right[..., 0]) / 2], axis=-1)
    pairs = np.stack([shape, mean, left, right], axis=-1)[..., 1:, :]
    return np.concatenate([own, pairs.reshape(*pairs.shape[:-2], -1)], axis=-1)


def describe(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of `(blocks, 36)` features, undefined ones left out."""
    defined = ~np.isnan(features)
    count = defined.sum(axis=0)
    mean = np.where(defined, features, 0.0).sum(axis=0) / np.maximum(count, 1)
    whole = features[defined.all(axis=1)]
    if len(whole) < 2:
        return mean, np.zeros((features.shape[1], features.shape[1]))
    return mean, np.cov(whole, rowvar=False)


def _distance(pristine: PristineModel, features: np.ndarray) -> float:
    mean, covariance = describe(features)
    difference = pristine.mean - mean
    middle = (pristine.covariance + covariance) / 2
    # MATLAB's pinv drops singular values below max(size) * eps(largest).
    inverse = np.linalg.pinv(middle, rcond=FEATURES * np.finfo(np.float64).eps)
    return float(np.sqrt(max(float(difference @ inverse @ difference), 0.0)))


def load_model(model: str | os.PathLike[str] | None = None) -> PristineModel:
    """The pristine model that ships (None), or the one in a `modelparameters.mat` or `.npz`."""
    from visq import catalog, weights

    path = weights.find(catalog.get("niqe").weights[0]) if model is None else weights.members(model)[0]
    return _load(path, weights.sha256(path))


@lru_cache(maxsize=8)
def _load(path: Path, sha256: str) -> PristineModel:  # noqa: ARG001
    from visq.errors import WeightsError
    from visq.weights import arrays

    with path.open("rb") as stream:
        matlab = stream.read(6) == b"MATLAB"
    if matlab:
        found = arrays.read_mat(path, _MATLAB_SHAPES)
        mean, covariance = found["mu_prisparam"][0], found["cov_prisparam"]
    else:
        found = arrays.read_npz(path, _SHAPES)
        mean, covariance = found["mean"], found["covariance"]
    if not np.allclose(covariance, covariance.T, rtol=1e-6, atol=1e-9):
        raise WeightsError(f"{path}: the covariance is not symmetric")
    return PristineModel(mean, covariance)
