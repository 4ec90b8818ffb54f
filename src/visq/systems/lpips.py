"""Learned perceptual image patch similarity (LPIPS): distance between unit-length features of a trained network."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from visq.ops.choices import check_choice
from visq.systems import graphs
from visq.systems.inputs import building, evaluating, read_both, require_torch

if TYPE_CHECKING:
    import torch

    from visq.systems.feature_distances import Lpips

Net = Literal["alex", "vgg", "squeeze"]

# Of each network: the entry that it belongs to, its name among the backbones, and the taps that are compared.
_NETS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "alex": ("lpips", "alexnet", ("relu1", "relu2", "relu3", "relu4", "relu5")),
    "vgg": ("lpips_vgg", "vgg16", ("relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_3")),
    "squeeze": (
        "lpips_squeeze",
        "squeezenet1_1",
        ("relu1", "fire3", "fire5", "fire6", "fire7", "fire8", "fire9"),
    ),
}


def lpips(
    image: Any,
    reference: Any,
    *,
    data_range: float | None = None,
    net: Net = "alex",
    model: str | os.PathLike[str] | None = None,
    full: bool = False,
) -> Any:
    """Learned perceptual image patch similarity (LPIPS), 0 and up; 0 for an identical pair, lower is better.

    With the features ``f_l`` of layer `l` after its rectifier, brought to unit length along the channels,
    ``u_l = f_l / (|f_l| + 1e-10)``, and the weights ``w_l >= 0`` that were fitted to people's choices::

        d_l(h, w) = sum_c w_lc (u_lc(x) - u_lc(y))^2,    LPIPS = sum_l mean_hw d_l

    Parameters
    ----------
    image, reference : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`; both sides at least 31 pixels (`alex`), 16
        (`vgg`) or 17 (`squeeze`).
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    net : {"alex", "vgg", "squeeze"}
        Which network sees the pictures: AlexNet (the authors' default, nearest to people's choices), VGG-16 or
        SqueezeNet 1.1.
    model : path, optional
        The metric as `visq export` wrote it, run without torch. None: the public weights, by torch.
    full : bool
        Also return the map, `(H, W)`: the sum of ``d_l``, each brought to the size of the picture bilinearly, as the
        authors' program does with `spatial=True`. Its mean is near the score, which is taken before.

    Returns
    -------
    float, (N,) array, or (score, map)

    Raises
    ------
    visq.errors.InputError
        Shapes that differ, a side that is too short, values out of range, NaN.
    visq.errors.InputTypeError
        Not two arrays or two tensors, or of a dtype that holds no pixels.
    visq.errors.OptionError
        Another network.
    visq.errors.WeightsError
        The weights, or the graph named by `model`, are missing, damaged or other ones.
    visq.errors.MissingExtraError
        Without torch, where no graph is there.

    Notes
    -----
    Version 0.1 of the authors' weights, with which pictures are scaled as the network's training pictures were. Nothing
    is resized: the scores of large pictures are lower than those of small ones with the same damage. The features of
    references are remembered (`visq.systems.references`). A grey image counts as three equal channels.

    References
    ----------
    R. Zhang, P. Isola, A. A. Efros, E. Shechtman, O. Wang, "The unreasonable effectiveness of deep features as a
    perceptual metric", CVPR 2018; the authors' package `lpips` 0.1.4. To reproduce its tables: patches of 64 x 64.

    Examples
    --------
    >>> import visq
    >>> visq.catalog.get("lpips").input.colour, visq.catalog.get("lpips_vgg").best
    ('rgb', 0.0)
    """
    check_choice("net", net, _NETS)
    entry, side = _NETS[net][0], min_side(net)
    graph = graphs.choose(entry, model)
    if graph is not None:
        return graphs.score(graph, image, reference, data_range=data_range, min_side=side, full=full)
    inputs = read_both(image, reference, data_range=data_range, min_side=side)
    with evaluating(inputs):
        judge = network(net, str(inputs.image.device), inputs.image.dtype)
        if not full:
            return inputs.result(judge.compare(inputs.image, inputs.reference))
        values, maps = judge.compare_with_map(inputs.image, inputs.reference)
    return inputs.result(values), inputs.result(maps)


def min_side(net: Net) -> int:
    """The shortest side that leaves every layer of a network a value."""
    from visq.backbones.registry import get

    _, name, taps = _NETS[net]
    return get(name).min_side(taps)


@lru_cache(maxsize=8)
def network(net: Net, device: str, dtype: torch.dtype) -> Lpips:
    """LPIPS with one network and the authors' weights, on a device and in a precision; made once.

    Raises
    ------
    WeightsError
        The weights are missing or damaged.
    MissingExtraError
        torch is not installed.
    """
    require_torch()
    from visq import backbones
    from visq.backbones.registry import get
    from visq.catalog.learned.similarity import HEADS
    from visq.systems.feature_distances import Lpips
    from visq.systems.heads import open_first

    entry, name, taps = _NETS[net]
    spec = get(name)
    channels = dict(zip(spec.taps, spec.channels, strict=True))
    with building():
        heads = open_first(HEADS[entry], {f"lin{i}": (1, channels[tap], 1, 1) for i, tap in enumerate(taps)})
        judge = Lpips(backbones.shared(name, device=device, dtype=dtype), taps, list(heads.values()))
        return judge.to(device=device, dtype=dtype).eval()


def exported(net: Net = "alex") -> graphs.Export:
    """What `visq export lpips` writes: scores and maps."""
    torch = require_torch()
    from visq.systems.feature_distances import LpipsWithMap

    judge = network(net, "cpu", torch.float32)
    return graphs.Export(LpipsWithMap(judge).eval(), ("score", "map"), min_side=min_side(net))
