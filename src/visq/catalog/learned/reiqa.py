"""Re-IQA of the small size, its read-out fitted on BIQ2021."""

from __future__ import annotations

from visq.types import InputSpec, MetricSpec, Option, Verification, Weights

_INFINITE = float("inf")

WEIGHTS = Weights(
    filename="reiqa_small.safetensors",
    sha256="8a33debfa25216a7c31b7d3ecb5a7e90fdc7c1426776dbbe1364a682862149ab",
    licence="Apache-2.0",
    origin="trained by visq on BIQ2021: both encoders without its scores, the read-out on those of its training part",
    ships=True,
)

SPEC = MetricSpec(
    id="reiqa",
    version="1",
    name="Re-IQA (small)",
    summary="two encoders that learned damage and content without scores, and a line through their features",
    kind="nr",
    lower_is_better=False,
    value_range=(-_INFINITE, _INFINITE),
    impl="visq.systems.reiqa.score:reiqa",
    reads="visq.systems.given_files:reiqa",
    input=InputSpec("rgb", "at native size and at half of it; a grey image counts as three equal channels"),
    min_side=64,
    paper=(
        "A. Saha, S. Mishra, A. C. Bovik: Re-IQA: Unsupervised Learning for Image Quality Assessment in the Wild. "
        "CVPR, 2023"
    ),
    code_licence="Apache-2.0",
    extra="torch",
    options=(Option("model", "path", None, "a file that `visq fit reiqa` wrote, of any size and database"),),
    weights=(WEIGHTS,),
    verification=(Verification("self", "torch in double precision; its parts, loops over the formulae", "1e-5"),),
    notes=(
        "Scores lie on the scale of the database that the read-out was fitted on. The size is this project's; the "
        "published one is had by fitting a read-out on the authors' encoders, or on encoders trained by the recipes. "
        "They released no read-out, so that no score of theirs is known."
    ),
)
SPECS: tuple[MetricSpec, ...] = (SPEC,)
