"""Vision transformers with patches of 16 pixels."""

from __future__ import annotations

from visq.backbones.spec import INPUT, BackboneSpec, Layer, Step
from visq.backbones.table.sources import timm
from visq.types import Option

_PATCH, _DEPTH, _SIDE = 16, 12, 224
_OPTIONS = (
    Option("pooling", "str", "max", "there is none to choose", ("max",)),
    Option(
        "class_token", "str", "drop",
        "what taps are: drop, the patches as a map (N, C, H/16, W/16); keep, all tokens (N, T, C), class token first",
        ("drop", "keep"),
    ),
    Option("registers", "int", 0, "tokens that belong to no patch; public parameters have none"),
)  # fmt: skip
_NOTES = (
    "Sides must be multiples of 16. Positions are resampled (bicubic, anti-aliased) for other sizes than 224x224. "
    "patch_embed is the projection of the patches, pos_embed that with the positions, blocks.N what a block gives and "
    "norm the last normalisation. With registers, positions belong to patches alone. The classifier is not built."
)


def _vit(id: str, title: str, width: int, heads: int, counts: tuple[int, int], sha256: str = "") -> BackboneSpec:
    name = f"{id}_patch16_224.augreg_in21k_ft_in1k"
    layers = (
        Layer(INPUT, 3),
        Layer("patch_embed", width, (Step(_PATCH, _PATCH),)),
        Layer("pos_embed", width),
        *(Layer(f"blocks.{number}", width) for number in range(_DEPTH)),
        Layer("norm", width),
    )
    return BackboneSpec(
        id=id,
        title=title,
        impl="visq.backbones.vit:VisionTransformer",
        layers=layers,
        parameters=counts[0],
        published_parameters=counts[1],
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
        weights=timm(name, "Apache-2.0", f"{title}, ImageNet-21k and then ImageNet-1k (AugReg)", sha256),
        data="ImageNet-21k, ImageNet-1k",
        ignored=("head.*",),
        config=(("width", width), ("heads", heads), ("depth", _DEPTH), ("patch", _PATCH), ("side", _SIDE)),
        options=_OPTIONS,
        multiple=_PATCH,
        paper="Dosovitskiy et al., Image is worth 16x16 words, ICLR 2021; Steiner et al., How to train your ViT? 2022",
        notes=_NOTES,
    )


SPECS = (
    _vit(
        "vit_tiny",
        "ViT-T/16",
        192,
        3,
        (5_524_416, 5_717_416),
        "fecf81b492bd13ee7a5297cb74d1d417aac8bf7e1b7d96aed89c4691984587ed",
    ),
    _vit(
        "vit_small",
        "ViT-S/16",
        384,
        6,
        (21_665_664, 22_050_664),
        "79c03c635cdfd798a364a9d8c4e5c0b7255b975ea2c9616046d4f77ab01435aa",
    ),
    _vit("vit_base", "ViT-B/16", 768, 12, (85_798_656, 86_567_656)),
)
