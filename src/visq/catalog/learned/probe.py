"""The plain distance at one layer of a network, as the perceptual probe reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from visq.backbones.registry import get
from visq.types import InputSpec, MetricSpec, Option, Verification, Weights

_NET, _LAYER = "vgg16", "relu4_1"


def files(options: Mapping[str, Any]) -> tuple[Weights, ...]:
    """The weights of the network that the options name.

    Raises
    ------
    OptionError
        A network that there is none of, or a layer that it has not.
    """
    from visq.ops.choices import check_choice

    spec = get(options.get("net", _NET))
    check_choice("layer", options.get("layer", _LAYER), spec.taps)
    return (spec.weights,)


SPECS: tuple[MetricSpec, ...] = (
    MetricSpec(
        id="probe",
        version="1",
        name="Perceptual probe",
        summary="plain distance between the responses of a pre-trained network at one layer",
        kind="fr",
        lower_is_better=True,
        value_range=(0.0, float("inf")),
        impl="visq.systems.probe:probe",
        input=InputSpec("rgb", "a grey image counts as three equal channels"),
        min_side=8,
        best=0.0,
        symmetric=True,
        paper=(
            "P. Hernandez-Camara, J. Vila-Tomas, V. Laparra, J. Malo: Analysis of deep image quality models. "
            "arXiv 2302.13345, 2023"
        ),
        code_licence="Apache-2.0",
        options=(
            Option("net", "str", _NET, "the network by its name in visq.backbones, with its public weights"),
            Option("layer", "str", _LAYER, "the layer, by the name of its tap"),
            Option(
                "readout",
                "str",
                "l2",
                "what makes one number of two responses",
                ("l2", "rms", "cosine", "minkowski_1", "minkowski_4", "lpips_style"),
            ),
        ),
        weights=(get(_NET).weights,),
        files="visq.catalog.learned.probe:files",
        extra="torch",
        verification=(Verification("verified", "torchvision's VGG-16 with the same weights, two pairs", "1e-6"),),
        notes=(
            "`l2` grows with the number of pixels: compare pictures of one size, or use `rms`. The weights named here "
            "are those of the default network; with another, the identity has the hash of its file, where one is "
            "published. `visq probe` measures which network, layer and read-out agree with people."
        ),
    ),
)
