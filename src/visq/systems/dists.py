"""Deep image structure and texture similarity (DISTS)."""

from __future__ import annotations

import math
import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from visq.ops.arrays import is_torch
from visq.ops.choices import check_choice
from visq.ops.pillow_resize import resize_pictures
from visq.systems import graphs
from visq.systems.inputs import building, evaluating, read_both, require_torch

if TYPE_CHECKING:
    import torch

    from visq.systems.feature_distances import Dists

Resize = Literal["none", "authors", "piq"]
MIN_SIDE = 16  # the stride of the last layer
TAPS = ("relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_3")
CHANNELS = 3 + 64 + 128 + 256 + 512 + 512
_SIDE = 256


def dists(
    image: Any,
    reference: Any,
    *,
    data_range: float | None = None,
    resize: Resize = "none",
    model: str | os.PathLike[str] | None = None,
) -> Any:
    """Deep image structure and texture similarity (DISTS), 0..2; 0 for an identical pair, lower is better.

    Of every channel `c` of the picture and of five layers of a VGG-16 with L2 pooling, the means ``m`` (texture) and
    the covariances (structure) of the two images are compared::

        T_c = (2 m_x m_y + 1e-6) / (m_x^2 + m_y^2 + 1e-6)
        S_c = (2 cov_xy + 1e-6) / (var_x + var_y + 1e-6)
        DISTS = 1 - sum_c (a_c T_c + b_c S_c)

    with weights ``a_c, b_c >= 0`` that sum to 1, fitted to people's scores and to textures being alike. The sum is
    taken over ``1 - T`` and ``1 - S``, so that nothing is lost to rounding and an identical pair gives exactly 0. Only
    channels that are each other's negative come above 1.

    Parameters
    ----------
    image, reference : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`; both sides at least 16 pixels.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    resize : {"none", "authors", "piq"}
        What happens to pictures whose shorter side has more than 256 pixels (see Notes).
    model : path, optional
        The metric as `visq export` wrote it, run without torch. None: the public weights, by torch.

    Returns
    -------
    float or (N,) array

    Raises
    ------
    visq.errors.InputError
        Shapes that differ, a side below 16 pixels, values out of range, NaN.
    visq.errors.InputTypeError
        Not two arrays or two tensors, or of a dtype that holds no pixels.
    visq.errors.OptionError
        Another way of resizing.
    visq.errors.WeightsError
        The weights, or the graph named by `model`, are missing, damaged or other ones.
    visq.errors.MissingExtraError
        Without torch, where no graph is there.

    Notes
    -----
    The default is the authors' program on the pictures as they are, which is how its values were recorded. The
    demonstration beside it first brings pictures to a shorter side of 256, as its authors advise, through Pillow
    (linear with smoothing, whole levels): ``resize="authors"``, where pictures of integers are rounded as there and
    floats are not. `piq` does so within, without smoothing: ``resize="piq"``. Pictures of 512 x 384 move by up to 0.1.
    The features of references are remembered (`visq.systems.references`).

    References
    ----------
    K. Ding, K. Ma, S. Wang, E. P. Simoncelli, "Image quality assessment: unifying structure and texture similarity",
    IEEE Trans. PAMI 44(5), 2022; the authors' program DISTS_pt.py. To reproduce its tables: ``resize="authors"``.

    Examples
    --------
    >>> import visq
    >>> visq.metric("dists", like="piq").identity.partition("#")[0]
    'dists@1(resize=piq)'
    """
    check_choice("resize", resize, get_args(Resize))
    reading: dict[str, Any] = {"data_range": data_range, "min_side": MIN_SIDE}
    whole = all(_holds_integers(a) for a in (image, reference))
    graph = graphs.choose("dists", model)
    if graph is not None:
        return graphs.score(graph, image, reference, prepare=lambda x, _: sized(x, resize, whole), **reading)
    inputs = read_both(image, reference, **reading)
    with evaluating(inputs):
        judge = network(str(inputs.image.device), inputs.image.dtype)
        x, y = (sized(a, resize, whole) for a in (inputs.image, inputs.reference))
        return inputs.result(judge.compare(x, y))


@lru_cache(maxsize=4)
def network(device: str, dtype: torch.dtype) -> Dists:
    """DISTS with the authors' weights, on a device and in a precision; made once.

    Raises
    ------
    WeightsError
        The weights are missing or damaged.
    MissingExtraError
        torch is not installed.
    """
    require_torch()
    from visq import backbones
    from visq.catalog.learned.similarity import HEADS
    from visq.systems.feature_distances import Dists
    from visq.systems.heads import open_first

    with building():
        heads = open_first(HEADS["dists"], dict.fromkeys(("alpha", "beta"), (1, CHANNELS, 1, 1)))
        vgg = backbones.shared("vgg16", device=device, dtype=dtype, pooling="l2")
        judge = Dists(vgg, TAPS, heads["alpha"], heads["beta"])
        return judge.to(device=device, dtype=dtype).eval()


def exported(resize: Resize = "none") -> graphs.Export:  # noqa: ARG001
    """What `visq export dists` writes: the metric at any size. Resizing stays outside."""
    torch = require_torch()
    return graphs.Export(network("cpu", torch.float32), min_side=MIN_SIDE)


def sized(planes: Any, resize: Resize, whole: bool = False) -> Any:
    """`(N, 3, H, W)` planes in 0..1 as the network is to see them.

    Parameters
    ----------
    planes : array or tensor
        Pixels.
    resize : {"none", "authors", "piq"}
        Pictures whose shorter side has more than 256 pixels: left alone, or brought to a shorter side of 256.
    whole : bool
        They were integers: with `authors`, levels of 8 bit are rounded after each axis, as Pillow does.
    """
    height, width = (int(n) for n in planes.shape[-2:])
    short = min(height, width)
    if resize == "none" or short <= _SIDE:
        return planes
    if resize == "piq":
        scale = _SIDE / short
        rows, columns = (_between_two(n, scale) for n in (height, width))
        return _on(rows, planes) @ planes @ _on(columns, planes).T
    # The longer side is cut to whole pixels.
    return resize_pictures(planes, (_SIDE * height // short, _SIDE * width // short), integer=whole)


@lru_cache(maxsize=64)
def _between_two(length: int, scale: float) -> np.ndarray:
    """torch's bilinear interpolation by a factor along one axis: only the two nearest pixels count."""
    out_length = math.floor(length * scale)
    centre = np.maximum((np.arange(out_length) + 0.5) / scale - 0.5, 0.0)
    first = np.minimum(centre.astype(int), length - 1)
    matrix = np.zeros((out_length, length))
    index = np.arange(out_length)
    matrix[index, first] += 1.0 - (centre - first)
    matrix[index, np.minimum(first + 1, length - 1)] += centre - first
    return matrix


def _holds_integers(image: Any) -> bool:
    return "uint" in str(getattr(image, "dtype", ""))


def _on(matrix: np.ndarray, planes: Any) -> Any:
    """A matrix of the same kind as the planes."""
    if is_torch(planes):
        import torch

        return torch.as_tensor(matrix, dtype=planes.dtype, device=planes.device)
    return matrix.astype(planes.dtype)
