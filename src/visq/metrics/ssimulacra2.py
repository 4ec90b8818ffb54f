"""SSIMULACRA 2.1: structure, artefacts and loss of detail in XYB over six scales."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from visq.errors import OptionError
from visq.ops import filters, light
from visq.ops.arrays import Batch, namespace, read_pair
from visq.ops.choices import check_choice
from visq.ops.cosine_gaussian import cosine_gaussian
from visq.ops.numeric import mean, safe_power
from visq.ops.xyb import positive_xyb

MIN_SIDE = 8

_SCALES = 6
_SIGMA = 1.5
_C2 = 0.0009

# The weights that are not zero, by their place in the list of the norms: plane (X, Y, B), scale, power (1, 4) and
# error (structure, artefact, loss of detail), the last running fastest.
_PLACES = (
    1, 4, 7, 9, 10, 11, 13, 15, 16, 18, 19, 21, 22, 24, 25, 27, 28, 29, 30, 33, 39, 41, 42, 45, 46, 47, 48, 51, 52, 53,
    54, 57, 58, 59, 63, 64, 73, 79, 81, 87, 88, 90, 93, 94, 96, 97, 98, 99, 100, 101, 105, 107,
)  # fmt: skip
_WEIGHTS = (
    0.0007376606707406586, 0.0007793481682867309, 0.0004371155730107379, 1.1041726426657346, 0.00066284834129271,
    0.00015231632783718752, 0.0016406437456599754, 1.8422455520539298, 11.441172603757666, 0.0007989109436015163,
    0.000176816438078653, 1.8787594979546387, 10.94906990605142, 0.0007289346991508072, 0.9677937080626833,
    0.00014003424285435884, 0.9981766977854967, 0.00031949755934435053, 0.0004550992113792063, 0.0013648766163243398,
    7.466890328078848, 17.445833984131262, 0.0006235601634041466, 6.683678146179332, 0.00037724407979611296,
    1.027889937768264, 225.20515300849274, 19.213238186143016, 0.0011401524586618361, 0.001237755635509985,
    176.39317598450694, 24.43300999870476, 0.28520802612117757, 0.0004485436923833408, 34.77906344483772,
    44.835625328877896, 0.0008680556573291698, 0.0005313191874358747, 0.00016533814161379112, 0.0004179171803251336,
    0.0017290828234722833, 0.0020827005846636437, 8.826982764996862, 23.19243343998926, 95.1080498811086,
    0.9863978034400682, 0.9834382792465353, 0.0012286405048278493, 171.2667255897307, 0.9807858872435379,
    0.0005130064588990679, 0.00010854057858411537,
)  # fmt: skip
_SCALE = 0.9562382616834844
_CUBIC = (2.326765642916932, -0.020884521182843837, 6.248496625763138e-05)
_EXPONENT = 0.6276336467831387


def ssimulacra2(
    image: Any, reference: Any, *, data_range: float | None = None, blur: Literal["exact", "recursive"] = "exact"
) -> Any:
    """SSIMULACRA 2.1, at most 100; higher is better, 100 for an identical pair.

    Both images are brought to XYB with its planes in 0..1: ``14 X + 0.42``, ``Y + 0.01`` and ``B - Y + 0.55``. With
    means `m`, variances `v` and covariance `s` under a blur of sigma 1.5 (zeros outside), each plane has three errors
    of the image `y` against the reference `x`::

        structure   max(0, 1 - (1 - (mx - my)^2) (2 s + 0.0009) / (vx + vy + 0.0009))
        artefact    max(0, q)     q = (1 + |y - my|) / (1 + |x - mx|) - 1
        loss        max(0, -q)

    at six scales, each the 2 x 2 mean of the linear light of the one before. The weighted sum `t` of the 1-norms and
    4-norms of these 54 maps gives the score ``100 - 10 (2.3268 t - 0.020885 t^2 + 6.2485e-5 t^3)^0.62763``. About 90
    is visually lossless, 70 high, 50 medium and 30 low quality; heavy damage is below 0.

    Parameters
    ----------
    image, reference : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`; sides of at least 8.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    blur : {"exact", "recursive"}
        How the blur is computed, by its taps or by the authors' recursion in single precision, whose rounding errors
        never fade. NumPy arrays only for the latter.

    Returns
    -------
    float or (N,) array

    Raises
    ------
    visq.errors.InputError
        Shapes that differ, values out of range, NaN, a side below 8 pixels, an unknown option, ``blur="recursive"``
        for tensors.
    visq.errors.InputTypeError
        Not two arrays or two tensors, or of a dtype that holds no pixels.

    Notes
    -----
    The authors' program blurs by a recursion that is only just stable: its rounding errors stay in the mean and the
    variance. They lower its scores by up to 0.1 on the reference pictures, more where both images are smooth, and
    depend on the processor's instructions. The default computes the same filter without them, in double
    precision; ``blur="recursive"`` is that program to about 0.03.

    Sides below 113 pixels have fewer than six scales: none follows one with a side below 8. As in the authors' program
    the weights are then taken from the front of their list, as if there had never been more scales: such scores are
    not comparable with those of larger images.

    The errors of a pixel are written in the difference of the two images, so that equal pixels have exactly none.

    References
    ----------
    J. Sneyers: SSIMULACRA 2, Structural SIMilarity Unveiling Local And Compression Related Artifacts. Cloudinary, 2022;
    version 2.1 of 2023, with weights tuned on CID22, TID2013, KADID-10k and KonFiG-IQA. No paper; to reproduce the
    tables published with the program, score the images as the databases hold them.

    Examples
    --------
    >>> import numpy as np
    >>> steps = np.kron(np.arange(4, dtype=np.uint8), np.full((32, 16), 60, np.uint8))
    >>> ssimulacra2(steps, steps)
    100.0
    >>> ssimulacra2(steps // 2, steps) < ssimulacra2(steps - steps // 16, steps) < 100
    True
    """
    x, y = read_pair(image, reference, data_range=data_range, min_side=MIN_SIDE)
    check_choice("blur", blur, ("exact", "recursive"))
    if x.torch:
        if blur == "recursive":
            raise OptionError("blur='recursive' is for NumPy arrays", expected="blur='exact' for tensors")
        norms = plain_norms(light.linear(y), light.linear(x))
        return x.result(_score(norms, y).to(x.dtype))
    return x.result(_score(_norms(x, y, blur), y))


def scale_count(size: tuple[int, int]) -> int:
    """Scales of an image of `size`.

    >>> [scale_count((n, 500)) for n in (8, 15, 16, 112, 113)]
    [2, 3, 3, 5, 6]
    """
    count, side = 1, min(size)
    while count < _SCALES and side >= MIN_SIDE:
        count, side = count + 1, -(-side // 2)
    return count


def _norms(image: Batch, reference: Batch, blur: str) -> np.ndarray:
    """`(N, scales, 3, 2, 3)`: means of the errors and of their fourth powers."""
    from visq.ops import _numba_light, _numba_ssimulacra2

    gaussian = cosine_gaussian(_SIGMA)
    pairs = zip(_numba_light.sources(reference), _numba_light.sources(image), strict=True)
    count = scale_count(image.size)
    if blur == "recursive":
        from visq.ops import _numba_recursive

        return np.stack([_numba_recursive.norms(x, y, count, gaussian, _C2) for x, y in pairs])
    return np.stack([_numba_ssimulacra2.norms(x, y, count, gaussian.taps, _C2) for x, y in pairs])


def _score(norms: Any, batch: Batch) -> Any:
    xp = batch.xp
    first, fourth = norms[:, :, :, 0], safe_power(norms[:, :, :, 1], 0.25)
    # Planes before scales: (N, scales, 3, 2, 3) to (N, 3, scales, 2, 3).
    ordered = xp.permute_dims(xp.stack([first, fourth], axis=3), (0, 2, 1, 3, 4))
    flat = xp.reshape(ordered, (norms.shape[0], -1))
    total: Any = 0.0
    for place, weight in zip(_PLACES, _WEIGHTS, strict=True):
        if place < flat.shape[1]:
            total = total + weight * flat[:, place]
    t = _SCALE * total
    damage = t * (_CUBIC[0] + t * (_CUBIC[1] + t * _CUBIC[2]))
    return 100.0 - 10.0 * safe_power(damage, _EXPONENT)


def plain_norms(reference: Any, image: Any) -> Any:
    """What the NumPy engine computes in one pass, from the operations in `visq.ops`.

    Parameters
    ----------
    reference, image : array
        `(N, 3, H, W)` linear light in 0..1.

    Returns
    -------
    array
        `(N, scales, 3, 2, 3)`: scale, plane, power (1, 4) and error (structure, artefact, loss of detail).
    """
    xp = namespace(image)
    taps = cosine_gaussian(_SIGMA).taps
    scales = []
    for scale in range(scale_count(image.shape[-2:])):
        if scale:
            reference, image = _halve(reference), _halve(image)
        scales.append(_errors(positive_xyb(reference), positive_xyb(image), taps))
    return xp.stack(scales, axis=1)


def _errors(x: Any, y: Any, taps: np.ndarray) -> Any:
    xp = namespace(x)
    e = x - y
    m, n, p, q = (filters.separable(z, taps, taps, border="zero") for z in (x, e, x * y, e * e))
    shift = n * n
    spread = q - shift
    share = spread / (2.0 * (p - m * (m - n)) + spread + _C2)
    structure = _positive(shift + (1.0 - shift) * share)
    before = xp.abs(x - m)
    edge = (xp.abs(y - (m - n)) - before) / (1.0 + before)
    maps = (structure, _positive(edge), _positive(-edge))
    squares = [z * z for z in maps]
    first, fourth = [mean(z) for z in maps], [mean(z * z) for z in squares]
    return xp.stack([xp.stack(first, axis=-1), xp.stack(fourth, axis=-1)], axis=-2)


def _positive(x: Any) -> Any:
    return namespace(x).where(x > 0, x, 0.0 * x)


def _halve(x: Any) -> Any:
    """Means over 2 x 2 pixels, the last row and column repeated where they are odd."""
    height, width = x.shape[-2:]
    return filters.average_pool(filters.pad(x, 0, height % 2, 0, width % 2, border="replicate"), 2)
