"""LoDa's score of a picture: the mean of what the network says of its crops."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from visq.systems.inputs import Inputs, building, evaluating, read
from visq.systems.loda.pictures import LEAST, SHORT, Crops, Filter, crops_of, key_of, resized_planes

if TYPE_CHECKING:
    import torch

    from visq.systems.loda.network import LoDa


@dataclass(frozen=True, slots=True)
class Judged:
    """What the network says of a picture, or of a batch: then every field but `upscaled` has a value a picture.

    Attributes
    ----------
    score : float, array or tensor
        Mean over the crops, in -1..1; it points where the ratings it was trained on point.
    spread : float, array or tensor
        Deviation (of n) over the crops.
    crops : array or tensor
        `(15,)` or `(N, 15)`; 5 with the corners alone.
    upscaled : bool
        Whether the pictures were smaller than what was trained on, and were enlarged.
    """

    score: Any
    spread: Any
    crops: Any
    upscaled: bool


def loda(
    image: Any,
    *,
    data_range: float | None = None,
    crops: Crops = "grid15",
    seed: int = 0,
    filter: Filter = "bicubic",
    rounded: bool | None = None,
    model: str | os.PathLike[str] | None = None,
    vit: str | os.PathLike[str] | None = None,
    cnn: str | os.PathLike[str] | None = None,
) -> Any:
    """LoDa: the opinion of a frozen vision transformer that was given the local features of a frozen CNN.

    The shorter side of the picture is brought to 384 pixels; crops of 224 x 224 are judged, and their mean is the
    score: the cosine of the class token and a learned vector.

    Parameters
    ----------
    image : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`; both sides at least 32 pixels.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    crops : {"grid15", "random15", "corners"}
        Three by five of them spread evenly; fifteen at random places, which depend on `seed` and the pixels, as the
        authors test; or the four corners and the centre, a third of the work.
    seed : int
        Of random places.
    filter : {"bicubic", "bilinear"}
        Of the resize: the authors take Pillow's default, bilinear, for KonIQ-10k and SPAQ.
    rounded : bool, optional
        Whether resized pixels are those of Pillow, whole levels of 8 bit, as what was learned from; gradients pass
        straight through. None: where the pixels came as whole numbers. It matters where small pictures are enlarged.
    model : path, optional
        What was learned: a file that `visq.systems.loda.adapter.save` wrote, or a checkpoint of `visq train loda`.
        None: the file that the catalogue names.
    vit, cnn : path, optional
        The frozen networks' parameters. None: the files that the catalogue names, where `visq.weights` looks.

    Returns
    -------
    float, (N,) array or tensor
        In -1..1, higher is better. Only the order means anything: outside of the database that the adapter was trained
        on there is no scale, and a narrow band is no lack of confidence.

    Raises
    ------
    visq.errors.InputError
        A side below 32 pixels, values out of range, NaN.
    visq.errors.InputTypeError
        Neither array nor tensor, or of a dtype that holds no pixels.
    visq.errors.OptionError
        Another kind of crops or of resize.
    visq.errors.WeightsError
        The adapter or the frozen parameters are missing, damaged, or do not belong together.
    visq.errors.MissingExtraError
        torch is not installed.

    Notes
    -----
    Pictures are judged one after the other, by torch, in the precision of their pixels; a batch and its order change
    nothing. Integer pixels are resized as Pillow resizes bytes, those of 16 bit as the nearest of 8; floats without
    rounding, if `rounded` does not say otherwise.

    References
    ----------
    K. Xu et al., "Boosting image quality assessment through efficient transformer adaptation with local feature
    enhancement", CVPR 2024; their program is NeosXu/LoDa.

    Examples
    --------
    >>> import numpy as np
    >>> loda(np.zeros((8, 8, 3), np.uint8))
    Traceback (most recent call last):
        ...
    visq.errors.SizeError: image is too small; expected at least 32x32 pixels; got 8x8
    """
    return judge(
        image,
        data_range=data_range,
        crops=crops,
        seed=seed,
        filter=filter,
        rounded=rounded,
        model=model,
        vit=vit,
        cnn=cnn,
    ).score


def judge(
    image: Any,
    *,
    data_range: float | None = None,
    crops: Crops = "grid15",
    seed: int = 0,
    filter: Filter = "bicubic",
    rounded: bool | None = None,
    model: str | os.PathLike[str] | None = None,
    vit: str | os.PathLike[str] | None = None,
    cnn: str | os.PathLike[str] | None = None,
) -> Judged:
    """All that LoDa says of a picture or a batch: score, spread over the crops, each crop.

    Parameters and errors as for `loda`.

    Examples
    --------
    >>> found = judge(np.zeros((64, 64, 3), np.uint8), crops="random15")  # doctest: +SKIP
    >>> found.upscaled, len(found.crops)  # doctest: +SKIP
    (True, 15)
    """
    inputs = read(image, data_range=data_range, min_side=LEAST)
    with evaluating(inputs):
        network = opened(model, vit, cnn, inputs.image.device, inputs.image.dtype)
        return judged(inputs, network, crops, seed, filter, rounded)


def judged(
    inputs: Inputs,
    network: LoDa,
    crops: Crops = "grid15",
    seed: int = 0,
    filter: Filter = "bicubic",
    rounded: bool | None = None,
) -> Judged:
    """What a network says of checked pictures, each by itself."""
    import torch

    levels = inputs.batch.integer if rounded is None else rounded
    found = []
    for n in range(inputs.image.shape[0]):
        picture = inputs.image[n : n + 1]
        key = key_of(picture.detach().cpu().numpy()) if crops == "random15" else 0
        planes = resized_planes(picture, levels, filter=filter)
        places = crops_of((int(planes.shape[2]), int(planes.shape[3])), network.design.side, crops, seed, key)
        parts = [planes[:, :, c.top : c.top + c.height, c.left : c.left + c.width] for c in places]
        found.append(network(torch.cat(parts)))
    each = torch.stack(found)
    deviation = each.std(dim=1, correction=0)
    upscaled = min(int(n) for n in inputs.image.shape[2:]) < SHORT
    rows = each[0] if inputs.batch.single else each
    shown = rows if inputs.batch.torch else rows.detach().cpu().numpy().astype(np.float64)
    return Judged(inputs.result(each.mean(dim=1)), inputs.result(deviation), shown, upscaled)


def opened(model: Any, vit: Any, cnn: Any, device: torch.device, dtype: torch.dtype) -> LoDa:
    """The network of these files on a device, remembered until one of them changes."""
    from visq import weights
    from visq.catalog.learned.loda import SPEC

    path = weights.find(SPEC.weights[0]) if model is None else weights.members(model)[0]
    hashes = tuple(weights.sha256(weights.members(one)[0]) for one in (path, vit, cnn) if one is not None)
    return _opened(str(path), str(vit or "public"), str(cnn or "public"), hashes, str(device), dtype)


@lru_cache(maxsize=2)
def _opened(path: str, vit: str, cnn: str, hashes: tuple[str, ...], device: str, dtype: Any) -> LoDa:  # noqa: ARG001
    from visq.systems.loda.adapter import load

    with building():
        return load(path, vit, cnn).to(device=device, dtype=dtype)


__all__ = ["Judged", "judge", "judged", "loda", "opened"]
