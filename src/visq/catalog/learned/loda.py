"""LoDa: a frozen transformer with an adapter that was trained on opinions. Not among the metrics until one ships."""

from __future__ import annotations

from visq.types import InputSpec, MetricSpec, Option, Verification, Weights

WEIGHTS = Weights(
    filename="loda_mini.safetensors",
    sha256="",
    licence="Apache-2.0",
    origin="trained by visq on BIQ2021: recipe loda-mini",
    ships=False,
    verified=False,
)

SPEC = MetricSpec(
    id="loda",
    version="1",
    name="LoDa",
    summary="a frozen vision transformer given the local features of a frozen CNN; learned from opinions, no scale",
    kind="nr",
    lower_is_better=False,
    value_range=(-1.0, 1.0),
    impl="visq.systems.loda:loda",
    reads="visq.systems.given_files:loda",
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
        Option("seed", "int", 0, "of random places"),
        Option("filter", "str", "bicubic", "of the resize to 384 pixels", ("bicubic", "bilinear")),
        Option("model", "path", None, "what was learned: an adapter, or a checkpoint of visq train"),
        Option("vit", "path", None, "parameters of the frozen transformer"),
        Option("cnn", "path", None, "parameters of the frozen CNN"),
    ),
    weights=(WEIGHTS,),
    verification=(Verification("unverified", "nobody's: no trained parameters of the authors are public", ""),),
    notes=(
        "Trained on ratings where more is better. The sign and the order mean something, the value does not: map "
        "scores to a scale with ratings of the same database that were not judged by."
    ),
)
SPECS: tuple[MetricSpec, ...] = (SPEC,)
