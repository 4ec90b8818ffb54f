"""Which Re-IQA: the size as data, and what follows from it. Free of heavy imports.

`full` is the published one. `small` is this project's, made to be trained in about an hour on two cores: a ResNet-18 of
half the width (2.8 million parameters, so that both encoders fit 12 MB in half precision), from random parameters, as
the published one begins. EfficientNet-Lite0 would need no longer in multiplications, but its depthwise convolutions are
several times as slow backwards on a processor, both copies of it take 13 MB, and its public parameters were learned
from labels, which is what Re-IQA does without.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from visq.errors import OptionError

Part = Literal["quality", "content"]
#: The two encoders, in the order of the features.
PARTS: tuple[Part, ...] = ("quality", "content")
#: How many times smaller the pictures are that an encoder looks at.
SCALES = (1, 2)
#: The least side of a picture: half of it is one position of the last stage.
MIN_SIDE = 64


@dataclass(frozen=True, slots=True)
class Size:
    """Everything that depends on the size.

    Attributes
    ----------
    name : str
    trunk : str
        As `visq.systems.reiqa.trunks` calls it.
    features : int
        Numbers that a trunk makes of a picture, at one scale.
    embedding : int
        Numbers behind the projection, between which the loss measures angles.
    patch : int
        Side of the quality encoder's crops, in pixels.
    distorted : int
        Distorted versions of a scene in a chunk.
    window : int
        Side of the part of a photograph that is distorted; 0 for whole photographs.
    content_side : int
        Side of the content encoder's views.
    queue, content_queue : int
        Keys that are kept beside the quality encoder, and beside the content encoder.
    negatives : str
        `queue` as released, or `queue+batch`.
    groups : int
        Shuffled groups whose batch normalisations see each other; 1 where several processes shuffle.
    momentum : float
        Share of itself that the slow copy keeps at each step. A thousand steps of 0.999 forget two thirds of where it
        began: far too few of a short training.
    """

    name: str
    trunk: str
    features: int
    embedding: int = 128
    patch: int = 160
    distorted: int = 11
    window: int = 0
    content_side: int = 224
    queue: int = 65_536
    content_queue: int = 65_536
    negatives: str = "queue"
    groups: int = 1
    momentum: float = 0.999


SIZES: dict[str, Size] = {
    "full": Size("full", "resnet50", 2048),
    "small": Size(
        "small", "resnet18_half", 256, patch=64, distorted=5, window=304, content_side=112,
        queue=256, content_queue=4096, negatives="queue+batch", groups=4, momentum=0.99,
    ),
}  # fmt: skip

#: Options of a recipe that replace what the size says, where they are not 0 or empty.
_REPLACED = ("patch", "distorted", "queue", "negatives", "groups", "content_side", "momentum")


def size_of(options: Mapping[str, Any]) -> Size:
    """The size that the options of a recipe come to.

    Raises
    ------
    OptionError
        There is no such size, or no such choice of negatives.

    Examples
    --------
    >>> size_of({"size": "small", "queue": 0}).queue, size_of({"size": "small", "queue": 512}).content_queue
    (256, 512)
    """
    name = options.get("size", "small")
    if name not in SIZES:
        raise OptionError("there is no such size of Re-IQA", expected=" or ".join(SIZES), got=repr(name))
    found = SIZES[name]
    given = {key: options[key] for key in _REPLACED if options.get(key)}
    chosen = replace(found, **given, content_queue=given.get("queue", found.content_queue))
    window = options.get("window", -1)
    chosen = replace(chosen, window=window) if window >= 0 else chosen
    if chosen.negatives not in ("queue", "queue+batch"):
        raise OptionError("no such negatives", expected="queue or queue+batch", got=repr(chosen.negatives))
    least = {"patch": 32, "distorted": 1, "queue": 1, "groups": 1, "content_side": 32}
    wrong = [f"{key} {getattr(chosen, key)}" for key, low in least.items() if getattr(chosen, key) < low]
    if wrong:
        expected = ", ".join(f"{key} of {low} or more" for key, low in least.items())
        raise OptionError("a size of Re-IQA that cannot be", expected=expected, got=", ".join(wrong))
    if not 0 <= chosen.momentum < 1:
        raise OptionError("momentum is no share to keep", expected="0 to 1, 1 left out", got=repr(chosen.momentum))
    return chosen


__all__ = ["MIN_SIDE", "PARTS", "SCALES", "SIZES", "Part", "Size", "size_of"]
