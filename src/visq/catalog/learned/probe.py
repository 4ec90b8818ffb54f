"""The plain distance at one layer of a network, as the perceptual probe reads it."""

from __future__ import annotations

from visq.backbones.registry import get
from visq.types import InputSpec, MetricSpec, Option, Verification

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
            Option("net", "str", "vgg16", "the network by its name in visq.backbones, with its public weights"),
            Option("layer", "str", "relu4_1", "the layer, by the name of its tap"),
            Option(
                "readout",
                "str",
                "l2",
                "what makes one number of two responses",
                ("l2", "rms", "cosine", "minkowski_1", "minkowski_4", "lpips_style"),
            ),
        ),
        weights=(get("vgg16").weights,),
        extra="torch",
        verification=(Verification("verified", "torchvision's VGG-16 with the same weights, two pairs", "1e-6"),),
        notes=(
            "`l2` grows with the number of pixels: compare pictures of one size, or use `rms`. The weights named here, "
            "and the hash in every identity, are those of the default network: with another one the identity names the "
            "network, and does not pin its file. `visq probe` "
            "measures which network, layer and read-out agree with people."
        ),
    ),
)
