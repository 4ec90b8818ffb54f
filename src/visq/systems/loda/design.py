"""What a network of LoDa's is, as data. Nothing heavy is loaded here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

from visq.backbones.registry import get
from visq.backbones.registry import ids as networks
from visq.backbones.spec import BackboneSpec
from visq.backbones.table.sources import timm
from visq.catalog.learned.loda import TRANSFORMER
from visq.errors import OptionError
from visq.ops.choices import check_choice, check_names
from visq.types import Weights

Variant = Literal["loda", "no-tokens", "add", "probe"]
Statistics = Literal["adapt", "frozen"]
Normalisation = Literal["imagenet", "own"]

#: The transformer that is no row of the table of networks: of the width, depth, heads and side of the design.
DISTILLED = "distilled"
#: What a file of what was learned calls itself.
FORMAT = "visq loda adapter 1"
PATCH = 16
#: The maps that are looked at: the last of every stage from a quarter of the picture's size down.
TAPS = {
    "resnet18": ("layer1.1.relu", "layer2.1.relu", "layer3.1.relu", "layer4.1.relu"),
    "resnet34": ("layer1.2.relu", "layer2.3.relu", "layer3.5.relu", "layer4.2.relu"),
    "resnet50": ("layer1.2.relu", "layer2.3.relu", "layer3.5.relu", "layer4.2.relu"),
    "efficientnet_lite0": ("blocks.1.1", "blocks.2.1", "blocks.4.2", "blocks.6.0"),
}
#: Files of frozen parameters where those of the table of networks are other ones.
WEIGHTS: dict[str, Weights] = {
    "vit_base": timm(
        "vit_base_patch16_224.augreg2_in21k_ft_in1k", "Apache-2.0", "ViT-B/16, ImageNet-21k and then ImageNet-1k"
    ),
    "resnet50": timm("resnet50.a1_in1k", "Apache-2.0", "ResNet-50, ImageNet-1k, recipe A1"),
    DISTILLED: TRANSFORMER,
}


@dataclass(frozen=True, slots=True)
class Design:
    """Everything about the network that is no parameter. As it is by default it is the authors'.

    Attributes
    ----------
    vit : str
        The frozen transformer: a name in `visq.backbones.ids()`, or `distilled`.
    vit_width, vit_depth, vit_heads, side : int
        Of `distilled`; `side` is that of the crops.
    cnn : str
        The frozen CNN: a key of `TAPS`.
    variant : {"loda", "no-tokens", "add", "probe"}
        `no-tokens`: zeros in place of the CNN's tokens. `add`: the CNN's maps added to the patches in place of the
        cross-attention. `probe`: the head alone learns.
    bn : {"adapt", "frozen"}
        Whether the running statistics of the CNN go on moving while training, as in the authors' program.
    normalise : {"imagenet", "own"}
        Of the pixels: ImageNet's mean and deviation for both trunks, as the authors have it, or each trunk's own.
    width, heads : int
        Numbers of a token between the trunks; heads of the cross-attention.
    grid : int
        Rows and columns of tokens of each map of the CNN.
    dropout : float
        Of the class token, before the head.

    Raises
    ------
    OptionError
        What no network can be built of.

    Examples
    --------
    >>> Design().tokens, Design().shape, Design().channels
    (196, (768, 12, 12, 224), (256, 512, 1024, 2048))
    >>> MINI.shape, MINI.channels
    ((192, 6, 3, 224), (24, 40, 112, 320))
    """

    vit: str = "vit_base"
    vit_width: int = 192
    vit_depth: int = 6
    vit_heads: int = 3
    side: int = 224
    cnn: str = "resnet50"
    variant: Variant = "loda"
    bn: Statistics = "adapt"
    normalise: Normalisation = "imagenet"
    width: int = 64
    heads: int = 4
    grid: int = 7
    dropout: float = 0.1

    def __post_init__(self) -> None:
        transformers = [name for name in networks() if name.startswith("vit_")]
        for name, choices in (
            ("vit", (*transformers, DISTILLED)), ("cnn", tuple(TAPS)), ("variant", get_args(Variant)),
            ("bn", get_args(Statistics)), ("normalise", get_args(Normalisation)),
        ):  # fmt: skip
            check_choice(name, getattr(self, name), choices)
        for name in ("vit_width", "vit_depth", "vit_heads", "side", "width", "heads", "grid"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise OptionError(f"{name} cannot be that", expected="a whole number, 1 or more", got=repr(value))
        if not 0 <= self.dropout < 1:
            raise OptionError("dropout is no share", expected="0 or more, below 1", got=repr(self.dropout))
        for whole, part, what in (
            (self.vit_width, self.vit_heads, "vit_width is no multiple of vit_heads"),
            (self.width, self.heads, "width is no multiple of heads"),
            (self.side, PATCH, f"side is no multiple of {PATCH}"),
        ):
            if whole % part:
                raise OptionError(what, got=f"{whole} and {part}")
        if self.vit != DISTILLED and self.side != _config(get(self.vit))["side"]:
            expected = str(_config(get(self.vit))["side"])
            raise OptionError(f"{self.vit} has another side", expected=expected, got=str(self.side))

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Design:
        """The design that options name; the rest is as it is by default.

        Raises
        ------
        OptionError
            An option that there is none of, or a value that it does not take.
        """
        check_names("the network", options, (f.name for f in fields(cls)))
        return cls(**options)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Width, depth, heads and side of the transformer."""
        if self.vit == DISTILLED:
            return self.vit_width, self.vit_depth, self.vit_heads, self.side
        config = _config(get(self.vit))
        return config["width"], config["depth"], config["heads"], config["side"]

    @property
    def taps(self) -> tuple[str, ...]:
        """Maps of the CNN."""
        return TAPS[self.cnn]

    @property
    def channels(self) -> tuple[int, ...]:
        """Of each map."""
        spec = get(self.cnn)
        return tuple(spec.channels[spec.index(tap)] for tap in self.taps)

    @property
    def patches(self) -> int:
        """Patches along a side of a crop."""
        return self.side // PATCH

    @property
    def tokens(self) -> int:
        """Tokens of the CNN that the transformer looks at."""
        return len(self.taps) * self.grid**2

    @property
    def looks(self) -> bool:
        """Whether the CNN has a part in it."""
        return self.variant in ("loda", "add")

    def options(self) -> dict[str, Any]:
        """As `of` takes them."""
        return asdict(self)


#: The small one: a distilled transformer beside EfficientNet-Lite0.
MINI = Design(vit=DISTILLED, cnn="efficientnet_lite0", normalise="own")


def distilled_spec(design: Design) -> BackboneSpec:
    """The transformer of the design as `visq.backbones` describes networks: ViT-T/16 of another width and depth.

    >>> spec = distilled_spec(MINI)
    >>> spec.taps[-2:], spec.parameters
    (('blocks.5', 'norm'), 2855232)
    """
    from dataclasses import replace

    like = get("vit_tiny")
    width, depth, heads, side = design.vit_width, design.vit_depth, design.vit_heads, design.side
    shown = [layer for layer in like.layers if not layer.name.startswith("blocks.")]
    blocks = [replace(shown[-1], name=f"blocks.{number}") for number in range(depth)]
    layers = [*shown[:-1], *blocks, shown[-1]]
    block = 12 * width**2 + 13 * width
    patches = 3 * PATCH**2 * width + width
    return replace(
        like,
        id="loda_mini_vit",
        title=f"ViT/16 of {depth} blocks, {width} wide",
        layers=(layers[0], *(replace(layer, channels=width) for layer in layers[1:])),
        parameters=patches + (design.patches**2 + 2) * width + depth * block + 2 * width,
        published_parameters=0,
        weights=WEIGHTS[DISTILLED],
        goal="features of EfficientNet-Lite0",
        data="photographs without ratings",
        config=(("width", width), ("heads", heads), ("depth", depth), ("patch", PATCH), ("side", side)),
        paper="this project; the features: Tan and Le, EfficientNet, ICML 2019",
        notes="No row of the table of networks.",
    )


def _config(spec: BackboneSpec) -> dict[str, Any]:
    return dict(spec.config)


__all__ = ["DISTILLED", "FORMAT", "MINI", "PATCH", "TAPS", "WEIGHTS", "Design", "distilled_spec"]
