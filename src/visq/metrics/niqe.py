"""NIQE: how far the statistics of an image lie from those of pristine photographs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from visq.errors import SizeError
from visq.ops import statistics
from visq.ops.arrays import Batch, read_one
from visq.ops.scales import half_size, luma_plane

BLOCK = 96
SCALES = 2
FEATURES = 36
_SHAPES = {"mean": (FEATURES,), "covariance": (FEATURES, FEATURES)}
_HOW = {"block_size": (2,), "sharpness_threshold": ()}
_MATLAB_SHAPES = {"mu_prisparam": (1, FEATURES), "cov_prisparam": (FEATURES, FEATURES)}
_TOOLBOX_SHAPES = {
    "Mean": (1, FEATURES), "Covariance": (FEATURES, FEATURES), "BlockSize": (1, 2), "SharpnessThreshold": (1, 1),
}  # fmt: skip


@dataclass(frozen=True)
class PristineModel:
    """Mean `(36,)` and covariance `(36, 36)` of the features of pristine photographs, and how to score with them.

    `block` is height and width of a block, both even. Blocks of a scored picture count if they are sharper than
    `threshold` times its sharpest one; with 0 all of them do.
    """

    mean: np.ndarray
    covariance: np.ndarray
    block: tuple[int, int] = (BLOCK, BLOCK)
    threshold: float = 0.0


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
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`, of at least a block (mostly 96 x 96).
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    model : path, optional
        Pristine model: the authors' `modelparameters.mat`; a `niqeModel` of MATLAB's toolbox, saved as below; or
        an `.npz` with `mean` and `covariance` as ``python -m visq.metrics.fit_niqe`` writes it. None: the model
        that ships, fitted to 24 photographs; its scores are not those of the authors' model.
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
    visq.errors.InputError, visq.errors.InputTypeError
        A side below a block, values out of range, NaN, an unknown rule for flat areas; neither array nor tensor.
    visq.errors.WeightsError
        A model file that is missing, damaged or not one.

    Notes
    -----
    To reproduce the authors' program, give 8-bit pixels and their `modelparameters.mat`. MATLAB's `niqe`
    (Image Processing Toolbox) computes the same with a model of its own, which may not be shipped and scores otherwise
    (7.20, 2.99, 3.17, 3.71, 7.69 where the authors' model gives 15.75, 3.65, 3.24, 3.18, 8.64). Who has the toolbox
    saves the numbers of a model there, and gives the file as `model`::

        m = niqeModel; s = struct('Mean',m.Mean,'Covariance',m.Covariance,'BlockSize',m.BlockSize, ...
            'SharpnessThreshold',m.SharpnessThreshold); save('niqe.mat','-struct','s','-v7')

    Block size and threshold of sharpness come with such a model, and the threshold selects blocks of the scored picture
    too; 0, its default, selects all, as the authors do.

    A block without positive or without negative coefficients leaves features undefined; like the authors' program, the
    mean skips them and the covariance skips the block. Where their program gives NaN, features that no block defines
    count as 0, and a single block has covariance zero.

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
    pristine = load_model(model)
    batch = read_one(image, data_range=data_range, min_side=1)
    (height, width), (high, wide) = batch.size, pristine.block
    if height < high or width < wide:
        raise SizeError("image is too small", expected=f"at least {wide}x{high} pixels", got=f"{width}x{height}")
    blocks = (_selected(pristine, batch, n, rounded_luma, flat) for n in range(batch.data.shape[0]))
    return batch.result_of_numpy([_distance(pristine, found) for found in blocks])


def _selected(
    pristine: PristineModel, batch: Batch, n: int, rounded_luma: bool | None, flat: statistics.Flat
) -> np.ndarray:
    """The features of the blocks of image `n` that are as sharp as the model asks for."""
    found, sharpness = block_features(batch, n, block=pristine.block, rounded_luma=rounded_luma, flat=flat)
    return found[sharpness > pristine.threshold * sharpness.max()] if pristine.threshold > 0 else found


def block_features(
    batch: Batch,
    n: int,
    *,
    block: tuple[int, int] = (BLOCK, BLOCK),
    rounded_luma: bool | None = None,
    flat: statistics.Flat = "authors",
) -> tuple[np.ndarray, np.ndarray]:
    """The `(blocks, 36)` features of image `n` of a batch, and the `(blocks,)` sharpness of its blocks.

    Undefined features are NaN.
    """
    height, width = (side // step * step for side, step in zip(batch.size, block, strict=True))
    plane = luma_plane(batch, n, height, width, rounded=rounded_luma, keep_uint8=True)
    high, wide = block
    sums, sharpness = statistics.block_sums(plane, high, wide, border="replicate", flat=flat)
    parts = [fit_features(sums, high * wide)]
    for _ in range(1, SCALES):
        plane = half_size(plane)
        high, wide = high // 2, wide // 2
        sums, _ = statistics.block_sums(plane, high, wide, border="replicate", flat=flat)
        parts.append(fit_features(sums, high * wide))
    return np.concatenate(parts, axis=-1).reshape(-1, FEATURES), sharpness.reshape(-1)


def fit_features(sums: np.ndarray, count: int) -> np.ndarray:
    """`(..., 18)` features of one scale from the `(..., 5, 5)` sums of `visq.ops.statistics.block_sums`."""
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
    """The pristine model that ships (None), or the one in a `modelparameters.mat`, `niqeModel` or `.npz`."""
    from visq import catalog, weights

    path = weights.find(catalog.get("niqe").weights[0]) if model is None else weights.members(model)[0]
    return _load(path, weights.sha256(path))


@lru_cache(maxsize=8)
def _load(path: Path, sha256: str) -> PristineModel:  # noqa: ARG001
    from visq.errors import WeightsError
    from visq.weights import arrays

    with path.open("rb") as stream:
        matlab = stream.read(6) == b"MATLAB"
    block, threshold = np.array([BLOCK, BLOCK]), 0.0
    if not matlab:
        found = arrays.read_npz(path, _SHAPES, optional=_HOW)
        mean, covariance = found["mean"], found["covariance"]
        block, threshold = found.get("block_size", block), float(found.get("sharpness_threshold", threshold))
    elif "Mean" in arrays.list_mat(path):
        found = arrays.read_mat(path, _TOOLBOX_SHAPES)
        mean, covariance = found["Mean"][0], found["Covariance"]
        block, threshold = found["BlockSize"][0], float(found["SharpnessThreshold"][0, 0])
    else:
        hint = "Of a niqeModel, save the fields and not the object: the documentation has the line."
        found = arrays.read_mat(path, _MATLAB_SHAPES, hint=hint)
        mean, covariance = found["mu_prisparam"][0], found["cov_prisparam"]
    if not np.allclose(covariance, covariance.T, rtol=1e-6, atol=1e-9):
        raise WeightsError(f"{path}: the covariance is not symmetric")
    if (block % 2).any() or (block < 2).any():
        raise WeightsError(f"{path}: the block size is not usable", expected="even numbers", got=str(block.tolist()))
    if not 0 <= threshold < 1:
        raise WeightsError(f"{path}: the sharpness threshold is not usable", expected="0..1", got=str(threshold))
    return PristineModel(mean, covariance, (int(block[0]), int(block[1])), threshold)
