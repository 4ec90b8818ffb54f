"""NIMA: the distribution of the marks that people would give to a picture's beauty, by a MobileNet."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from visq.ops.arrays import is_torch
from visq.ops.choices import check_choice
from visq.ops.resize import imresize
from visq.systems import graphs
from visq.systems.inputs import Inputs, evaluating, read
from visq.systems.whole_networks import network

if TYPE_CHECKING:
    import torch

Resize = Literal["nearest", "bilinear", "none"]
MIN_SIDE = 32  # halved five times
SIDE = 224
MARKS = 10
# Pictures of 224 x 224 judged at a time: each needs 8 MB on the way.
AT_ONCE = 16


def nima(
    image: Any,
    *,
    data_range: float | None = None,
    resize: Resize = "nearest",
    model: str | os.PathLike[str] | None = None,
) -> Any:
    """Neural image assessment: the mean mark out of 1..10 for how a photograph looks; higher is better.

    A MobileNet (version 1, width 1) gives the probabilities ``p_1 ... p_10`` of the marks that members of a
    photographic community would give, and the score is ``sum k p_k``. `nima_distribution` returns the probabilities.

    It is a mark for aesthetics: subject, light and composition, and no measure of fidelity. Heavy damage lowers it (on
    twelve photographs of Kodak's, which have 4.9 to 5.7: blur of two pixels by 1.0 to 1.8, noise of 20 levels by 0.3 to
    1.1, JPEG of quality 10 by 0.2 to 1.8), no more than another subject does.

    Parameters
    ----------
    image : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`; both sides at least 32 pixels. A grey
        image is repeated to three channels.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    resize : {"nearest", "bilinear", "none"}
        How the picture is brought to 224 x 224 pixels, whatever its proportions, which is part of the model: the
        nearest pixel as the authors of the weights do, linear interpolation with smoothing, or not at all (the network
        then looks at the pixels as they are, and its last mean is over the whole picture).
    model : path, optional
        The network as `visq export nima` wrote it, run without torch. None: the public weights, by torch.

    Returns
    -------
    float, (N,) array or tensor
        In 1..10; of the pictures it was trained on, nearly all lie in 3..8.

    Raises
    ------
    visq.errors.InputError
        A side below 32 pixels, values out of range, NaN.
    visq.errors.InputTypeError
        Neither array nor tensor, or of a dtype that holds no pixels.
    visq.errors.OptionError
        Another way of resizing.
    visq.errors.WeightsError
        The weights, or the graph named by `model`, are missing, damaged or other ones.
    visq.errors.MissingExtraError
        Without torch, where no graph is there.

    Notes
    -----
    The weights are those of idealo's `image-quality-assessment` (aesthetic model, trained on AVA), of which this is
    the network: pixels scaled to -1..1, MobileNet as Keras 2.1 defined it, which pads by a pixel on every side (later
    ones on two, and score differently by up to 0.4). Its stated agreement with people is 0.609 (rank correlation on
    AVA). It was trained on nearest pixels: the smoothing of ``resize="bilinear"`` lowers scores by half a mark and
    more.

    References
    ----------
    H. Talebi, P. Milanfar, "NIMA: Neural Image Assessment", IEEE Trans. Image Processing 27(8), 2018.

    Examples
    --------
    >>> import visq
    >>> visq.metric("nima", resize="none").options, visq.catalog.get("nima").value_range
    ({'resize': 'none'}, (1.0, 10.0))
    """
    return _judge(image, data_range, resize, model, "score")


def nima_distribution(
    image: Any,
    *,
    data_range: float | None = None,
    resize: Resize = "nearest",
    model: str | os.PathLike[str] | None = None,
) -> Any:
    """The probabilities of the marks 1 to 10, whose mean is the score and whose spread tells how much people differ.

    Parameters
    ----------
    image, data_range, resize, model
        As for `nima`.

    Returns
    -------
    (10,) or (N, 10) array or tensor
        Each sums to 1.

    Examples
    --------
    >>> import numpy as np
    >>> p = np.full(10, 0.1)  # what `nima_distribution` may return
    >>> marks = np.arange(1, 11)
    >>> mean = p @ marks
    >>> round(float(mean), 2), round(float(np.sqrt(p @ (marks - mean) ** 2)), 2)
    (5.5, 2.87)
    """
    return _judge(image, data_range, resize, model, "distribution")


def _judge(image: Any, data_range: float | None, resize: Resize, model: Any, output: str) -> Any:
    check_choice("resize", resize, get_args(Resize))
    graph = graphs.choose("nima", model)
    if graph is not None:
        return graphs.score(
            graph, image, data_range=data_range, min_side=MIN_SIDE, prepare=lambda x, _: sized(x, resize), output=output
        )
    inputs = read(image, data_range=data_range, min_side=MIN_SIDE)
    with evaluating(inputs):
        judge = _network(str(inputs.image.device), inputs.image.dtype)
        at = 0 if output == "score" else 1
        return inputs.result(_each(judge, resize, inputs)[at])


def _each(judge: Any, resize: Resize, inputs: Inputs) -> tuple[Any, Any]:
    import torch

    # Small pictures share the cost of the calls, as many as memory allows for; large ones come one after the other.
    some = inputs.image.split(1 if resize == "none" else AT_ONCE)
    scores, marks = zip(*(judge(sized(x, resize)) for x in some), strict=True)
    return torch.cat(scores), torch.cat(marks)


def sized(planes: Any, resize: Resize) -> Any:
    """`(N, 3, H, W)` planes at the size that the network takes."""
    if resize == "none":
        return planes
    if resize == "bilinear":
        return imresize(planes, size=(SIDE, SIDE), method="bilinear")
    rows, columns = (nearest(n, SIDE) for n in planes.shape[-2:])
    if is_torch(planes):
        import torch

        down, across = (torch.as_tensor(i, device=planes.device) for i in (rows, columns))
        return planes.index_select(2, down).index_select(3, across)
    return planes[:, :, rows][:, :, :, columns]


@lru_cache(maxsize=64)
def nearest(length: int, out_length: int) -> np.ndarray:
    """The pixels of an axis that Pillow's NEAREST takes: those in which the centres of the new ones lie.

    Positions are added up as Pillow adds them: where a centre lies on a border, rounding decides.
    """
    step = length / out_length
    position = np.cumsum(np.concatenate([[step * 0.5], np.full(out_length - 1, step)]))
    return np.minimum(position.astype(np.int64), length - 1)


def _network(device: str, dtype: torch.dtype) -> torch.nn.Module:
    from visq.systems.nima_network import load

    return network("nima", load, device, dtype)


def exported(resize: Resize = "nearest") -> graphs.Export:  # noqa: ARG001
    """What `visq export nima` writes: the network at any size. Resizing stays outside."""
    import torch

    return graphs.Export(
        _network("cpu", torch.float32), ("score", "distribution"), size=(SIDE, SIDE), min_side=MIN_SIDE
    )
