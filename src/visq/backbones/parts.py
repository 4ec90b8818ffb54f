"""What networks of several designs are made of: the poolings that `pooling=` names, and padding at the far end.

References
----------
R. Zhang, "Making convolutional networks shift-invariant again", ICML 2019. K. Ding et al., "Image quality assessment:
unifying structure and texture similarity", TPAMI 2022 (the L2 pooling).
"""

from __future__ import annotations

from math import comb
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from visq.backbones.spec import Step

# Under the root, so that its gradient is finite where a window is black.
_L2_EPSILON = 1e-12


class Blur(nn.Module):
    """Depthwise binomial filter of `size` taps at every `stride`-th position, borders reflected."""

    kernel: Tensor

    def __init__(self, size: int, stride: int = 2) -> None:
        super().__init__()
        row = torch.tensor([comb(size - 1, i) for i in range(size)], dtype=torch.float32, device="cpu")
        self.stride = stride
        self.before, self.after = (size - 1) // 2, size // 2
        # A constant, not a parameter: it follows the network's type and device and is in no file.
        self.register_buffer("kernel", _square(row), persistent=False)

    def forward(self, values: Tensor) -> Tensor:
        """From `(N, C, H, W)` to `(N, C, ceil(H / stride), ceil(W / stride))`."""
        sides = (self.before, self.after, self.before, self.after)
        return _depthwise(functional.pad(values, sides, mode="reflect"), self.kernel, self.stride, 0)


class L2Pool(nn.Module):
    """Root of the local mean of squares: 3x3 Hann window, stride 2, one row and column of zeros around."""

    kernel: Tensor

    def __init__(self) -> None:
        super().__init__()
        row = torch.tensor([0.5, 1.0, 0.5], dtype=torch.float32, device="cpu")
        self.register_buffer("kernel", _square(row), persistent=False)

    def forward(self, values: Tensor) -> Tensor:
        """From `(N, C, H, W)` to `(N, C, ceil(H / 2), ceil(W / 2))`."""
        return (_depthwise(values * values, self.kernel, 2, 1) + _L2_EPSILON).sqrt()


def make_pool(step: Step, pooling: str, blur_size: int, *, ceil: bool = False) -> nn.Module:
    """The pooling that stands where the published network has a maximum with the kernel of `step`.

    `ceil`: a window that hangs over the end counts.
    """
    padding = 0 if ceil else step.padding // 2
    if pooling == "l2":
        return L2Pool()
    if pooling == "average":
        return nn.AvgPool2d(step.kernel, step.stride, padding, ceil_mode=ceil, count_include_pad=False)
    if pooling == "blur":
        return nn.Sequential(nn.MaxPool2d(step.blur_kernel or step.kernel, 1), Blur(blur_size, step.stride))
    return nn.MaxPool2d(step.kernel, step.stride, padding, ceil_mode=ceil)


def make_blur(stride: int, pooling: str, blur_size: int) -> nn.Module:
    """What follows a convolution whose stride was taken from it: a blur, or nothing."""
    return Blur(blur_size, stride) if stride > 1 and pooling == "blur" else nn.Identity()


def _square(row: Tensor) -> Tensor:
    row = row / row.sum()
    return torch.outer(row, row)[None, None]


def _depthwise(values: Tensor, kernel: Tensor, stride: int, padding: int) -> Tensor:
    # A plain number, also where the network is traced: a graph needs the shape of a kernel to be known.
    channels = int(values.shape[1])
    return functional.conv2d(
        values, kernel.expand(channels, -1, -1, -1), stride=stride, padding=padding, groups=channels
    )


def relu6_(values: Tensor) -> Tensor:
    """``min(max(x, 0), 6)``, written over its input."""
    if torch.is_grad_enabled() and values.requires_grad and not torch.jit.is_tracing():
        return _Relu6.apply(values)
    return functional.hardtanh_(values, 0.0, 6.0)


class _Relu6(torch.autograd.Function):
    """The same where a gradient is recorded: its output says where it flows, torch's own keeps a copy of the input."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:  # type: ignore[override]
        ctx.mark_dirty(values)
        functional.hardtanh_(values, 0.0, 6.0)
        ctx.save_for_backward(values)
        return values

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:  # type: ignore[override]
        return torch.ops.aten.hardtanh_backward(gradient, ctx.saved_tensors[0], 0.0, 6.0)


def normalised(conv: nn.Conv2d, norm: nn.BatchNorm2d, values: Tensor, *, folded: bool = False) -> Tensor:
    """``norm(conv(values))``; `folded`, where the statistics stand still, as one convolution.

    Its kernel is that of `conv` times ``gamma / sqrt(variance + epsilon)``: the same but for rounding, with the same
    gradients of all parameters, and without the passes that a batch normalisation makes over the map there and back.
    `conv` has no bias.
    """
    if norm.training or not folded or norm.running_mean is None or norm.running_var is None:
        return norm(conv(values))
    scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
    return conv._conv_forward(values, conv.weight * scale[:, None, None, None], norm.bias - norm.running_mean * scale)
