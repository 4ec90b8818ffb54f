"""Distances between the distributions of two images' features: DeepWSD and its siblings."""

from __future__ import annotations

from visq.backbones.registry import get
from visq.types import InputSpec, MetricSpec, Option, Verification

_INPUT = InputSpec("rgb", "a grey image counts as three equal channels")
_PAPER_2024 = (
    "X. Liao, X. Wei, M. Zhou, Z. Li, S. Kwong: Image quality assessment: measuring perceptual degradation via "
    "distribution measures in deep feature spaces. IEEE Trans. Image Processing 33, 2024"
)
_GROUPING = Option(
    "grouping",
    "str",
    "released",
    "how features are cut into vectors: as the authors' program does, or into the windows that their paper describes",
    ("released", "window"),
)
_LOGARITHM = Option("logarithm", "bool", True, "the score; false gives the distance that the authors minimise")
_MODEL = Option(
    "model",
    "path",
    None,
    "this metric as `visq export` wrote it, run without torch; not given: public weights, by torch",
)
_UNVERIFIED = (
    Verification("unverified", "the formula on networks with random weights; none with VGG-19's own", "not known"),
)


def _later(id: str, name: str, measure: str, summary: str) -> MetricSpec:
    return MetricSpec(
        id=id,
        version="1",
        name=name,
        summary=summary,
        kind="fr",
        lower_is_better=True,
        value_range=(0.0, float("inf")),
        impl="visq.systems.deepwsd:deepwsd2024",
        input=_INPUT,
        min_side=65,
        best=0.0,
        symmetric=True,
        paper=_PAPER_2024,
        code_licence="Apache-2.0",
        options=(_GROUPING, _LOGARITHM, _MODEL),
        presets=(("measure", measure),),
        weights=(get("vgg19").weights,),
        graph="visq.systems.deepwsd:exported2024",
        extra="torch",
        verification=_UNVERIFIED,
        notes=(
            "Unverified weights: no score with VGG-19's public weights could be compared with a published one. The "
            "authors' program pools pictures to about 256 pixels and resizes nothing. The gradient of the score is "
            "infinite at an identical pair, and given as 0 there."
        ),
    )


SPECS: tuple[MetricSpec, ...] = (
    MetricSpec(
        id="deepwsd",
        version="1",
        name="DeepWSD",
        summary="Wasserstein distance of VGG-16's features: short vectors read as profiles of mass, and their errors",
        kind="fr",
        lower_is_better=True,
        value_range=(0.0, float("inf")),
        impl="visq.systems.deepwsd:deepwsd",
        input=_INPUT,
        min_side=33,
        best=0.0,
        symmetric=True,
        paper=(
            "X. Liao, B. Chen, H. Zhu, S. Wang, M. Zhou, S. Kwong: DeepWSD: projecting degradations in perceptual "
            "space to Wasserstein distance in deep feature space. ACM Multimedia, 2022"
        ),
        code_licence="Apache-2.0",
        options=(
            _GROUPING,
            Option(
                "window",
                "int",
                None,
                "side of the windows; not given: 4, and 16 where the longer side has more than 1152 pixels",
                (4, 8, 16),
            ),
            Option(
                "resize",
                "bool",
                True,
                "bring pictures whose longer side is above 512 and below 1000 pixels to 256 x 256, as the authors' "
                "loader does",
            ),
            _LOGARITHM,
            _MODEL,
        ),
        weights=(get("vgg16").weights,),
        graph="visq.systems.deepwsd:exported",
        extra="torch",
        verification=(Verification("verified", "the authors' scores of KADID-10k, four pairs", "2e-5 of the value"),),
        notes=(
            "Pictures are pooled to about 256 pixels, and the logarithm is squared where they are: scores of pictures "
            "of different sizes are not comparable. The resize of the loader loses the proportions, and it begins and "
            "ends abruptly; no score of a picture that it concerns could be compared with the authors'."
        ),
    ),
    _later(
        "deepwsd2024",
        "DeepWSD (2024)",
        "transport",
        "Wasserstein distance of VGG-19's features: unverified",
    ),
    _later("deepjsd", "DeepJSD", "jsd", "Jensen-Shannon divergence of VGG-19's features, and their errors: unverified"),
    _later(
        "deepskld",
        "DeepSKLD",
        "skld",
        "symmetric Kullback-Leibler divergence of VGG-19's features, and their errors: unverified",
    ),
)
