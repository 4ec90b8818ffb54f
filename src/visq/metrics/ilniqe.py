"""IL-NIQE: how far the patches of an image lie from those of pristine photographs, by luma, colour and gradients."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from visq.metrics.niqe import fit_features
from visq.ops import derivatives, phase, statistics
from visq.ops.arrays import Batch, is_torch, read_one
from visq.ops.colour import LMN, convert
from visq.ops.filters import gaussian_window, separable
from visq.ops.resize import imresize
from visq.ops.threads import run_strips

MIN_SIDE = 32
SIDE = 524
BLOCK = 84
SCALES = 2
FEATURES = 468
_CROP = SIDE // BLOCK * BLOCK

_WINDOW, _SIGMA = 5, 5 / 6
_DERIVATIVE, _DERIVATIVE_POWER = 1.66, 0.28
_WAVELENGTH, _WAVELENGTH_POWER, _RATIO = 2.4, 0.87, 1.31
_SIGMA_ON_F, _SPACING = 0.55, 1.1
_BANDS, _ORIENTATIONS = 3, 4
_BEFORE_LOG = 1e-5
# The window before halving has six taps; MATLAB lays them over two pixels before and three after.
_HALVING = np.concatenate([[0.0], gaussian_window(6, 0.9)])
# Rows or columns that are resized at a time.
_STRIP = 256
# What the authors' program puts for infinite features, and for means and covariances that no patch defines.
_INFINITE, _UNDEFINED = 1e4, 2e3
_CELL_SHAPES = ((1, None), (None, None), (FEATURES, 1), (FEATURES, None))
_SHAPES = {"feature_mean": (FEATURES,), "components": (FEATURES, None), "variances": (None,)}


@dataclass(frozen=True)
class PristineModel:
    """Features of pristine patches: their mean `(468,)`, and in their K principal components `(468, K)` a Gaussian.

    `mean (K,)` and `covariance (K, K)` are those of ``components' (features - feature_mean)``.
    """

    feature_mean: np.ndarray
    components: np.ndarray
    mean: np.ndarray
    covariance: np.ndarray


def ilniqe(
    image: Any,
    *,
    data_range: float | None = None,
    model: str | os.PathLike[str] | None = None,
    rounded: bool = True,
) -> Any:
    """Integrated local natural image quality evaluator, 0 and up; lower is better.

    The image is resized to 524 x 524 (bicubic) and cut into 36 patches of 84 x 84. A patch is described by 234
    numbers: generalised Gaussians of its locally normalised luma and of the products with four neighbours (18, as in
    NIQE); Weibull distributions of the gradient's magnitude in three opponent channels (6); mean and variance of
    three colour components of log RGB (6); asymmetric generalised Gaussians of the channels' derivatives (12); the
    same of 24 log-Gabor responses (48) and of their derivatives (96), and Weibull distributions of the gradient's
    magnitude in the responses (48). 234 more come from the image at half the size. In the principal components of
    the pristine model, let x be a patch, S the covariance of the patches, and M and C mean and covariance of the
    model. The score is the mean over the patches of ``sqrt((x - M)' pinv((C + S) / 2) (x - M))``.

    Parameters
    ----------
    image : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`, at least 32 x 32. Grey counts as colour
        with three equal channels.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    model : path, optional
        Pristine model: the authors' `templateModel.mat`, or an `.npz` as ``python -m visq.metrics.fit_ilniqe``
        writes it. None: the model that ships; its scores are not those of the authors' model.
    rounded : bool
        Bring the pixels to 8-bit levels first, and round to them after each of the two passes of the resize, as
        MATLAB does with 8-bit images. Without it scores are up to 3 % others.

    Returns
    -------
    float, (N,) array or tensor
        Computed in float64. Tensors are computed as arrays and come back without gradients.

    Raises
    ------
    visq.errors.InputError
        A side below 32, values out of range, NaN.
    visq.errors.InputTypeError
        Neither array nor tensor, or of a dtype that holds no pixels.
    visq.errors.WeightsError
        A model file that is missing, damaged or not one.

    Notes
    -----
    To reproduce the authors' program, give 8-bit pixels and their `templateModel.mat`.

    In areas of one level, normalised luma and derivatives are zero; the authors' program has rounding errors there,
    whose signs and sizes it fits too. Here they are zeros. As there, a patch with a feature that is not defined
    takes the place of the mean patch, and where no patch is defined, means and covariances are 2000.

    References
    ----------
    L. Zhang, L. Zhang and A. C. Bovik, "A feature-enriched completely blind image quality evaluator", IEEE Trans.
    Image Processing 24(8), 2015.

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(0).integers(0, 256, (128, 128, 3), np.uint8)
    >>> ilniqe(noise) > 50
    True
    """
    batch = read_one(image, data_range=data_range, min_side=MIN_SIDE)
    pristine = load_model(model)
    values = [distance(pristine, block_features(batch, n, rounded=rounded)[0]) for n in range(batch.data.shape[0])]
    return batch.result_of_numpy(values)


def block_features(batch: Batch, n: int, *, rounded: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """The `(36, 468)` features of image `n` of a batch, and the `(36,)` sharpness of its patches.

    Undefined features are NaN; the Weibull shape of a patch without any gradient is infinite.
    """
    rgb = _resized(batch, n, rounded)[:, :_CROP, :_CROP]
    features, sharpness = _scale_features(rgb, 1)
    half = separable(rgb, _HALVING, _HALVING, border="replicate")[:, ::2, ::2]
    return np.concatenate([features, _scale_features(half, 2)[0]], axis=1), sharpness


def _resized(batch: Batch, n: int, rounded: bool) -> np.ndarray:
    planes = [_resized_plane(data, 255.0 / batch.peak, rounded) for data in batch.data[n]]
    return np.broadcast_to(np.stack(planes), (3, SIDE, SIDE))


def _resized_plane(data: Any, scale: float, rounded: bool) -> np.ndarray:
    """One channel at 524 x 524. Double precision is made of it a strip at a time: large images need little memory."""

    def level(x: np.ndarray) -> np.ndarray:
        return np.clip(np.floor(x + 0.5) if rounded else x, 0.0, 255.0)

    def strip(part: Any) -> np.ndarray:
        values = part.detach().cpu().double().numpy() if is_torch(part) else np.asarray(part, np.float64)
        return level(values * scale)

    height, width = data.shape
    # MATLAB's order: the axis of the smaller ratio first. The other one is not touched by that pass.
    if height >= width:
        parts = (strip(data[:, c : c + _STRIP]) for c in range(0, width, _STRIP))
        plane = np.concatenate([imresize(p, size=(SIDE, p.shape[1])) for p in parts], axis=1)
    else:
        parts = (strip(data[r : r + _STRIP]) for r in range(0, height, _STRIP))
        plane = np.concatenate([imresize(p, size=(p.shape[0], SIDE)) for p in parts], axis=0)
    return level(imresize(level(plane) if rounded else plane, size=(SIDE, SIDE)))


def _scale_features(rgb: np.ndarray, scale: int) -> tuple[np.ndarray, np.ndarray]:
    side = BLOCK // scale
    luma, *opponents = convert(rgb[None], LMN)[0]
    sums, sharpness = statistics.block_sums(
        luma, side, side, border="replicate", size=_WINDOW, sigma=_SIGMA, flat="zero"
    )
    normalised = fit_features(sums, side**2).reshape(len(sums) ** 2, -1)
    channels, responses = _gradients((*opponents, luma), scale, side)
    parts = (
        normalised,
        channels.weibull,
        _colour(rgb, side),
        _fits(channels.sums[:, :, 1:], side),
        _fits(responses.sums[:, :, :1], side),
        _fits(responses.sums[:, :, 1:], side),
        responses.weibull,
    )
    return np.concatenate([p.reshape(len(normalised), -1) for p in parts], axis=1), sharpness.reshape(-1)


@dataclass(frozen=True)
class _Statistics:
    # (blocks, planes, 3, 5) and (blocks, planes, 2), see `derivatives.block_statistics`.
    sums: np.ndarray
    weibull: np.ndarray


def _gradients(channels: tuple[np.ndarray, ...], scale: int, side: int) -> tuple[_Statistics, _Statistics]:
    from scipy import fft

    luma = channels[-1]
    sigma = _DERIVATIVE / scale**_DERIVATIVE_POWER
    radial, angular = _bank(*luma.shape, _WAVELENGTH / scale**_WAVELENGTH_POWER)
    # The filters do not pass frequency zero; without it, one grey level gives exactly no response.
    spectrum = fft.fft2(luma - 0.5 * (luma.max() + luma.min()), workers=1)
    count = len(channels) + 2 * _BANDS * _ORIENTATIONS
    found: list[tuple[np.ndarray, np.ndarray]] = [(np.empty(0), np.empty(0))] * count

    def one(task: int, _end: int, _index: int) -> None:
        if task < len(channels):
            found[task] = derivatives.block_statistics(channels[task], side, sigma)
            return
        band, orientation = divmod(task - len(channels), _ORIENTATIONS)
        # One worker: how the transform is split must not depend on the number of threads.
        response = fft.ifft2(spectrum * (radial[band] * angular[orientation]), workers=1, overwrite_x=True)
        first = 2 * task - len(channels)
        for k, part in enumerate((response.real, response.imag)):
            found[first + k] = derivatives.block_statistics(part, side, sigma)

    run_strips(one, len(channels) + _BANDS * _ORIENTATIONS, 1)
    sums, weibull = (np.stack(part, axis=1) for part in zip(*found, strict=True))
    split = len(channels)
    return _Statistics(sums[:, :split], weibull[:, :split]), _Statistics(sums[:, split:], weibull[:, split:])


@lru_cache(maxsize=SCALES)
def _bank(height: int, width: int, wavelength: float) -> tuple[np.ndarray, np.ndarray]:
    radius, angle = phase.frequency_grid(height, width)
    radial = [phase.log_gabor(radius, wavelength * _RATIO**band, _SIGMA_ON_F) for band in range(_BANDS)]
    step = math.pi / _ORIENTATIONS
    angular = [phase.angular_spread(angle, o * step, step / _SPACING) for o in range(_ORIENTATIONS)]
    return np.stack(radial), np.stack(angular)


def _colour(rgb: np.ndarray, side: int) -> np.ndarray:
    logs = np.log(rgb + _BEFORE_LOG)
    logs -= logs.mean(axis=(1, 2), keepdims=True)
    red, green, blue = logs
    found = []
    for plane in (
        (red + green + blue) / math.sqrt(3),
        (red + green - 2 * blue) / math.sqrt(6),
        (red - green) / math.sqrt(2),
    ):
        across = plane.shape[1] // side
        blocks = plane.reshape(-1, side, across, side).swapaxes(1, 2).reshape(-1, side**2)
        found += [blocks.mean(axis=1), blocks.var(axis=1, ddof=1)]
    return np.stack(found, axis=1)


def _fits(sums: np.ndarray, side: int) -> np.ndarray:
    shape, left, right = statistics.aggd_fit(sums, side**2)
    return np.stack([shape, (left + right) / 2 * statistics.scale_of(shape)], axis=-1)


def distance(pristine: PristineModel, features: np.ndarray) -> float:
    """The score of `(patches, 468)` features."""
    features = np.where(np.isinf(features), _INFINITE, features)
    # einsum adds in one order; a BLAS product would depend on its number of threads.
    patches = np.einsum("ij,jk->ik", features - pristine.feature_mean, pristine.components)
    whole = patches[~np.isnan(patches).any(axis=1)]
    count = len(pristine.mean)
    mean = whole.mean(axis=0) if len(whole) else np.full(count, _UNDEFINED)
    if len(whole) > 1:
        apart = whole - mean
        covariance = np.einsum("ij,ik->jk", apart, apart) / (len(whole) - 1)
    else:
        covariance = np.full((count, count), 0.0 if len(whole) else _UNDEFINED)
    difference = np.where(np.isnan(patches), mean, patches) - pristine.mean
    solved = _solve((pristine.covariance + covariance) / 2, difference.T)
    squares = np.einsum("ij,ji->i", difference, solved)
    return float(np.mean(np.sqrt(np.maximum(squares, 0.0))))


def _solve(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    from visq.ops import _numba_cholesky

    found = _numba_cholesky.solve(matrix, right)
    if found is not None:
        return found
    # MATLAB's pinv drops singular values below max(size) * eps(largest).
    return np.linalg.pinv(matrix, rcond=len(matrix) * np.finfo(np.float64).eps, hermitian=True) @ right


def load_model(model: str | os.PathLike[str] | None = None) -> PristineModel:
    """The pristine model that ships (None), or the one in a `templateModel.mat` or `.npz`."""
    from visq import catalog, weights

    path = weights.find(catalog.get("ilniqe").weights[0]) if model is None else weights.members(model)[0]
    return _load(path, weights.sha256(path))


@lru_cache(maxsize=8)
def _load(path: Path, sha256: str) -> PristineModel:  # noqa: ARG001
    from visq.errors import WeightsError
    from visq.weights import arrays, cells

    with path.open("rb") as stream:
        matlab = stream.read(6) == b"MATLAB"
    if matlab:
        mean, covariance, feature_mean, components = cells.read_cell(path, "templateModel", _CELL_SHAPES)
        model = PristineModel(feature_mean[:, 0], components, mean[0], covariance)
    else:
        found = arrays.read_npz(path, _SHAPES)
        variances = found["variances"]
        model = PristineModel(found["feature_mean"], found["components"], np.zeros(len(variances)), np.diag(variances))
    count = model.components.shape[1]
    if not count or model.mean.shape != (count,) or model.covariance.shape != (count, count):
        raise WeightsError(f"{path}: its arrays do not fit together", expected=f"{count} components in all of them")
    if (np.diag(model.covariance) <= 0).any() or not np.allclose(model.covariance, model.covariance.T, atol=1e-9):
        raise WeightsError(f"{path}: not a covariance", expected="symmetric, with positive variances")
    return model
