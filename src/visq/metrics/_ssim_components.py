"""3-SSIM: the SSIM map pooled over edges, texture and smooth areas apart."""

from __future__ import annotations

from typing import Any

from visq.ops import gradients
from visq.ops.arrays import is_torch, namespace

# Weights of edges, texture and smooth areas.
WEIGHTS = (0.5, 0.25, 0.25)
# Shares of the reference's largest gradient: above the first is an edge, below the second a smooth area.
_EDGE = 0.12
_SMOOTH = 0.06


def component_mean(values: Any, image: Any, reference: Any) -> Any:
    """`(N,)` weighted means over the components of SSIM maps `(N, h, w)` of planes `(N, H, W)` in 0..255.

    By Sobel gradients g of the reference and h of the image, and the largest g: an edge where either exceeds 0.12
    of it, else a smooth area where g stays below 0.06 of it, else texture. A component that is absent has no weight.
    """
    xp = namespace(values)
    with _no_gradient(values):
        g, h = (_inner(gradients.magnitude(_floating(p), "sobel", border="replicate"), values)
                for p in (reference, image))  # fmt: skip
        largest = xp.amax(g, axis=(1, 2), keepdims=True) if is_torch(g) else g.max(axis=(1, 2), keepdims=True)
        edge = (g > _EDGE * largest) | (h > _EDGE * largest)
        smooth = ~edge & (g < _SMOOTH * largest)
        masks = [m.to(values.dtype) if is_torch(values) else m for m in (edge, ~edge & ~smooth, smooth)]
    total, weights = 0.0, 0.0
    for mask, weight in zip(masks, WEIGHTS, strict=True):
        count = xp.sum(mask, axis=(1, 2))
        present = (count > 0) * weight
        total = total + present * _sum(values, mask, xp) / xp.clip(count, 1, None)
        weights = weights + present
    return total / weights


def _sum(values: Any, mask: Any, xp: Any) -> Any:
    if is_torch(values):
        return xp.sum(values * mask, axis=(1, 2))
    return xp.sum(values, axis=(1, 2), where=mask, dtype="float64")


def _floating(plane: Any) -> Any:
    return plane if is_torch(plane) or plane.dtype.kind == "f" else plane.astype("float32")


def _inner(plane: Any, like: Any) -> Any:
    """The centres of the windows that fit, right of the middle in even ones: as large as the map."""
    top, left = (int(a - b + 1) // 2 for a, b in zip(plane.shape[-2:], like.shape[-2:], strict=True))
    return plane[:, top : top + like.shape[-2], left : left + like.shape[-1]]


def _no_gradient(values: Any) -> Any:
    """Which pixel belongs where is a choice without a slope."""
    if is_torch(values):
        import torch

        return torch.no_grad()
    from contextlib import nullcontext

    return nullcontext()


__all__ = ["WEIGHTS", "component_mean"]
