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
}
