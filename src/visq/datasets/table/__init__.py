"""The rows of the standard databases, by topic. Each module has `SPECS`; the tuple names all of them."""

from __future__ import annotations

MODULES = (
    "laboratory",
    "kadid",
    "laboratory_more",
    "restoration",
    "special_content",
    "stereo",
    "authentic",
    "crowd",
    "generated",
    "underwater_night",
    "video",
    "listed",
    "synthetic",
    "own",
)
