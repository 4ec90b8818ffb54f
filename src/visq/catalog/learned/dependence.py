"""Dependence between the features of two images: DeepDC."""

from __future__ import annotations

from visq.backbones.registry import get
from visq.types import InputSpec, MetricSpec, Option, Verification

SPECS: tuple[MetricSpec, ...] = (
    MetricSpec(
        id="deepdc",
        version="1",
        name="DeepDC",
        summary="distance correlation between the channels of VGG-19's features: unverified",
        kind="fr",
        lower_is_better=True,
        value_range=(0.0, 1.0),
        impl="visq.systems.deepdc:deepdc",
        input=InputSpec("rgb", "a grey image counts as three equal channels"),
        min_side=32,
        best=0.0,
        symmetric=True,
        aliases=("did",),
        paper=(
            "H. Zhu, B. Chen, L. Zhu, S. Wang, W. Lin: DeepDC: deep distance correlation as a perceptual image quality "
            "evaluator. arXiv 2211.04927; IEEE Trans. Image Processing, 2025"
        ),
        code_licence="Apache-2.0",
        options=(
            Option(
                "activation",
                "str",
                "released",
                "layers after their rectifier but for the last, as the authors' program takes them, or all before it",
                ("released", "preact"),
            ),
            Option(
                "resize",
                "bool",
                True,
                "bring pictures whose shorter side is above 224 pixels to that, as the authors' loader does",
            ),
            Option("allow_size_mismatch", "bool", False, "take a picture and a reference that differ in size"),
            Option(
                "model",
                "path",
                None,
                "this metric as `visq export` wrote it, run without torch; not given: public weights, by torch",
            ),
        ),
        weights=(get("vgg19").weights,),
        graph="visq.systems.deepdc:exported",
        size_option="allow_size_mismatch",
        extra="torch",
        verification=(
            Verification(
                "unverified", "the formula on networks with random weights; none with VGG-19's own", "not known"
            ),
        ),
        notes=(
            "Unverified weights: two scores that the authors printed are tested where the file of VGG-19 is there. "
            "Places are only summed over: two arrangements of one texture can come out nearly identical."
        ),
    ),
)
