"""The two encoders when they judge: where their parameters come from, and what they make of a picture at two scales."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from visq.backbones.backbone import Backbone
from visq.errors import OptionError, VisqError, WeightsError
from visq.paths import expanded
from visq.systems.reiqa import scales, trunks
from visq.systems.reiqa.contrast import fed
from visq.systems.reiqa.design import PARTS, SIZES, Part
from visq.weights.headers import is_safetensors, read_header
from visq.weights.tensors import load

_ENCODER = "encoder."
#: What parallel training puts in front of every name.
_WRAPPED = "module."
#: Under which the authors' programme keeps the state dict.
_INSIDE = ("model",)
_CLASSIFIER, _HEAD = "fc.*", "head.*"


@dataclass(frozen=True, eq=False)
class Encoders:
    """One encoder or both.

    Attributes
    ----------
    trunks : mapping of str to Backbone
        By `quality` and `content`, in this order, in evaluation mode.
    names : mapping of str to str
        Which trunk each is, as `visq.systems.reiqa.trunks` calls it.
    """

    trunks: Mapping[Part, Backbone]
    names: Mapping[Part, str]

    def __post_init__(self) -> None:
        if not self.trunks or set(self.trunks) - set(PARTS):
            raise OptionError(
                "no encoder of Re-IQA is given", expected=" or ".join(PARTS), got=", ".join(self.trunks) or "none"
            )  # fmt: skip

    @property
    def columns(self) -> tuple[str, ...]:
        """What each number is: `quality/1/17`, the part, the scale and the channel."""
        return tuple(
            f"{part}/{scale}/{channel}"
            for part, trunk in self.trunks.items()
            for scale in (1, 2)
            for channel in range(trunk.spec.layers[-1].channels)
        )

    @property
    def module(self) -> nn.Module:
        """All trunks as one module, for devices and precisions."""
        return nn.ModuleDict({str(part): trunk for part, trunk in self.trunks.items()})

    def features(self, planes: Tensor, *, long_side: int = 0) -> Tensor:
        """Features of pictures of one size: ``[g(x); g(x_half)]`` of quality, then of content.

        Parameters
        ----------
        planes : (N, 3, H, W)
            0..1, both sides at least 64 pixels.
        long_side : int
            Shrink pictures whose longer side is longer; 0 never does.

        Returns
        -------
        (N, F) tensor
            8192 numbers of both encoders of the published size.
        """
        whole = scales.shrunk(planes, long_side)
        both = (whole, scales.half(whole))
        return torch.cat(
            [trunks.pooled(trunk, fed(x, part)) for part, trunk in self.trunks.items() for x in both], dim=1
        )  # fmt: skip

    def state(self, *, half: bool = False) -> dict[str, Tensor]:
        """Every parameter and statistic, `quality/conv1.weight` and so on; in half precision, if asked for."""
        return {
            f"{part}/{name}": value.half() if half and value.is_floating_point() else value
            for part, trunk in self.trunks.items()
            for name, value in trunk.state_dict().items()
        }


def open_encoders(
    quality: str | os.PathLike[str] | None = None, content: str | os.PathLike[str] | None = None, *,
    device: str = "cpu",
) -> Encoders:  # fmt: skip
    """Encoders out of files.

    Parameters
    ----------
    quality, content : path, optional
        A checkpoint of `visq train reiqa-quality` or `reiqa-content`, the authors' (`quality_aware_r50.pth`,
        `content_aware_r50.pth`), or a state dict of a ResNet-50 or of the small trunk with torchvision's names,
        safetensors or torch's. The size is what the file holds. One of the two will do.
    device : str

    Raises
    ------
    OptionError
        Neither.
    WeightsError
        A file that lacks, is damaged, holds another network, something besides tensors, or the other encoder.
    MissingExtraError
        torch or safetensors is not installed.
    """
    given: dict[Part, Any] = {"quality": quality, "content": content}
    found: dict[Part, tuple[str, Backbone]] = {}
    for part, path in given.items():
        if path is not None:
            try:
                found[part] = read_encoder(expanded(path), part)
            except VisqError as error:
                raise error.with_context(f"the {part} encoder") from error
    if not found:
        raise OptionError(
            "Re-IQA needs an encoder", expected="quality=FILE, content=FILE, or both",
            hint="`visq train reiqa-quality` and `visq train reiqa-content` make them.",
        )  # fmt: skip
    made = Encoders({p: trunk for p, (_, trunk) in found.items()}, {p: name for p, (name, _) in found.items()})
    made.module.to(device)
    return made


def read_encoder(path: Path, part: Part) -> tuple[str, Backbone]:
    """The trunk of one file, and which it is; errors as `open_encoders`."""
    trained = _trained(path, part)
    if trained is not None:
        return trained
    refused: list[WeightsError] = []
    for size in SIZES.values():
        shapes = {n: tuple(v.shape) for n, v in trunks.empty(size.trunk).state_dict().items() if v.is_floating_point()}
        try:
            state = load(path, shapes, ignore=(_HEAD, _CLASSIFIER), rename=trunk_name, inside=_INSIDE)
        except WeightsError as error:
            refused.append(error)
            continue
        return size.trunk, filled(size.trunk, state)
    # Of the size that the file most likely is: that of which it lacks least.
    raise min(refused, key=lambda error: len(str(error)))


def trunk_name(name: str) -> str:
    """The name in the trunk of a name in a file.

    >>> trunk_name("module.encoder.layer1.0.conv1.weight"), trunk_name("module.head.0.bias"), trunk_name("fc.bias")
    ('layer1.0.conv1.weight', 'head.0.bias', 'fc.bias')
    """
    return name.removeprefix(_WRAPPED).removeprefix(_ENCODER)


def filled(trunk: str, state: Mapping[str, Tensor]) -> Backbone:
    """A trunk that judges, with these parameters; counters of batch normalisations are not needed."""
    network = trunks.empty(trunk)
    counters = {n: torch.zeros(v.shape, dtype=v.dtype) for n, v in network.state_dict().items()
                if not v.is_floating_point()}  # fmt: skip
    network.load_state_dict({**counters, **{name: value.float() for name, value in state.items()}}, assign=True)
    return network.requires_grad_(False).eval()


def of_state(names: Mapping[Part, str], tensors: Mapping[str, Tensor], path: str) -> Encoders:
    """What `Encoders.state` gave, as encoders again.

    Raises
    ------
    WeightsError
        Tensors of another network.
    """
    found: dict[Part, Backbone] = {}
    for part in PARTS:  # the header's order is that of the alphabet
        if part not in names:
            continue
        state = {n.partition("/")[2]: v for n, v in tensors.items() if n.startswith(f"{part}/")}
        wanted = {n: v.shape for n, v in trunks.empty(names[part]).state_dict().items() if v.is_floating_point()}
        own = {n: v for n, v in state.items() if v.is_floating_point()}
        if {n: v.shape for n, v in own.items()} != wanted:
            raise WeightsError(f"{path} holds another {part} encoder than it says", expected=names[part])
        found[part] = filled(names[part], own)
    return Encoders(found, names)


def _trained(path: Path, part: Part) -> tuple[str, Backbone] | None:
    """The encoder of a checkpoint of `visq train`; None for another kind of file."""
    from visq.systems.reiqa.design import size_of
    from visq.train import checkpoints

    try:
        with path.open("rb") as stream:
            head = stream.read(16)
    except OSError as error:
        raise WeightsError(f"cannot read {path}: {error.strerror or error}") from None
    if not is_safetensors(head) or not any(name.startswith("weights/") for name in read_header(path)):
        return None
    checkpoint = checkpoints.read(path)
    recipe = checkpoint.about["recipe"]
    if recipe.get("name") != f"reiqa-{part}":
        raise WeightsError(
            f"{path} is of another training", expected=f"reiqa-{part}", got=str(recipe.get("name"))[:40]
        )  # fmt: skip
    trunk = size_of(recipe.get("options", {})).trunk
    every = checkpoint.network_state()
    state = {n.removeprefix(_ENCODER): v for n, v in every.items() if n.startswith(_ENCODER)}
    own = {n: v for n, v in state.items() if v.is_floating_point()}
    checkpoints.fits(path, own, {n: v for n, v in trunks.empty(trunk).state_dict().items() if v.is_floating_point()})
    return trunk, filled(trunk, own)


__all__ = ["Encoders", "filled", "of_state", "open_encoders", "read_encoder", "trunk_name"]
