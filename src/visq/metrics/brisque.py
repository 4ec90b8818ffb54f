"""BRISQUE: 36 statistics of an image and a regression that people's ratings taught."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from visq.metrics.niqe import fit_features
from visq.ops import statistics
from visq.ops.arrays import Batch, read_one
from visq.ops.scales import half_size, luma_plane

MIN_SIDE = 16
SCALES = 2
FEATURES = 36
#: Arrays of a model in our own format, and their shapes.
SHAPES = {
    "vectors": (None, FEATURES), "coefficients": (None,), "gamma": (), "bias": (), "offset": (FEATURES,),
    "gain": (FEATURES,),
}  # fmt: skip
_TOOLBOX_SHAPES = {"Alpha": (None, 1), "Bias": (1, 1), "SupportVectors": (None, FEATURES), "Scale": (1, 1)}


@dataclass(frozen=True)
class Regressor:
    """``sum_i coefficients[i] exp(-gamma |vectors[i] - z|^2) + bias`` of ``z = features * gain + offset``.

    `as_text` rounds features and `z` to the digits with which the authors' script hands them from program to
    program: six decimals (`%f`), then six significant digits (`%g`). `toolbox` says that the features are those of
    MATLAB's toolbox.
    """

    vectors: np.ndarray
    coefficients: np.ndarray
    gamma: float
    bias: float
    offset: np.ndarray
    gain: np.ndarray
    as_text: bool = False
    toolbox: bool = False

    def predict(self, features: np.ndarray) -> np.ndarray:
        """`(N,)` scores of `(N, 36)` features."""
        if self.as_text:
            features = _reprinted(features, "%f")
        z = features * self.gain + self.offset
        if self.as_text:
            z = _reprinted(z, "%g")
        square = ((z[:, None, :] - self.vectors[None]) ** 2).sum(axis=-1)
        return np.exp(-self.gamma * square) @ self.coefficients + self.bias


def _reprinted(values: np.ndarray, form: str) -> np.ndarray:
    return np.array([float(form % v) for v in values.ravel()]).reshape(values.shape)


def brisque(
    image: Any,
    *,
    data_range: float | None = None,
    model: str | os.PathLike[str] | None = None,
    rounded_luma: bool | None = None,
    flat: statistics.Flat = "authors",
) -> Any:
    """Blind/referenceless image spatial quality evaluator, about 0..100; lower is better.

    Luma is normalised locally (MSCN, Gaussian 7 x 7, zeros outside the image). A generalised Gaussian is fitted to
    the coefficients (shape, variance), an asymmetric one to each of their products with four neighbours (shape,
    mean, variance below and above zero), at full and at half size: 36 features. A kernel regression turns them
    into a score.

    Parameters
    ----------
    image : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`, at least 16 x 16.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    model : path, optional
        Regression: the authors' `allmodel` with `allrange` beside it, the folder that holds both; a `brisqueModel`
        of MATLAB's toolbox, saved as below; or an `.npz` as ``python -m visq.metrics.fit_brisque`` writes it. None:
        the model that ships, fitted to ratings of 10,000 photographs; its scores are not those of the authors'.
    rounded_luma : bool, optional
        Round luma to 8-bit levels. None: that of colour pixels of 8 or 16 bit, as MATLAB's `rgb2gray` rounds it, and
        not floats or grey images.
    flat : {"authors", "zero"}
        Rule for areas of one grey level, see `visq.ops.statistics`.

    Returns
    -------
    float, (N,) array or tensor
        Not clipped: pictures better or worse than all that the model has seen may leave 0..100. Tensors come
        back without gradients: the fit picks from a grid.

    Raises
    ------
    visq.errors.InputError
        A side below 16, values out of range, NaN, an unknown rule for flat areas.
    visq.errors.InputTypeError
        Neither array nor tensor, or of a dtype that holds no pixels.
    visq.errors.WeightsError
        A model file that is missing, damaged or not one.

    Notes
    -----
    To reproduce the authors' program, give 8-bit pixels and their `allmodel`. Their program gives NaN for images
    that are black all over; here a feature that is not defined counts as 0.

    MATLAB's `brisque` (Image Processing Toolbox) is another metric of that name: its features are NIQE's, taken of
    the whole image as one block with pixels repeated at the border; they are not brought to a common range; and its
    regression is its own, ``sum_i Alpha[i] exp(-|(features - SupportVectors[i]) / Scale|^2) + Bias``. The model may
    not be shipped. Who has the toolbox saves the numbers of one there, and gives the file as `model`::

        m = brisqueModel; s = struct('Alpha',m.Alpha,'Bias',m.Bias,'SupportVectors',m.SupportVectors, ...
            'Scale',m.Scale); save('brisque.mat','-struct','s','-v7')

    References
    ----------
    A. Mittal, A. K. Moorthy and A. C. Bovik, "No-reference image quality assessment in the spatial domain", IEEE
    Transactions on Image Processing 21(12), 2012.

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)
    >>> brisque(noise) > 20
    True
    """
    batch = read_one(image, data_range=data_range, min_side=MIN_SIDE)
    regressor = load_model(model)
    describe = toolbox_features if regressor.toolbox else features
    rows = [describe(batch, n, rounded_luma=rounded_luma, flat=flat) for n in range(batch.data.shape[0])]
    return batch.result_of_numpy(regressor.predict(np.array(rows)))


def features(
    batch: Batch, n: int, *, rounded_luma: bool | None = None, flat: statistics.Flat = "authors"
) -> np.ndarray:
    """The `(36,)` features of image `n` of a batch."""
    plane = luma_plane(batch, n, rounded=rounded_luma, keep_uint8=True)
    parts = []
    for scale in range(SCALES):
        if scale:
            plane = half_size(plane)
        height, width = int(plane.shape[0]), int(plane.shape[1])
        sums, _ = statistics.block_sums(plane, height, width, border="zero", flat=flat)
        parts.append(_fit(sums[0, 0], height * width))
    return np.nan_to_num(np.concatenate(parts), nan=0.0)


def toolbox_features(
    batch: Batch, n: int, *, rounded_luma: bool | None = None, flat: statistics.Flat = "authors"
) -> np.ndarray:
    """The `(36,)` features of MATLAB's toolbox: those of NIQE, with the whole image as one block."""
    plane = luma_plane(batch, n, rounded=rounded_luma, keep_uint8=True)
    parts = []
    for scale in range(SCALES):
        if scale:
            plane = half_size(plane)
        height, width = int(plane.shape[0]), int(plane.shape[1])
        sums, _ = statistics.block_sums(plane, height, width, border="replicate", flat=flat)
        parts.append(fit_features(sums[0, 0], height * width))
    return np.nan_to_num(np.concatenate(parts), nan=0.0)


def _fit(sums: np.ndarray, count: int) -> np.ndarray:
    shape, deviation = statistics.ggd_fit(sums[0], count)
    pair_shape, left, right = statistics.aggd_fit(sums[1:], count)
    mean = (right - left) * statistics.mean_of(pair_shape) * statistics.scale_of(pair_shape)
    pairs = np.stack([pair_shape, mean, left**2, right**2], axis=-1)
    return np.concatenate([[shape, deviation**2], pairs.ravel()])


def load_model(model: str | os.PathLike[str] | None = None) -> Regressor:
    """The regression that ships (None), or one of libsvm's `allmodel` and `allrange`, a `brisqueModel`, an `.npz`."""
    from visq import catalog, weights

    paths = (weights.find(catalog.get("brisque").weights[0]),) if model is None else weights.members(model)
    return _load(paths, tuple(map(weights.sha256, paths)))


@lru_cache(maxsize=8)
def _load(paths: tuple[Path, ...], hashes: tuple[str, ...]) -> Regressor:  # noqa: ARG001
    from visq.weights import arrays

    if len(paths) == 2:
        machine = arrays.read_libsvm(paths[0], FEATURES)
        lower, upper, low, high = arrays.read_libsvm_range(paths[1], FEATURES)
        gain = (upper - lower) / (high - low)
        return Regressor(
            machine.vectors, machine.coefficients, machine.gamma, -machine.rho, lower - low * gain, gain, as_text=True
        )
    with paths[0].open("rb") as stream:
        if stream.read(6) == b"MATLAB":
            return _read_toolbox(paths[0])
    found = arrays.read_npz(paths[0], SHAPES)
    _same_number(paths[0], found["vectors"], found["coefficients"])
    return Regressor(
        found["vectors"],
        found["coefficients"],
        float(found["gamma"]),
        float(found["bias"]),
        found["offset"],
        found["gain"],
    )


def _read_toolbox(path: Path) -> Regressor:
    from visq.errors import WeightsError
    from visq.weights import arrays

    hint = "In MATLAB, save the fields of the brisqueModel and not the object: the documentation has the line."
    found = arrays.read_mat(path, _TOOLBOX_SHAPES, hint=hint)
    scale = float(found["Scale"][0, 0])
    if scale <= 0:
        raise WeightsError(f"{path}: Scale is not usable", expected="a positive number", got=str(scale))
    coefficients, vectors = found["Alpha"][:, 0], found["SupportVectors"]
    _same_number(path, vectors, coefficients)
    bias = float(found["Bias"][0, 0])
    return Regressor(vectors, coefficients, 1 / scale**2, bias, np.zeros(FEATURES), np.ones(FEATURES), toolbox=True)


def _same_number(path: Path, vectors: np.ndarray, coefficients: np.ndarray) -> None:
    from visq.errors import WeightsError

    if len(vectors) != len(coefficients):
        raise WeightsError(
            f"{path}: vectors and coefficients differ in number", expected=str(len(vectors)), got=str(len(coefficients))
        )
