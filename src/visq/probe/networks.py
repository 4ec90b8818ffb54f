"""Networks under the probe: which, with whose weights, and what a table says of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from visq.errors import OptionError, WeightsError

#: From this many layers with weights on (as `Network.depth` counts them), a network counts as very deep.
VERY_DEEP = 40


@dataclass(frozen=True, slots=True)
class Net:
    """A network as it is asked for.

    Attributes
    ----------
    backbone : str
        Name in `visq.backbones.ids()`.
    weights : str
        `public`, `random`, or the path of a file with the same parameters.
    name : str
        What tables call it: the backbone, with `-random` or the name of the file, where not given.
    goal, train_data : str
        What it was trained for, and on what: factors of `compare`.
    seed : int
        Of random weights.
    options : tuple of (name, value)
        Further options of the backbone (`pooling`, ...).
    """

    backbone: str
    weights: str = "public"
    name: str = ""
    goal: str = ""
    train_data: str = ""
    seed: int = 0
    options: tuple[tuple[str, Any], ...] = ()

    @property
    def label(self) -> str:
        """The name in tables."""
        if self.name:
            return self.name
        more = "".join(f":{key}={value}" for key, value in self.options)
        if self.weights == "random":
            return f"{self.backbone}{more}-random"
        return self.backbone + more if self.weights == "public" else f"{self.backbone}{more}@{Path(self.weights).stem}"

    def twin(self) -> Net:
        """The same architecture with random weights."""
        label = self.label
        name = label if label.endswith("-random") else f"{label}-random"
        return replace(self, weights="random", name=name, goal="", train_data="")


@dataclass(frozen=True)
class Network:
    """A network that is ready: a module that maps images to named responses, and what is known of it.

    Attributes
    ----------
    name : str
    module : torch.nn.Module
        As `visq.backbones.Backbone`: `normalise(images)`, `forward(images, taps)` to a dict, `taps` in order.
    goal, train_data, arch : str
        Factors of the table.
    least : mapping of str to int
        The smallest side of an image that a tap can be had of; 1 where not named.
    identity : str
        Architecture, options, normalisation and a hash of every parameter: keys what was measured. Found where empty.
    parameters, depth : int
        How many there are in all, and layers with weights (convolutions and matrices); a depthwise convolution and the
        1x1 convolution that widens for it count as one with what follows.
    seed : int or None
        Of random weights.
    multiple : int
        What both sides of an image must be multiples of for any tap but `input`.
    """

    name: str
    module: Any
    goal: str = ""
    train_data: str = ""
    arch: str = ""
    least: Mapping[str, int] = field(default_factory=dict)
    identity: str = ""
    parameters: int = 0
    depth: int = 0
    seed: int | None = None
    multiple: int = 1

    def __post_init__(self) -> None:
        # Without it two networks would share what was measured.
        if not self.identity and self.module is not None:
            object.__setattr__(self, "identity", _identity(self.name, self.module))

    @property
    def random(self) -> bool:
        """Whether nothing was learned."""
        return self.seed is not None or self.name.endswith("-random")

    @property
    def taps(self) -> tuple[str, ...]:
        """Names of its responses, in order."""
        return tuple(self.module.taps)

    @property
    def layers(self) -> tuple[str, ...]:
        """What `all` stands for: every tap but convolutions whose response after the ReLU is a tap too."""
        taps = self.taps
        return tuple(t for t in taps if not _followed(t, taps))

    def choose(self, layers: str | Iterable[str]) -> tuple[str, ...]:
        """The taps that are meant, in the order of the network.

        Raises
        ------
        OptionError
            A name that is no tap, with those there are.
        """
        wanted = [name for name in (layers.split(",") if isinstance(layers, str) else list(layers)) if name]
        wanted = [str(name).strip() for name in wanted]
        if wanted == ["all"]:
            return self.layers
        if wanted == ["every"]:
            return self.taps
        unknown = [name for name in wanted if name not in self.taps]
        if unknown or not wanted:
            raise OptionError(
                f"{self.name} has no tap {', '.join(unknown) or '(none was named)'}",
                expected="all, every, or some of " + ", ".join(self.taps),
            )
        return tuple(name for name in self.taps if name in wanted)

    def place(self, tap: str) -> float:
        """`depth_fraction`: index of the tap among those of `all` (of all taps where it is not there), 0 to 1."""
        among = self.layers if tap in self.layers else self.taps
        return among.index(tap) / max(1, len(among) - 1)


def _followed(tap: str, taps: Sequence[str]) -> bool:
    """Whether it is a convolution whose response after the ReLU is a tap too."""
    return "conv" in tap and any(tap.replace("conv", after, 1) in taps for after in ("relu", "relu6"))


def network(name: str, module: Any, **known: Any) -> Network:
    """A `Network` around a module of one's own; hash, parameters and depth are found here.

    Parameters
    ----------
    name : str
        What tables call it.
    module : torch.nn.Module
        With `taps`, `normalise` and `forward(images, taps)`, as `Network` says.
    **known
        Attributes of `Network`: `goal`, `train_data`, `arch`, `least`, ...
    """
    known.setdefault("parameters", sum(p.numel() for p in module.parameters()))
    known.setdefault("depth", _depth(module))
    known.setdefault("arch", name)
    known.setdefault("multiple", getattr(getattr(module, "spec", None), "multiple", 1))
    return Network(name, module, **known)


def open_net(net: str | Net | Network, *, allow_random: bool = False) -> Network:
    """Build a network and read its weights.

    Parameters
    ----------
    net : str, Net or Network
        `vgg16`, `vgg16-random`, `vgg16@FILE`, a `Net`, or what is open already.
    allow_random : bool
        Random weights where the public ones are not there; the name then ends in `-random`.

    Raises
    ------
    WeightsError
        The weights are not there and `allow_random` is False.
    OptionError
        No such backbone.
    """
    if isinstance(net, Network):
        return net
    wanted = parse_net(net) if isinstance(net, str) else net
    from visq import backbones
    from visq.systems.inputs import require_torch

    require_torch()
    options = dict(wanted.options)
    try:
        module = backbones.create(wanted.backbone, weights=wanted.weights, seed=wanted.seed, **options)
    except WeightsError as error:
        if not allow_random or wanted.weights == "random":
            raise error.with_context(wanted.label) from error
        wanted = wanted.twin()
        module = backbones.create(wanted.backbone, weights="random", seed=wanted.seed, **options)
    spec = module.spec
    untrained = wanted.weights == "random"
    # What the public parameters were trained for says nothing of a file of somebody's own.
    goal, data = (spec.goal, spec.data) if wanted.weights == "public" else ("unknown", "unknown")
    return network(
        wanted.label, module, goal=wanted.goal or ("random weights" if untrained else goal),
        train_data=wanted.train_data or ("none" if untrained else data), arch=spec.id,
        least={tap: module.min_side(tap) for tap in spec.taps}, seed=wanted.seed if untrained else None,
    )  # fmt: skip


def parse_net(text: str) -> Net:
    """`ID`, `ID-random` or `ID@FILE`.

    >>> parse_net("vgg16-random").weights, parse_net("vgg16@mine.safetensors").label
    ('random', 'vgg16@mine')
    """
    name, at, path = text.strip().partition("@")
    if not name or (at and not path):
        raise OptionError(f"{text!r} names no network", expected="ID, ID-random or ID@FILE")
    if name.endswith("-random") and not at:
        return Net(name.removesuffix("-random"), weights="random")
    return Net(name, weights=path) if at else Net(name)


def parse_nets(texts: Sequence[str]) -> list[Net]:
    """Networks of `--nets`, by commas or one by one; each once."""
    return list(dict.fromkeys(parse_net(part) for text in texts for part in text.split(",") if part.strip()))


def _identity(name: str, module: Any) -> str:
    """Architecture, options, normalisation and every parameter and buffer."""
    digest = hashlib.sha256(f"{type(module).__module__}.{type(module).__qualname__}".encode())
    for key, value in sorted(module.state_dict().items()):
        digest.update(f"{key}{tuple(value.shape)}{value.dtype}".encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    spec = getattr(module, "spec", None)
    scheme = [str(getattr(spec, k, "")) for k in ("id", "mean", "std", "scale", "colour")]
    # What a forward pass asks its module for (kind of pooling, token that is kept) is in no parameter and in no repr.
    options = [f"{path}.{key}={value!r}" for path, part in module.named_modules() for key, value in _options(part)]
    digest.update("|".join([*scheme, repr(module), *options]).encode())
    digest.update(_normalised(module))
    return f"{getattr(spec, 'id', name)}#{digest.hexdigest()[:16]}"


def _options(module: Any) -> list[tuple[str, Any]]:
    """Plain values that a module was made with, by name."""
    plain = (str, int, float, bool)
    return sorted(
        (key, value)
        for key, value in vars(module).items()
        if key != "training"
        and not key.startswith("_")
        and (isinstance(value, plain) or (isinstance(value, tuple) and all(isinstance(v, plain) for v in value)))
    )


def _normalised(module: Any) -> bytes:
    """What the module makes of a fixed ramp of colours: a scheme may be in no parameter."""
    if not hasattr(module, "normalise"):
        return b""
    import torch

    ramp = torch.linspace(0, 1, 192).reshape(1, 3, 8, 8)
    with torch.no_grad():
        return module.normalise(ramp).detach().cpu().float().contiguous().numpy().tobytes()


def _depth(module: Any) -> int:
    """Convolutions and matrices: weights of two dimensions or more.

    Of a block with a depthwise convolution its main convolution alone counts: neither the depthwise one, which mixes no
    channels, nor the 1x1 that widens before it. Else small mobile networks would be deeper than ResNet-34.
    """
    owners = [
        module.get_submodule(name.rpartition(".")[0])
        for name, p in module.named_parameters()
        if name.endswith("weight") and p.ndim >= 2
    ]
    apart = [getattr(one, "groups", 1) > 1 and one.groups == one.in_channels for one in owners]
    widening = [
        set(getattr(one, "kernel_size", ())) == {1} and after and not before
        for one, before, after in zip(owners, [False, *apart], [*apart[1:], False], strict=False)
    ]
    return sum(not (a or b) for a, b in zip(apart, widening, strict=True))


__all__ = ["Net", "Network", "network", "open_net", "parse_net", "parse_nets"]
