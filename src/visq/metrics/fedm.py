"""Free-energy distortion: how much harder, or easier, an image is to predict than its reference."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from visq.metrics._reduced import SINGLE, numbers, one_plane, score_pairs, single
from visq.ops.autoregression import Solver, free_energy

MIN_SIDE = 9
LARGEST = math.log2(511)


def fedm(
    image: Any,
    reference: Any,
    *,
    data_range: float | None = None,
    solver: Solver = "exact",
    rounded_luma: bool | None = None,
) -> Any:
    """Free-energy based distortion (FEDM), 0..9 bits; 0 for an identical pair, lower is better.

    ``|F(image) - F(reference)|``. F is the free energy of an image under a local autoregressive model: every pixel is
    predicted from its 8 neighbours with the weights that fit the 48 pixels around it best, and F is the entropy in
    bits, ``-sum p log2 p``, of the prediction errors rounded to whole levels. Of the reference, one number is needed:
    F, sent in 32 bits.

    Parameters
    ----------
    image, reference : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`; sides of at least 9.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    solver : {"exact", "ridge"}
        What is done where the 48 pixels do not determine the weights. `exact`: where LAPACK's estimate of the
        reciprocal condition number of the normal matrix is below 1e-7, the neighbours are averaged. `ridge`: 1e-6 of
        the mean of its diagonal is added to the diagonal, everywhere; steadier for images that are smooth and not
        rounded.
    rounded_luma : bool, optional
        Round luma to 8-bit levels. None: that of colour pixels of 8 or 16 bit, as MATLAB's `rgb2gray` rounds it, and
        not floats or grey images.

    Returns
    -------
    float, (N,) array or tensor
        Tensors come back without gradients: errors are counted.

    Raises
    ------
    visq.errors.InputError
        Shapes that differ, a side below 9, values out of range, NaN, an unknown solver.
    visq.errors.InputTypeError
        Not two arrays or two tensors, or of a dtype that holds no pixels.

    Notes
    -----
    Monotone within one kind of distortion, and of opposite sign for different kinds: noise raises F, blur lowers it.
    The right amount of noise on a blurred image gives a perfect score. `free_energy_change` has the sign.

    The window of 7 x 7, the mirrored border and the limit of 1e-7 are those of the autoregression routine that the
    authors of the free-energy measures made public. Of the errors all are counted, and an error within 3e-5 of half a
    level is rounded away from zero, so that single and double precision agree. Computed in float64.

    References
    ----------
    G. Zhai, X. Wu, X. Yang, W. Lin, W. Zhang, "A psychovisual quality metric in free-energy principle", IEEE Trans.
    Image Processing 21(1), 2012.

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)
    >>> fedm(noise, noise), round(fedm(noise // 4, noise), 1)
    (0.0, 1.9)
    """
    options: dict[str, Any] = {"data_range": data_range, "solver": solver, "rounded_luma": rounded_luma}
    return abs(free_energy_change(image, reference, **options))


def free_energy_change(
    image: Any,
    reference: Any,
    *,
    data_range: float | None = None,
    solver: Solver = "exact",
    rounded_luma: bool | None = None,
) -> Any:
    """``F(image) - F(reference)``, -9..9 bits: `fedm` with its sign.

    Above 0 where the image is harder to predict than its reference (noise), below 0 where it is easier (blur,
    compression). No score: neither end is better. Parameters and errors are those of `fedm`.

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)
    >>> round(free_energy_change(noise // 4, noise), 1)
    -1.9
    """

    def score(x: np.ndarray, y: np.ndarray) -> float:
        return single(free_energy(x, solver)) - single(free_energy(y, solver))

    return score_pairs(image, reference, score, data_range=data_range, rounded_luma=rounded_luma, min_side=MIN_SIDE)


def extract(
    reference: Any,
    *,
    data_range: float | None = None,
    solver: Solver = "exact",
    rounded_luma: bool | None = None,
) -> tuple[dict[str, Any], int]:
    """What `compare` needs of one reference: `free_energy`, in bits; and the size of this, 32 bits."""
    x = one_plane(reference, name="reference", data_range=data_range, rounded_luma=rounded_luma, min_side=MIN_SIDE)
    return {"free_energy": [single(free_energy(x, solver))]}, SINGLE


def compare(
    values: Mapping[str, Any],
    image: Any,
    *,
    data_range: float | None = None,
    solver: Solver = "exact",
    rounded_luma: bool | None = None,
) -> float:
    """Score of one image from what `extract` kept of its reference; options as `fedm`.

    Raises
    ------
    visq.errors.InputError
        As `fedm`, and features that are not those of this metric.
    """
    (sent,) = numbers(values, "free_energy", 1, low=0.0, high=LARGEST + 1e-6)
    x = one_plane(image, name="image", data_range=data_range, rounded_luma=rounded_luma, min_side=MIN_SIDE)
    return abs(single(free_energy(x, solver)) - single(sent))
