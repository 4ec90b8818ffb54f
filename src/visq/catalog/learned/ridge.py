"""A ridge regression on the responses of a network that nobody trained for quality. In no list: none ships."""

from __future__ import annotations

from visq.types import InputSpec, MetricSpec, Option, Verification, Weights

WEIGHTS = Weights(
    filename="ridge.safetensors",
    sha256="",
    licence="Apache-2.0",
    origin="fitted by a user: visq fit ridge",
    ships=False,
    verified=False,
)

SPEC = MetricSpec(
    id="ridge",
    version="1",
    name="ridge on network features",
    summary="a line through the responses of a network that nobody trained for quality; the plainest learned metric",
    kind="nr",
    lower_is_better=False,
    value_range=(-float("inf"), float("inf")),
    impl="visq.systems.ridge:ridge",
    reads="visq.systems.given_files:ridge",
    input=InputSpec("rgb", "whole, at the scales that it was fitted at; a grey image counts as three equal channels"),
    min_side=64,
    paper="A. E. Hoerl, R. W. Kennard: Ridge regression: biased estimation for nonorthogonal problems. "
    "Technometrics 12, 1970",
    code_licence="Apache-2.0",
    extra="torch",
    options=(Option("model", "path", None, "a file that `visq fit ridge` wrote, of any network and database"),),
    weights=(WEIGHTS,),
    verification=(Verification("self", "NumPy's least squares on the same features", "1e-4"),),
    notes="Scores lie on the scale of the database that it was fitted on.",
)
SPECS: tuple[MetricSpec, ...] = (SPEC,)
