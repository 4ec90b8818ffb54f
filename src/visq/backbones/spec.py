"""What a network is, as data: its taps and their geometry, its normalisation, and where its parameters come from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from visq.errors import OptionError
from visq.types import Option, Weights

#: How the network goes down in size. `max` is the network as it was published.
Pooling = Literal["max", "average", "l2", "blur"]
#: Name of what the network is fed: the first tap of every network.
INPUT = "input"

POOLING = Option(
    "pooling",
    "str",
    "max",
    "what every pooling is: max as published, average, l2 (DISTS, DeepWSD) or blur (anti-aliased)",
    ("max", "average", "l2", "blur"),
)
BLUR_SIZE = Option("blur_size", "int", 4, "taps of the binomial filter of pooling=blur", (2, 3, 4, 5, 6, 7))


@dataclass(frozen=True, slots=True)
class Step:
    """One operation that looks at neighbours: `(n + padding - kernel) // stride + 1` positions come out of `n`.

    Attributes
    ----------
    kernel, stride, padding : int
        `padding` is that of both ends together.
    kind : str
        `conv`, whatever the pooling; `pool`, which the option `pooling` replaces; `strided`, a convolution inside a
        block that is anti-aliased with `pooling="blur"`: stride 1, then blurred.
    blur_kernel : int
        Of a `pool`: the kernel of the maximum that is taken before the blur (without padding), where it is not
        `kernel`.
    least : int
        The fewest positions that it takes.
    """

    kernel: int
    stride: int = 1
    padding: int = 0
    kind: Literal["conv", "pool", "strided"] = "conv"
    blur_kernel: int = 0
    least: int = 1

    def needs(self, out: int) -> int:
        """The fewest positions that give `out`."""
        return max(self.least, (out - 1) * self.stride + self.kernel - self.padding)

    def under(self, pooling: str, blur_size: int) -> tuple[Step, ...]:
        """What this comes to with another pooling."""
        if self.kind == "conv" or pooling in ("max", "average"):
            return (self,)
        if pooling == "l2":
            return (Step(3, 2, 2),) if self.kind == "pool" else (self,)
        # Borders are reflected, which needs more positions than are added at the longer end.
        blur = Step(blur_size, self.stride, blur_size - 1, least=blur_size // 2 + 1)
        if self.kind == "strided":
            return (blur,)
        return Step(self.blur_kernel or self.kernel), blur


@dataclass(frozen=True, slots=True)
class Layer:
    """One tap: its name, its channels, and the steps from the tap before it to this one."""

    name: str
    channels: int
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class BackboneSpec:
    """Everything a user may ask about a network, as data.

    Attributes
    ----------
    id, title : str
        Name in calls, and in words.
    impl : str
        `package.module:Class`, imported only when the network is built.
    layers : tuple of Layer
        Every tap in the order in which the network computes them; the first is what it is fed.
    parameters : int
        Numbers that were learned, in what is built here: the trunk, without the classifier.
    published_parameters : int
        Those of the whole published network, its classifier for the classes of `data` included.
    mean, std : three floats
        `normalise` gives ``(scale * image - mean) / std`` of images in 0..1.
    scale : float
        255 where the network was trained on 0..255.
    colour : str
        Order of the channels that the network was trained on.
    goal, data : str
        What the public parameters were trained to do, and on which pictures.
    weights : Weights
        The file of the public parameters.
    alternatives : tuple of Weights
        Other files with the same parameters, looked for in this order where the first is missing.
    package : str
        Installed package whose folder holds `package_file`, the file of `weights`; empty where there is none.
    ignored : tuple of str
        Patterns of what public files hold besides the trunk.
    rename : str
        `package.module:function` from names of parameters in other public files to ours; empty where there are none.
    config : tuple of (keyword, value)
        What the class is told to build, where several entries share one class.
    options : tuple of Option
        Keywords that `create` takes besides `weights` and `seed`.
    multiple : int
        Sides must be multiples of it; 1 where any will do.
    paper : str
        Where the network comes from.
    notes : str
        What a user has to know.
    """

    id: str
    title: str
    impl: str
    layers: tuple[Layer, ...]
    parameters: int
    published_parameters: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    weights: Weights
    paper: str
    goal: str = "classification"
    data: str = "ImageNet-1k"
    scale: float = 1.0
    colour: Literal["rgb", "bgr"] = "rgb"
    alternatives: tuple[Weights, ...] = ()
    package: str = ""
    package_file: str = ""
    ignored: tuple[str, ...] = ()
    rename: str = ""
    config: tuple[tuple[str, Any], ...] = ()
    options: tuple[Option, ...] = (POOLING, BLUR_SIZE)
    multiple: int = 1
    notes: str = ""

    @property
    def taps(self) -> tuple[str, ...]:
        """Names of all taps, `input` first."""
        return tuple(layer.name for layer in self.layers)

    @property
    def channels(self) -> tuple[int, ...]:
        """Channels of each tap."""
        return tuple(layer.channels for layer in self.layers)

    @property
    def strides(self) -> tuple[int, ...]:
        """How many pixels apart the positions of each tap are."""
        out, stride = [], 1
        for layer in self.layers:
            for step in layer.steps:
                stride *= step.stride
            out.append(stride)
        return tuple(out)

    def min_side(self, taps: str | Iterable[str] | None = None, *, pooling: str = "max", blur_size: int = 4) -> int:
        """The smallest height and width with which every one of `taps` (all, if None) can be had.

        No image may be smaller than the stride of a tap: there would be less than one position's worth of it.

        Examples
        --------
        >>> from visq import backbones
        >>> vgg = backbones.get("vgg16")
        >>> vgg.min_side("relu5_3"), vgg.min_side()
        (16, 32)

        Raises
        ------
        OptionError
            A tap that there is none of.
        """
        deepest = max((self.index(tap) for tap in self.asked(taps)), default=0)
        need = 1
        for layer in reversed(self.layers[: deepest + 1]):
            for step in reversed(layer.steps):
                for part in reversed(step.under(pooling, blur_size)):
                    need = part.needs(need)
        need = max(need, self.strides[deepest])
        return -(-need // self.multiple) * self.multiple

    def asked(self, taps: str | Iterable[str] | None) -> tuple[str, ...]:
        """`taps` as a tuple of names, each of which there is; all of them if None.

        Raises
        ------
        OptionError
            A tap that there is none of, with all that there are.
        """
        names = self.taps if taps is None else (taps,) if isinstance(taps, str) else tuple(taps)
        for name in names:
            self.index(name)
        return names

    def index(self, tap: str) -> int:
        """Place of a tap in the order of computation.

        Raises
        ------
        OptionError
            A tap that there is none of, with all that there are.
        """
        try:
            return self.taps.index(tap)
        except ValueError:
            raise OptionError(
                f"{self.id} has no tap {tap!r}", expected=f"one of {', '.join(self.taps)}", got=repr(tap)
            ) from None

    def shape(self, tap: str, height: int, width: int) -> tuple[int, int, int]:
        """Channels, height and width of a tap of the network as published.

        Examples
        --------
        >>> from visq import backbones
        >>> backbones.get("vgg16").shape("pool5", 384, 512)
        (512, 12, 16)
        """
        sides = [height, width]
        for layer in self.layers[: self.index(tap) + 1]:
            for step in layer.steps:
                sides = [(n + step.padding - step.kernel) // step.stride + 1 for n in sides]
        return self.layers[self.index(tap)].channels, sides[0], sides[1]
