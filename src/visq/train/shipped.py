"""The recipes that come with visq, as data."""

from __future__ import annotations

from typing import NamedTuple


class Shipped(NamedTuple):
    """One recipe: the module that holds it, and what it makes in one line."""

    module: str
    about: str


#: name: the recipe
SHIPPED: dict[str, Shipped] = {
    "example": Shipped("visq.train.example", "A line through made points, in seconds: to try, and to copy."),
    "visq-nr": Shipped(
        "visq.systems.visq_nr.training.recipe", "The no-reference metric that ships, from BIQ2021's training part."
    ),
    "reiqa-quality": Shipped(
        "visq.systems.reiqa.quality_recipe", "Re-IQA's quality encoder, from photographs without scores."
    ),
    "reiqa-content": Shipped(
        "visq.systems.reiqa.content_recipe", "Re-IQA's content encoder, from photographs without scores."
    ),
    "pmt": Shipped(
        "visq.systems.pmt.training.full", "PMT on ResNet-50, a reconstruction, from KonIQ-10k; needs a GPU."
    ),
    "pmt-small": Shipped(
        "visq.systems.pmt.training.small", "PMT on EfficientNet-Lite0, a reconstruction, from BIQ2021's training part."
    ),
    "loda": Shipped("visq.systems.loda.recipe", "LoDa on ViT-B/16 and ResNet-50, both frozen; needs a GPU."),
    "loda-mini": Shipped(
        "visq.systems.loda.recipe_mini", "LoDa on a distilled ViT and EfficientNet-Lite0, from BIQ2021's training part."
    ),
    "loda-mini-vit": Shipped(
        "visq.systems.loda.recipe_mini_vit", "The ViT of loda-mini: EfficientNet-Lite0 distilled, without scores."
    ),
}
