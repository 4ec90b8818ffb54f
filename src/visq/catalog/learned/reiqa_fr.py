"""Re-IQA with a reference. In no list: no read-out of differences ships."""

from __future__ import annotations

from dataclasses import replace

from visq.catalog.learned.reiqa import SPEC as _ALONE
from visq.types import Option, Verification, Weights

SPEC = replace(
    _ALONE,
    id="reiqa_fr",
    name="Re-IQA with references",
    summary="how far two encoders' features of a picture lie from those of its reference, and a line through it",
    kind="fr",
    symmetric=True,
    impl="visq.systems.reiqa.score:reiqa_fr",
    reads="visq.systems.given_files:reiqa_fr",
    options=(Option("model", "path", None, "a file that `visq fit reiqa reference=true` wrote"),),
    weights=(
        Weights(
            filename="reiqa_fr.safetensors",
            sha256="",
            licence="Apache-2.0",
            origin="fitted by a user: visq fit reiqa reference=true",
            ships=False,
            verified=False,
        ),
    ),
    verification=(Verification("self", "its parts, loops over the formulae", "1e-5"),),
    notes=(
        "Scores lie on the scale of the database that the read-out was fitted on. A picture that equals its reference "
        "gets the intercept, which is not the highest score that there can be. The authors released no such programme: "
        "this is a reconstruction after that of CONTRIQUE, on whose protocol they build."
    ),
)

__all__ = ["SPEC"]
