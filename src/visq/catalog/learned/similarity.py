"""Distances between the features of two images: LPIPS, DISTS, content and style."""

from __future__ import annotations

from dataclasses import replace

from visq.backbones.registry import get
from visq.types import InputSpec, Like, MetricSpec, Option, Verification, Weights

_LPIPS = (
    "R. Zhang, P. Isola, A. A. Efros, E. Shechtman, O. Wang: The unreasonable effectiveness of deep features as a "
    "perceptual metric. IEEE Conference on Computer Vision and Pattern Recognition, 2018"
)
_GATYS = (
    "L. A. Gatys, A. S. Ecker, M. Bethge: Image style transfer using convolutional neural networks. IEEE Conference on "
    "Computer Vision and Pattern Recognition, 2016; the sums are those of piq 0.8.0"
)
_GREY = "a grey image counts as three equal channels"
_MODEL = Option(
    "model",
    "path",
    None,
    "this metric as `visq export` wrote it, run without torch; not given: the public weights",
)


def _lin(net: str, sha256: str, verified: bool = True) -> Weights:
    """The authors' file of one network's heads, as their package and their repository have it."""
    return Weights(
        filename=f"lpips_v0.1_lin_{net}.pth",
        sha256=sha256,
        licence="BSD-2-Clause",
        origin=f"the authors' package lpips 0.1.4, lpips/weights/v0.1/{net}.pth: weights of channels",
        ships=False,
        url=f"https://raw.githubusercontent.com/richzhang/PerceptualSimilarity/master/lpips/weights/v0.1/{net}.pth",
        verified=verified,
    )


def _converted(filename: str, sha256: str, licence: str, of: str) -> Weights:
    return Weights(filename, sha256, licence, f"the same numbers as {of}, as safetensors", ships=False)


_ALEX = _lin("alex", "df73285e35b22355a2df87cdb6b70b343713b667eddbda73e1977e0c860835c0")
_VGG = _lin("vgg", "a78928a0af1e5f0fcb1f3b9e8f8c3a2a5a3de244d830ad5c1feddc79b8432868")
_SQUEEZE = _lin("squeeze", "4a5350f23600cb79923ce65bb07cbf57dca461329894153e05a1346bd531cf76", verified=False)
_DISTS = Weights(
    filename="dists_weights.pt",
    sha256="f5e65c96230b7f6ca995691647d482237e4cab8a50c5c4a5784f219ef0748218",
    licence="MIT",
    origin="the authors' repository dingkeyan93/DISTS, DISTS_pytorch/weights.pt: weights of channels",
    ships=False,
    url="https://raw.githubusercontent.com/dingkeyan93/DISTS/master/DISTS_pytorch/weights.pt",
)

#: Of each entry: the files that its own parameters may be in, the first that is there counts.
HEADS: dict[str, tuple[Weights, ...]] = {
    "lpips": (
        _converted(
            "lpips_v0.1_lin_alex.safetensors",
            "1c9a0be77993b4148902901360953ad0a1cedd7c0fff0b23dbd86e18b73ab3a6",
            "BSD-2-Clause",
            _ALEX.origin,
        ),
        _ALEX,
    ),
    "lpips_vgg": (
        _converted(
            "lpips_v0.1_lin_vgg.safetensors",
            "41ce25830cfbe52af7f9c3f323c08d7138a5ed6436bca068f747f93025981e8e",
            "BSD-2-Clause",
            _VGG.origin,
        ),
        _VGG,
    ),
    "lpips_squeeze": (_SQUEEZE,),
    "dists": (
        _converted(
            "dists_alpha_beta.safetensors",
            "50980d68bc38b2fcc738b1a8c3ae77a87cb73883b230951c2c57190855bdb52f",
            "MIT",
            _DISTS.origin,
        ),
        _DISTS,
    ),
}

_LAYER = Option(
    "layer", "str", "relu3_3", "the layer of VGG-16 that is compared",
    ("relu1_1", "relu1_2", "relu2_1", "relu2_2", "relu3_1", "relu3_2", "relu3_3", "relu4_1", "relu4_2", "relu4_3",
     "relu5_1", "relu5_2", "relu5_3"),
)  # fmt: skip
_FEATURES = (
    _LAYER,
    Option("distance", "str", "mse", "squares (mse) or sizes (mae) of the differences", ("mse", "mae")),
    Option("pooling", "str", "max", "poolings of the network: maximum as trained, or average", ("max", "average")),
    Option("unit", "bool", False, "divide each vector of channels by its length first"),
    _MODEL,
)


def _lpips(id: str, net: str, title: str, trunk: str, side: int, checked: tuple[Verification, ...]) -> MetricSpec:
    heads = replace(HEADS[id][0], alternatives=HEADS[id][1:])
    return MetricSpec(
        id=id,
        version="1",
        name=f"LPIPS ({title})",
        summary=f"learned perceptual image patch similarity: unit-length features of {title}, weighted by channel",
        kind="fr",
        lower_is_better=True,
        value_range=(0.0, float("inf")),
        impl="visq.systems.lpips:lpips",
        graph="visq.systems.lpips:exported",
        presets=() if net == "alex" else (("net", net),),
        input=InputSpec("rgb", _GREY),
        min_side=side,
        best=0.0,
        has_map=True,
        map_lower_is_better=True,
        symmetric=True,
        aliases=("lpips_alex",) if net == "alex" else (),
        paper=_LPIPS,
        code_licence="Apache-2.0",
        options=(_MODEL,),
        weights=(get(trunk).weights, heads),
        extra="torch",
        verification=checked,
        notes=(
            "Version 0.1 of the weights. The map adds those of the layers, each enlarged to the picture; the score is "
            "the sum of their means before that. Nothing is resized."
        ),
    )


def _feature(id: str, name: str, summary: str, notes: str) -> MetricSpec:
    return MetricSpec(
        id=id,
        version="1",
        name=name,
        summary=summary,
        kind="fr",
        lower_is_better=True,
        value_range=(0.0, float("inf")),
        impl=f"visq.systems.content_style:{id}",
        graph=f"visq.systems.content_style:exported_{id}",
        input=InputSpec("rgb", _GREY),
        min_side=4,
        best=0.0,
        symmetric=True,
        aliases=(f"{id}_score",),
        paper=_GATYS,
        code_licence="Apache-2.0",
        options=_FEATURES,
        weights=(get("vgg16").weights,),
        extra="torch",
        verification=(Verification("verified", "piq 0.8.0 with the same weights, four pairs", "1e-5 of the value"),),
        notes=notes,
    )


SPECS: tuple[MetricSpec, ...] = (
    _lpips(
        "lpips", "alex", "AlexNet", "alexnet", 31,
        (
            Verification("verified", "values printed by the authors, two pairs", "the printed digits (5e-4)"),
            Verification("verified", "the authors' package as recorded by pyiqa, five pairs", "the printed digits"),
            Verification("verified", "lpips 0.1.4 with the same weights", "1e-6"),
        ),
    ),
    _lpips(
        "lpips_vgg", "vgg", "VGG-16", "vgg16", 16,
        (Verification("verified", "lpips 0.1.4 and piq 0.8.0 with the same weights", "1e-6"),),
    ),
    _lpips(
        "lpips_squeeze", "squeeze", "SqueezeNet 1.1", "squeezenet1_1", 17,
        (Verification("unverified", "lpips 0.1.4 with made-up weights only", "1e-6"),),
    ),
    MetricSpec(
        id="dists",
        version="1",
        name="DISTS",
        summary="deep image structure and texture similarity: means and correlations of VGG-16's feature maps",
        kind="fr",
        lower_is_better=True,
        value_range=(0.0, 2.0),
        impl="visq.systems.dists:dists",
        graph="visq.systems.dists:exported",
        input=InputSpec("rgb", _GREY),
        min_side=16,
        best=0.0,
        symmetric=True,
        paper=(
            "K. Ding, K. Ma, S. Wang, E. P. Simoncelli: Image quality assessment: unifying structure and texture "
            "similarity. IEEE Trans. Pattern Analysis and Machine Intelligence 44(5), 2022"
        ),
        code_licence="Apache-2.0",
        options=(
            Option(
                "resize",
                "str",
                "none",
                "what is done to pictures whose sides are all longer than 256 pixels: nothing, or brought to a shorter "
                "side of 256 as the authors' demonstration does (authors) or as piq does",
                ("none", "authors", "piq"),
            ),
            _MODEL,
        ),
        weights=(get("vgg16").weights, replace(HEADS["dists"][0], alternatives=HEADS["dists"][1:])),
        extra="torch",
        likes=(
            Like(
                "piq",
                "piq 0.8, DISTS",
                (("resize", "piq"),),
                "pictures above 256 pixels are first reduced, without smoothing",
                "1e-5",
            ),
        ),
        verification=(
            Verification("verified", "the value in the authors' program, one pair", "the printed digits (5e-5)"),
            Verification("verified", "the authors' program as recorded by pyiqa, five pairs", "the printed digits"),
            Verification("verified", "piq 0.8.0 with the same weights, resized as it does", "1e-5"),
        ),
        notes=(
            "The recorded values of the authors' program are those of pictures as they are; the demonstration that "
            "comes with it reduces them first, as they advise for pictures of more than 256 pixels."
        ),
    ),
    _feature(
        "content", "Content distance", "squared difference of VGG-16's feature maps, as for the transfer of style",
        "Mean over the places, sum over the channels, as piq has it.",
    ),
    _feature(
        "style", "Style distance", "squared difference of the Gram matrices of VGG-16's feature maps",
        "Gram matrices are sums over the places and divided by nothing, as piq has it: scores grow with the square of "
        "the number of pixels and compare pictures of one size only.",
    ),
)  # fmt: skip
