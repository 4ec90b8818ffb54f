"""Content and style distance: what the transfer of style minimises, as measures of likeness."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, get_args

from visq.ops.choices import check_choice
from visq.systems import graphs
from visq.systems.inputs import evaluating, read_both, require_torch

if TYPE_CHECKING:
    import torch

    from visq.systems.feature_distances import Content

Distance = Literal["mse", "mae"]
Pooling = Literal["max", "average"]


def content(
    image: Any,
    reference: Any,
    *,
    data_range: float | None = None,
    layer: str = "relu3_3",
    distance: Distance = "mse",
    pooling: Pooling = "max",
    unit: bool = False,
    model: str | os.PathLike[str] | None = None,
) -> Any:
    """Content distance, 0 and up; 0 for an identical pair, lower is better.

    With the features ``f`` of one layer of VGG-16, `(C, h, w)`::

        content = sum_c mean_hw (f_c(x) - f_c(y))^2

    Parameters
    ----------
    image, reference : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`; both sides at least 4 pixels, or the stride
        of another layer (16 for `relu5_1`).
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    layer : str
        Which layer after its rectifier, `relu1_1` to `relu5_3`.
    distance : {"mse", "mae"}
        Squares or sizes of the differences.
    pooling : {"max", "average"}
        The poolings of the network: maximum as it was trained, or average as for the transfer of style.
    unit : bool
        Divide each vector of channels by its length first.
    model : path, optional
        The metric as `visq export` wrote it, run without torch. None: the public weights, by torch.

    Returns
    -------
    float or (N,) array

    Raises
    ------
    visq.errors.InputError
        Shapes that differ, a side that is too short, values out of range, NaN.
    visq.errors.InputTypeError
        Not two arrays or two tensors, or of a dtype that holds no pixels.
    visq.errors.OptionError
        Another layer, distance or pooling.
    visq.errors.WeightsError
        The weights, or the graph named by `model`, are missing, damaged or other ones.
    visq.errors.MissingExtraError
        Without torch, where no graph is there.

    Notes
    -----
    Defaults, sums and means are those of `piq.ContentLoss`. The features of references are remembered
    (`visq.systems.references`). A grey image counts as three equal channels.

    References
    ----------
    L. A. Gatys, A. S. Ecker, M. Bethge, "Image style transfer using convolutional neural networks", CVPR 2016; piq
    0.8.0.

    Examples
    --------
    >>> import visq
    >>> visq.metric("content", layer="relu4_3").identity.partition("#")[0]
    'content@1(layer=relu4_3)'
    """
    return _judge("content", image, reference, data_range, model, (layer, distance, pooling, unit))


def style(
    image: Any,
    reference: Any,
    *,
    data_range: float | None = None,
    layer: str = "relu3_3",
    distance: Distance = "mse",
    pooling: Pooling = "max",
    unit: bool = False,
    model: str | os.PathLike[str] | None = None,
) -> Any:
    """Style distance, 0 and up; 0 for an identical pair, lower is better.

    With the features ``f`` of one layer of VGG-16, `(C, h, w)`, and the Gram matrix ``G_cd = sum_hw f_c f_d``::

        style = mean_cd (G_cd(x) - G_cd(y))^2

    Parameters
    ----------
    image, reference, data_range, layer, distance, pooling, unit, model
        As for `content`.

    Returns
    -------
    float or (N,) array

    Raises
    ------
    visq.errors.InputError
        Shapes that differ, a side that is too short, values out of range, NaN.
    visq.errors.InputTypeError
        Not two arrays or two tensors, or of a dtype that holds no pixels.
    visq.errors.OptionError
        Another layer, distance or pooling.
    visq.errors.WeightsError
        The weights, or the graph named by `model`, are missing, damaged or other ones.
    visq.errors.MissingExtraError
        Without torch, where no graph is there.

    Notes
    -----
    Defaults, sums and means are those of `piq.StyleLoss`, which divides Gram matrices by nothing: scores grow with the
    square of the number of pixels. Only those of pictures of one size compare.

    References
    ----------
    As `content`.

    Examples
    --------
    >>> import visq
    >>> visq.metric("style", unit=True).identity.partition("#")[0]
    'style@1(unit=true)'
    """
    return _judge("style", image, reference, data_range, model, (layer, distance, pooling, unit))


Options = tuple[str, str, str, bool]
_SETTINGS = ("layer", "distance", "pooling", "unit")


def _judge(kind: str, image: Any, reference: Any, data_range: float | None, model: Any, options: Options) -> Any:
    from visq.backbones.registry import get

    layer, distance, pooling, _ = options
    vgg = get("vgg16")
    check_choice("layer", layer, [tap for tap in vgg.taps if tap.startswith("relu")])
    check_choice("distance", distance, get_args(Distance))
    check_choice("pooling", pooling, get_args(Pooling))
    side = vgg.min_side(layer)
    graph = graphs.choose(kind, model, **dict(zip(_SETTINGS, options, strict=True)))
    if graph is not None:
        return graphs.score(graph, image, reference, data_range=data_range, min_side=side)
    inputs = read_both(image, reference, data_range=data_range, min_side=side)
    with evaluating(inputs):
        judge = network(kind, str(inputs.image.device), inputs.image.dtype, options)
        return inputs.result(judge.compare(inputs.image, inputs.reference))


@lru_cache(maxsize=8)
def network(kind: str, device: str, dtype: torch.dtype, options: Options) -> Content:
    """The distance of one kind on a device and in a precision; made once.

    Raises
    ------
    WeightsError
        The weights are missing or damaged.
    MissingExtraError
        torch is not installed.
    """
    require_torch()
    from visq import backbones
    from visq.systems.feature_distances import Content, Style

    layer, distance, pooling, unit = options
    kinds = {"content": Content, "style": Style}
    vgg = backbones.shared("vgg16", device=device, dtype=dtype, pooling=pooling)
    return kinds[kind](vgg, (layer,), distance, unit).eval()


def exported_content(
    layer: str = "relu3_3", distance: Distance = "mse", pooling: Pooling = "max", unit: bool = False
) -> graphs.Export:
    """What `visq export content` writes; the options are part of it."""
    return _exported("content", (layer, distance, pooling, unit))


def exported_style(
    layer: str = "relu3_3", distance: Distance = "mse", pooling: Pooling = "max", unit: bool = False
) -> graphs.Export:
    """What `visq export style` writes; the options are part of it."""
    return _exported("style", (layer, distance, pooling, unit))


def _exported(kind: str, options: Options) -> graphs.Export:
    torch = require_torch()
    from visq.backbones.registry import get

    settings = dict(zip(_SETTINGS, options, strict=True))
    side = get("vgg16").min_side(options[0])
    return graphs.Export(network(kind, "cpu", torch.float32, options), min_side=side, settings=settings)
