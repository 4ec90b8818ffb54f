"""Deep distance correlation (DeepDC): how far the channels of two pictures' features depend on each other."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from visq.ops.choices import check_choice
from visq.ops.pillow_resize import resize_pictures
from visq.systems import graphs
from visq.systems.inputs import Inputs, evaluating, read_both

if TYPE_CHECKING:
    from visq.systems.deepdc_network import DeepDC

Activation = Literal["released", "preact"]
MIN_SIDE = 32
# The shorter side that the authors' loader leaves.
SHORTER = 224
BACKBONE = "vgg19"

#: What is compared, by the option `activation`.
TAPS: dict[str, tuple[str, ...]] = {
    "released": ("relu1_2", "relu2_2", "relu3_4", "relu4_4", "conv5_4"),
    "preact": ("conv1_2", "conv2_2", "conv3_4", "conv4_4", "conv5_4"),
}


def deepdc(
    image: Any,
    reference: Any,
    *,
    data_range: float | None = None,
    activation: Activation = "released",
    resize: bool = True,
    allow_size_mismatch: bool = False,
    model: str | os.PathLike[str] | None = None,
) -> Any:
    """Deep distance correlation (DeepDC), 0..1; 0 for an identical pair, lower is better.

    Both pictures go through VGG-19, pixels in 0..1 as they are. Of five layers, with the values of channel `i` at all
    places as the vector ``x_i``, D channels, and the distances between channels::

        b_ij = sqrt(|x_i - x_j|^2 / D^2 + 1e-5),    A = b less the means of row and column, plus the mean of all

    and `B` the same of the reference, the score is one less the mean over the layers of::

        R = (<A, B> + 1e-6) / (sqrt(<A, A> <B, B>) + 1e-6)

    Parameters
    ----------
    image, reference : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`; both sides at least 32 pixels.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    activation : {"released", "preact"}
        The last convolution of each stage: `released` as the authors' program takes them, whose rectifier writes over
        what was to be kept: after it in the first four stages, before it in the last. `preact`: before it in all five,
        as they are named there.
    resize : bool
        Bring pictures whose shorter side is above 224 pixels to that, the proportions kept, as the authors' loader of
        files does. Integer pixels are rounded to whole levels of 8 bit then, as there; floats are not.
    allow_size_mismatch : bool
        Take a picture and a reference that differ in size: only channels are compared, and the places within each are
        summed over.
    model : path, optional
        The metric as `visq export deepdc` wrote it, run without torch. None: the public weights, by torch.

    Returns
    -------
    float, (N,) array or tensor

    Raises
    ------
    visq.errors.InputError, visq.errors.SizeError, visq.errors.InputTypeError
        Values out of range, NaN; a side below 32 pixels, sizes that differ where they may not; no pixels at all.
    visq.errors.OptionError
        Another activation.
    visq.errors.WeightsError, visq.errors.MissingExtraError
        The weights of VGG-19, or the graph named by `model`, are missing or other ones; no torch and no graph.

    Notes
    -----
    `R` is the square of what is called distance correlation elsewhere. Two arrangements of one texture can come out
    nearly identical. Features without contrast are drowned by the 1e-5 (`deepdc_layers` says so).

    References
    ----------
    H. Zhu, B. Chen, L. Zhu, S. Wang, W. Lin, "DeepDC: deep distance correlation as a perceptual image quality
    evaluator", arXiv 2211.04927; IEEE Trans. Image Processing, 2025; its first version, "From distance to dependency",
    called it DID. To reproduce its examples: the pictures of the release.

    Examples
    --------
    >>> import numpy as np
    >>> photo = np.full((64, 96, 3), 128, np.uint8)
    >>> deepdc(photo, photo)  # doctest: +SKIP
    0.0
    """
    check_choice("activation", activation, TAPS)
    reading: dict[str, Any] = {"data_range": data_range, "min_side": MIN_SIDE, "same_size": not allow_size_mismatch}
    graph = graphs.choose("deepdc", model, activation=activation)
    if graph is not None:
        return graphs.score(graph, image, reference, prepare=lambda x, b: _sized(x, resize, b.integer), **reading)
    inputs = read_both(image, reference, **reading)
    with evaluating(inputs):
        judge, (x, y) = _prepared(activation, resize, inputs)
        return inputs.result(judge.compare(x, y))


@dataclass(frozen=True)
class Layers:
    """DeepDC layer by layer.

    Attributes
    ----------
    correlations : array
        `(5,)` or `(N, 5)`: R of each layer.
    degenerate : bool
        A layer of a picture has next to no distances between channels (``<A, A>`` below 1e-10), so that its
        correlation says nothing.
    """

    correlations: Any
    degenerate: bool


def deepdc_layers(
    image: Any,
    reference: Any,
    *,
    data_range: float | None = None,
    activation: Activation = "released",
    resize: bool = True,
    backbone: Any = None,
) -> Layers:
    """The correlation of every layer, and whether one of them says nothing.

    Parameters
    ----------
    image, reference, data_range, activation, resize
        As for `deepdc`.
    backbone : visq.backbones.Backbone, optional
        In place of VGG-19 with its public weights.

    Examples
    --------
    >>> import numpy as np
    >>> layers = Layers(np.array([0.99, 0.98, 0.97, 0.96, 0.90]), degenerate=False)  # what may come
    >>> round(1 - float(layers.correlations.mean()), 3)
    0.04
    """
    check_choice("activation", activation, TAPS)
    inputs = read_both(image, reference, data_range=data_range, min_side=MIN_SIDE)
    with evaluating(inputs):
        import torch

        judge, (x, y) = _prepared(activation, resize, inputs, backbone)
        pairs = [(judge.features(a), judge.features(b)) for a, b in zip(x.split(1), y.split(1), strict=True)]
        values = torch.cat([1.0 - judge.departures(a, b) for a, b in pairs])
        return Layers(inputs.result(values), any(judge.degenerate(f) for pair in pairs for f in pair))


def loader_size(size: tuple[int, int]) -> tuple[int, int]:
    """Height and width that the authors' loader leaves of a height and width.

    >>> loader_size((288, 288)), loader_size((768, 512)), loader_size((200, 1000))
    ((224, 224), (336, 224), (200, 1000))
    """
    shorter = min(size)
    if shorter <= SHORTER:
        return size
    height, width = (SHORTER * n // shorter for n in size)
    return height, width


def _prepared(activation: str, resize: bool, inputs: Inputs, backbone: Any = None) -> tuple[DeepDC, tuple[Any, Any]]:
    from visq import backbones
    from visq.systems.deepdc_network import DeepDC

    x, y = (_sized(p, resize, inputs.batch.integer) for p in (inputs.image, inputs.reference))
    if backbone is None:
        backbone = backbones.shared(BACKBONE, device=x.device, dtype=x.dtype)
    return DeepDC(backbone, TAPS[activation]).eval(), (x, y)


def _sized(planes: Any, resize: bool, integer: bool) -> Any:
    height, width = (int(n) for n in planes.shape[-2:])
    return resize_pictures(planes, loader_size((height, width)), integer=integer) if resize else planes


def exported(activation: Activation = "released") -> graphs.Export:
    """What `visq export deepdc` writes: the score of pictures that were resized already."""
    from visq import backbones
    from visq.systems.deepdc_network import DeepDCGraph

    check_choice("activation", activation, TAPS)
    module = DeepDCGraph(backbones.shared(BACKBONE), TAPS[activation]).eval()
    return graphs.Export(module, min_side=MIN_SIDE, settings={"activation": activation})


__all__ = ["MIN_SIDE", "TAPS", "Layers", "deepdc", "deepdc_layers", "exported", "loader_size"]
