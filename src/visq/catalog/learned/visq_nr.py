"""visq-nr: the no-reference metric that ships with visq."""

from __future__ import annotations

from visq.types import InputSpec, MetricSpec, Option, Part, Verification, Weights

WEIGHTS = Weights(
    filename="visq_nr.onnx",
    sha256="a7f0a9ba11f803634462da1fcee88d0eacde6e2151568096dd3b4b48e87489ea",
    licence="Apache-2.0",
    origin="trained by visq on BIQ2021, from TensorFlow's EfficientNet-Lite0 (ImageNet-1k)",
    ships=True,
)

SPEC = MetricSpec(
    id="visq_nr",
    version="1",
    name="visq-nr",
    summary="what people would say of a photograph's quality, 0 to 100: a compact network on the whole picture",
    kind="nr",
    lower_is_better=False,
    value_range=(0.0, 100.0),
    impl="visq.systems.visq_nr:visq_nr",
    input=InputSpec("rgb", "at native size and at half of it; a grey image counts as three equal channels"),
    min_side=64,
    has_map=True,
    paper=(
        "this project; the trunk: M. Tan, Q. Le: EfficientNet: rethinking model scaling for convolutional neural "
        "networks. ICML, 2019"
    ),
    code_licence="Apache-2.0",
    details="visq.systems.visq_nr:opinion",
    interval=True,
    parts=(
        Part("sharpness", "how free the picture is of blur"),
        Part("noise", "how free it is of noise"),
        Part("exposure", "how free it is of wrong exposure"),
        Part("compression", "how free it is of traces of compression"),
    ),
    reads="visq.systems.visq_nr.model:load",
    options=(Option("model", "path", None, "a file of the same network, trained otherwise"),),
    weights=(WEIGHTS,),
    verification=(Verification("self", "torch, with every batch normalisation in its place", "1e-4"),),
    notes=(
        "Arrays are computed by onnxruntime in single precision; tensors with gradients, in double precision or on a "
        "GPU by torch."
    ),
)
SPECS: tuple[MetricSpec, ...] = (SPEC,)
