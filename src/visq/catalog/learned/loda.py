"""LoDa of the small size: a frozen transformer with an adapter that was trained on opinions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from visq.backbones.registry import get
from visq.types import InputSpec, MetricSpec, Option, Verification, Weights

WEIGHTS = Weights(
    filename="loda_mini.safetensors",
    sha256="034605aff1e14dc41d058e6072d924717512a67b064746b6a81342850a41298d",
    licence="Apache-2.0",
    origin="trained by visq on BIQ2021: recipe loda-mini",
    ships=True,
)
#: The frozen transformer of the small size.
TRANSFORMER = Weights(
    filename="loda_mini_vit.safetensors",
    sha256="58aa97f738cc8541fe2355d678f57afaaf10eae955f148f26446f6d1576ad845",
    licence="Apache-2.0",
    origin="trained by visq's recipe loda-mini-vit: EfficientNet-Lite0 distilled on photographs without ratings",
    ships=True,
)
_CNN = get("efficientnet_lite0").weights
_READS = "visq.systems.given_files:loda_frozen"


def files(options: Mapping[str, Any]) -> tuple[Weights, ...]:
    """What is needed beside the files that options name; of an adapter of one's own nothing is known."""
    if options.get("model") is not None:
        return ()
    frozen = {"vit": TRANSFORMER, "cnn": _CNN}
    return (WEIGHTS, *(weights for name, weights in frozen.items() if options.get(name) is None))


SPEC = MetricSpec(
    id="loda",
    version="1",
    name="LoDa (mini)",
    summary="a frozen vision transformer given the local features of a frozen CNN; learned from opinions, no scale",
    kind="nr",
    lower_is_better=False,
    value_range=(-1.0, 1.0),
    impl="visq.systems.loda:loda",
    reads="visq.systems.given_files:loda",
    files="visq.catalog.learned.loda:files",
    input=InputSpec("rgb", "the shorter side resized to 384 pixels; a grey image counts as three equal channels"),
    min_side=32,
    paper=(
        "K. Xu et al.: Boosting image quality assessment through efficient transformer adaptation with local feature "
        "enhancement. CVPR, 2024"
    ),
    code_licence="Apache-2.0",
    extra="torch",
    options=(
        Option(
            "crops",
            "str",
            "grid15",
            "what is judged: fifteen crops, evenly or at random, or the corners and the centre",
            ("grid15", "random15", "corners"),
        ),
        Option("seed", "int", 0, "of random places", least=0),
        Option("filter", "str", "bicubic", "of the resize to 384 pixels", ("bicubic", "bilinear")),
        Option("rounded", "bool", None, "resize levels of 8 bit and not fractions; by default where pixels are such"),
        Option("model", "path", None, "what was learned: an adapter, or a checkpoint of visq train"),
        Option("vit", "path", None, "parameters of the frozen transformer", reads=_READS),
        Option("cnn", "path", None, "parameters of the frozen CNN", reads=_READS),
    ),
    weights=(WEIGHTS, TRANSFORMER, _CNN),
    verification=(Verification("self", "torch in double precision; its parts, loops over the formulae", "1e-5"),),
    notes=(
        "The size is this project's; no trained parameters of the authors are public. Trained on ratings where more is "
        "better. The sign and the order mean something, the value does not: map scores to a scale with ratings of the "
        "same database that were not judged by."
    ),
)
SPECS: tuple[MetricSpec, ...] = (SPEC,)
