"""What the network learns from: a rated database, its pictures or what the frozen part of the trunk makes of them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from visq.backbones.spec import INPUT
from visq.datasets import dataset
from visq.errors import DatasetError
from visq.systems.pmt.design import GRADES, Design
from visq.systems.pmt.network import Network
from visq.train.data import image_cache
from visq.train.data.picture_streams import PictureStream
from visq.train.data.splits import Part, Parts, parts
from visq.train.data.work import Work, kept_in, shown
from visq.train.recipe import Recipe
from visq.train.streams import Stream, Streams

_RANGE = GRADES - 1


def divided(options: Mapping[str, Any], data: str | os.PathLike[str]) -> Parts:
    """The fit, validation and calibration part of the database in `data`, as options say."""
    rated = dataset(options["dataset"], data, labels=options.get("labels", ""))
    found = parts(
        rated, validation=options["validation"], calibration=options["calibration"], seed=options["split_seed"],
        scale=options.get("scale", "ends"),
    )  # fmt: skip
    limit = options.get("limit", 0)
    return Parts(*(p.only(range(min(limit, len(p)))) if limit else p for p in found))


def streams(recipe: Recipe, data: str | os.PathLike[str]) -> Streams:
    """Whole pictures of the fit part, half of them mirrored, and of the validation part; those of one size together.

    Maps, and decoded pictures where the whole trunk is trained, are made in the first run and kept.
    """
    options = recipe.options
    found = divided(options, data)
    with shown("pictures") as work:
        return Streams(
            _stream(recipe, found.fit, folder_of(options), work, learning=True),
            _stream(recipe, found.validation, folder_of(options), work, learning=False),
        )


def folder_of(options: Mapping[str, Any]) -> Path:
    """Where maps and decoded pictures are kept: the option `cache`, or a folder beside that of fetched weights."""
    return kept_in(options.get("cache", ""), "pmt")


def _stream(recipe: Recipe, part: Part, folder: Path, work: Work, *, learning: bool) -> Stream:
    options = recipe.options
    named: dict[str, Any] = {
        "batch": recipe.batch, "flip": learning and options["mirrored"], "shuffle": learning, "seed": recipe.seed,
        "columns": _columns(part, options), "purpose": "training" if learning else "validation",
    }  # fmt: skip
    frozen_to = options.get("frozen_to", INPUT)
    if frozen_to == INPUT:
        images = image_cache.build(part, folder / f"pictures-{part.identity[:16]}", work=work)
        return PictureStream(part, images, **named)
    from visq.systems.pmt.training.maps import MapStream, build
    from visq.systems.pmt.trunk import Trunk

    design = Design.of(options["design"])
    trunk = Trunk(design, options["weights"], frozen_to=frozen_to, seed=options.get("trunk_seed", 0))
    maps = build(part, trunk, folder, mirrored=named["flip"], work=work)
    return MapStream(part, maps, **named, threads=1)  # type: ignore[arg-type]


def _columns(part: Part, options: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """`spread`, the standard deviation of opinions in grades, where a distribution is to be learned."""
    if options["target"] != "distribution":
        return {}
    chosen = list(part.indices)
    std = np.array([part.dataset.samples[i].std for i in chosen], dtype=np.float64)
    # Scores were put on 0 to 1 by a line; its slope is found from them, whatever its ends are.
    given = np.ptp(part.dataset.scores[chosen])
    spread = std * (_RANGE * float(np.ptp(part.scores)) / given if given > 0 else np.nan)
    if not (np.isfinite(spread) & (spread > 0)).all():
        raise DatasetError(
            f"{part.dataset.spec.id}: not every picture has a spread of opinions",
            expected="a standard deviation above 0",
            hint="options.target=mean learns from mean opinions alone.",
        )  # fmt: skip
    return {"spread": spread}


def start(network: Network, streams: Streams, options: Mapping[str, Any]) -> None:  # noqa: ARG001
    """Begin with the parameters of another training, where the option `start` names its checkpoint."""
    if options.get("start"):
        from visq.systems.pmt.files import load

        network.load_state_dict(load(options["start"]).state_dict())


__all__ = ["divided", "folder_of", "start", "streams"]
