"""The trunk as it is used: each batch normalisation part of the convolution before it, each padding a plain number."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy

import torch
from torch import nn

from visq.systems.visq_nr.network import Trunk

_ROOT = (("conv_stem", "bn1"),)
_SEPARABLE = (("conv_dw", "bn1"), ("conv_pw", "bn2"))
_INVERTED = (("conv_pw", "bn1"), ("conv_dw", "bn2"), ("conv_pwl", "bn3"))


def folded(trunk: Trunk) -> Trunk:
    """A copy that gives the same numbers but for rounding, in evaluation mode, without gradients of its own.

    On the grid of cells every side is odd before each stride, and the padding that TensorFlow chooses by the size is
    half a kernel on both sides.
    """
    copy = deepcopy(trunk).eval()
    with torch.no_grad():
        for parent, conv, norm in _pairs(copy.network):
            setattr(parent, conv, _fused(getattr(parent, conv), getattr(parent, norm)))
            setattr(parent, norm, nn.Identity())
        copy.network.get_submodule("conv_stem").weight.mul_(copy.gain)  # type: ignore[operator,union-attr]
    copy.gain = 1.0
    return copy.requires_grad_(False)


def _pairs(network: nn.Module) -> Iterator[tuple[nn.Module, str, str]]:
    for conv, norm in _ROOT:
        yield network, conv, norm
    for stage in network.get_submodule("blocks"):  # type: ignore[attr-defined]
        for block in stage.children():
            for conv, norm in _INVERTED if hasattr(block, "conv_pwl") else _SEPARABLE:
                yield block, conv, norm


def _fused(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> nn.Conv2d:
    mean, variance = norm.running_mean, norm.running_var
    if mean is None or variance is None:
        raise TypeError("a batch normalisation without its statistics")
    gain = norm.weight.double() / torch.sqrt(variance.double() + norm.eps)
    kernel, stride = conv.kernel_size[0], conv.stride[0]
    made = nn.Conv2d(conv.in_channels, conv.out_channels, kernel, stride, kernel // 2, groups=conv.groups)
    made = made.to(device=conv.weight.device, dtype=conv.weight.dtype)
    made.weight.copy_(conv.weight.double() * gain[:, None, None, None])
    if made.bias is not None:
        made.bias.copy_(norm.bias.double() - mean.double() * gain)
    return made
