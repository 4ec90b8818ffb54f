"""Whether a file is a checkpoint of `visq train`, and what is in it then."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from visq.paths import expanded
from visq.weights.headers import told

if TYPE_CHECKING:
    from visq.train.checkpoints import Checkpoint


def of_training(path: str | os.PathLike[str]) -> Checkpoint | None:
    """A checkpoint of `visq train`; None where the file is something else.

    Raises
    ------
    WeightsError
        It is one that is damaged.
    """
    from visq.train.checkpoints import FORMAT, read

    place = expanded(path)
    return read(place) if told(place).get("format") == FORMAT else None


__all__ = ["of_training"]
