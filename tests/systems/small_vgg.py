"""Networks in the form of VGG, few channels and random weights, where the real ones are not the point."""

from __future__ import annotations

import dataclasses

import torch

from visq import backbones
from visq.backbones.initial import random_state
from visq.backbones.plain import Chain
from visq.backbones.spec import INPUT, Layer, Step


def small_vgg(widths, convolutions, *, pooling="max", seed=0, dtype=torch.float32):
    """Blocks of 3x3 convolutions with a pooling between them; taps as those of VGG."""
    layers = [Layer(INPUT, 3)]
    for block, (width, count) in enumerate(zip(widths, convolutions, strict=True), 1):
        for number in range(1, count + 1):
            layers.append(Layer(f"conv{block}_{number}", width, (Step(3, 1, 2),)))
            layers.append(Layer(f"relu{block}_{number}", width))
        layers.append(Layer(f"pool{block}", width, (Step(2, 2, kind="pool"),)))
    network = Chain(dataclasses.replace(backbones.get("vgg19"), id="small", layers=tuple(layers)), pooling=pooling)
    network.load_state_dict(random_state(network.state_dict(), seed))
    return network.requires_grad_(False).eval().to(dtype)


def tensor(pixels, dtype=torch.float32):
    """`(1, 3, H, W)` in 0..1 of `(H, W, 3)` or `(H, W)` bytes."""
    if pixels.ndim == 2:
        pixels = pixels[:, :, None].repeat(3, 2)
    return torch.from_numpy(pixels.transpose(2, 0, 1).copy())[None].to(dtype) / 255


def psnr(x, y):
    """Of tensors in 0..1, in decibels."""
    return float(-10 * torch.log10(((x - y) ** 2).mean()))
