"""PMT: a transformer on the map of a trunk, whose tokens can be hidden."""

from __future__ import annotations

from visq.types import InputSpec, MetricSpec, Option, Verification, Weights

WEIGHTS = Weights(
    filename="pmt_small.safetensors",
    sha256="6aa8beec5a196c020c1b50ebb027d094c091576bbf17f9abdfb40cb8855d4f94",
    licence="Apache-2.0",
    origin="trained by visq on BIQ2021: recipe pmt-small, from TensorFlow's EfficientNet-Lite0",
    ships=True,
)

SPEC = MetricSpec(
    id="pmt",
    version="1",
    name="PMT (reconstruction)",
    summary=(
        "mean opinion of a photograph's quality, 1 to 5, by a transformer whose tokens can be hidden; a reconstruction "
        "after a paper whose text was not found"
    ),
    kind="nr",
    lower_is_better=False,
    value_range=(1.0, 5.0),
    impl="visq.systems.pmt:pmt",
    reads="visq.systems.given_files:pmt",
    input=InputSpec("rgb", "whole, at its own size; a grey image counts as three equal channels"),
    min_side=64,
    paper=(
        "J. You, Y. Lin, J. Korhonen: Half of an image is enough for quality assessment. arXiv 2301.12891 (abstract), "
        "2023"
    ),
    code_licence="Apache-2.0",
    extra="torch",
    options=(Option("model", "path", None, "a file of parameters, or a checkpoint of the recipes pmt and pmt-small"),),
    weights=(WEIGHTS,),
    verification=(Verification("self", "masks against tokens that were left out, in torch", "1e-5"),),
    notes=(
        "A reconstruction: sizes are those of TRIQ's public code (J. You, J. Korhonen: Transformer for image quality "
        "assessment, ICIP 2021), the rest was chosen here."
    ),
)
SPECS: tuple[MetricSpec, ...] = (SPEC,)
