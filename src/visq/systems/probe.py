"""The plain distance between two images' responses at one layer of a pre-trained network, as the probe reads it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from visq.ops.choices import check_choice
from visq.systems.inputs import evaluating, read_both
from visq.systems.references import features_of

if TYPE_CHECKING:
    import torch

#: Read-outs that need nothing but one pair and keep gradients.
READOUTS = ("l2", "rms", "cosine", "minkowski_1", "minkowski_4", "lpips_style")
# Of lengths that responses are divided by, as LPIPS has it.
_EPS = 1e-10


def probe(
    image: Any,
    reference: Any,
    *,
    data_range: float | None = None,
    net: str = "vgg16",
    layer: str = "relu4_1",
    readout: str = "l2",
) -> Any:
    """Distance of the responses of a network at one layer, 0 and up; 0 for an identical pair, lower is better.

    With the responses ``f`` of the layer, `(C, h, w)`, of the normalised images, nothing weighted::

        l2 = sqrt(sum (f(x) - f(y))^2)        minkowski_p = (sum |f(x) - f(y)|^p)^(1/p)
        rms = l2 / sqrt(C h w)                cosine = 1 - <f(x), f(y)> / (|f(x)| |f(y)|)
        lpips_style = mean over h, w of the squared difference of f brought to unit length across channels

    Parameters
    ----------
    image, reference : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`; both sides at least what the layer needs (8
        pixels for `relu4_1` of VGG-16).
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    net : str
        A network of `visq.backbones.ids()`, with its public weights.
    layer : str
        One of its taps; `input` is what it is fed.
    readout : {"l2", "rms", "cosine", "minkowski_1", "minkowski_4", "lpips_style"}
        What makes one number of two responses.

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
        Another network, layer or read-out.
    visq.errors.WeightsError
        The weights are missing or damaged.
    visq.errors.MissingExtraError
        Without torch.

    Notes
    -----
    Sums are taken in double precision. `l2` grows with the number of pixels: `rms` compares pictures of several sizes.
    Which network, layer and read-out agree with people is what `visq probe` measures.

    References
    ----------
    P. Hernandez-Camara, J. Vila-Tomas, V. Laparra, J. Malo, "Analysis of Deep Image Quality Models", arXiv 2302.13345.

    Examples
    --------
    >>> import visq
    >>> visq.metric("probe", net="alexnet", layer="relu3", readout="cosine").identity.partition("#")[0]
    'probe@1(layer=relu3,net=alexnet,readout=cosine)'
    """
    from visq.backbones.registry import get

    spec = get(net)
    check_choice("layer", layer, spec.taps)
    check_choice("readout", readout, READOUTS)
    inputs = read_both(image, reference, data_range=data_range, min_side=spec.min_side(layer))
    with evaluating(inputs):
        return inputs.result(_compare(inputs.image, inputs.reference, spec.id, layer, readout))


def _compare(image: torch.Tensor, reference: torch.Tensor, net: str, layer: str, readout: str) -> torch.Tensor:
    import torch

    from visq import backbones

    network = backbones.shared(net, device=image.device, dtype=image.dtype)

    def responses(x: torch.Tensor) -> torch.Tensor:
        return network(network.normalise(x), [layer])[layer].double()

    known = features_of((network, layer), reference, lambda x: (responses(x),))
    of = _READ[readout]
    found = [of(responses(image[i : i + 1]), f) for i, (f,) in enumerate(known)]
    return torch.stack(found).to(image.dtype)


def _root(value: torch.Tensor, power: float = 0.5) -> torch.Tensor:
    """A root that has the gradient 0 at 0."""
    import torch

    positive = value > 0
    return torch.where(positive, torch.where(positive, value, 1.0) ** power, 0.0)


def _l2(f: torch.Tensor, g: torch.Tensor) -> torch.Tensor:
    return _root(((f - g) ** 2).sum())


def _rms(f: torch.Tensor, g: torch.Tensor) -> torch.Tensor:
    return _root(((f - g) ** 2).mean())


def _cosine(f: torch.Tensor, g: torch.Tensor) -> torch.Tensor:
    """0 for two responses that are all zero, 1 where one is."""
    import torch

    lengths = (f * f).sum() * (g * g).sum()
    heard = lengths > 0
    found = 1 - (f * g).sum() / torch.where(heard, lengths, 1.0).sqrt()
    silent = torch.where((f == g).all(), 0.0, 1.0).to(found)
    return torch.where(heard, found.clamp(min=0), silent)


def _minkowski_1(f: torch.Tensor, g: torch.Tensor) -> torch.Tensor:
    return (f - g).abs().sum()


def _minkowski_4(f: torch.Tensor, g: torch.Tensor) -> torch.Tensor:
    return _root(((f - g) ** 4).sum(), 0.25)


def _lpips_style(f: torch.Tensor, g: torch.Tensor) -> torch.Tensor:
    f, g = (r / (_root((r * r).sum(1, keepdim=True)) + _EPS) for r in (f, g))
    return ((f - g) ** 2).sum(1).mean()


_READ: dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = dict(
    zip(READOUTS, (_l2, _rms, _cosine, _minkowski_1, _minkowski_4, _lpips_style), strict=True)
)
