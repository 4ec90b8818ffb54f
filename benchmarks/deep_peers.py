"""lpips and piq with the public parameters that visq has, though their own downloads are out of reach.

Runs in the peers' environments, which have no library for safetensors: the files are read here. `VISQ_WEIGHTS` names
their folder.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import torch


def tensors(name: str) -> dict[str, torch.Tensor]:
    """What a safetensors file of single precision holds."""
    raw = (Path(os.environ["VISQ_WEIGHTS"]) / name).read_bytes()
    start = 8 + int.from_bytes(raw[:8], "little")
    found = {}
    for key, item in json.loads(raw[8:start]).items():
        if key != "__metadata__":
            first, end = (start + n for n in item["data_offsets"])
            found[key] = torch.from_numpy(np.frombuffer(raw[first:end], np.float32).copy()).reshape(item["shape"])
    return found


def _trunk(make: Any, name: str) -> Any:
    def build(*_: Any, **__: Any) -> Any:
        network = make()
        network.features.load_state_dict({k.removeprefix("features."): v for k, v in tensors(name).items()})
        return network.eval()

    return build


def lpips(net: str, **options: Any) -> Any:
    """`lpips.LPIPS` over torchvision's network; its heads are in the package."""
    import lpips as package
    from torchvision import models

    kept = models.alexnet, models.vgg16
    models.alexnet = _trunk(kept[0], "alexnet_features_torchvision.safetensors")
    models.vgg16 = _trunk(kept[1], "vgg16_features_torchvision.safetensors")
    try:
        return package.LPIPS(net=net, verbose=False, **options)
    finally:
        models.alexnet, models.vgg16 = kept


def piq(name: str, **options: Any) -> Any:
    """One of piq's `LPIPS`, `DISTS`, `ContentLoss` and `StyleLoss`, a value an image."""
    import piq as package
    from piq import perceptual
    from torchvision import models

    def heads(url: str, **_: Any) -> Any:
        if "dists" in url:
            return tensors("dists_alpha_beta.safetensors")
        found = tensors("lpips_v0.1_lin_vgg.safetensors")
        return [found[f"lin{i}"] for i in range(len(found))]

    kept = perceptual.vgg16, torch.hub.load_state_dict_from_url
    perceptual.vgg16 = _trunk(models.vgg16, "vgg16_features_torchvision.safetensors")
    torch.hub.load_state_dict_from_url = heads
    try:
        return getattr(package, name)(reduction="none", **options)
    finally:
        perceptual.vgg16, torch.hub.load_state_dict_from_url = kept
