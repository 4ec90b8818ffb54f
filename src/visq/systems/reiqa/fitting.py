"""What `visq fit reiqa` fits a read-out on: the features of the encoders, as a source of rows."""

from __future__ import annotations

import os
from functools import cached_property
from typing import Any

from visq.errors import OptionError
from visq.probe.networks import network
from visq.systems.reiqa.design import MIN_SIDE
from visq.systems.reiqa.encoders import Encoders, open_encoders
from visq.train.data.draws import fingerprint

#: Of how features are computed: another one when that changes.
VERSION = "1"


class Rows:
    """Features of whole pictures, for `visq.train.data.feature_cache.FeatureCache`.

    Parameters
    ----------
    encoders : Encoders
    long_side : int
        As `Encoders.features`.
    device : str
    """

    def __init__(self, encoders: Encoders, *, long_side: int = 0, device: str = "cpu") -> None:
        self.encoders, self.long_side, self.device = encoders, long_side, device
        self.name, self.module, self.columns = "Re-IQA's encoders", encoders.module, encoders.columns

    @cached_property
    def identity(self) -> str:
        """Hash of the encoders' parameters and of how features are made of them."""
        held = [network(name, trunk).identity for name, trunk in self.encoders.trunks.items()]
        return fingerprint(["reiqa", VERSION, held, list(self.encoders.trunks), self.long_side])

    def rows(self, pictures: Any) -> Any:
        """`(N, F)` of `(N, 3, H, W)` in 0..1.

        Raises
        ------
        SizeError
            A side below 64 pixels.
        """
        from visq.systems.reiqa.score import check_size

        check_size(pictures.shape[-2:], self.long_side)
        return self.encoders.features(pictures, long_side=self.long_side)


class Source:
    """As `visq.systems.readout.systems.Source`."""

    def __init__(self, encoders: Encoders, *, difference: bool, long_side: int, half: bool, device: str) -> None:
        # One by one: a read-out of both encoders finds what was computed for either alone.
        alone = [Encoders({part: trunk}, {part: encoders.names[part]}) for part, trunk in encoders.trunks.items()]
        self.rows = tuple(Rows(one, long_side=long_side, device=device) for one in alone)
        self.difference = difference
        self.options = {"trunks": dict(encoders.names), "difference": difference, "long_side": long_side}
        self.tensors = encoders.state(half=half)


def opened(
    quality: str | os.PathLike[str] | None = None, content: str | os.PathLike[str] | None = None, *,
    reference: bool = False, long_side: int = 0, half: bool = False, device: str = "cpu",
) -> Source:  # fmt: skip
    """The encoders, ready to make features; options as the row of `visq.systems.readout.systems` says.

    Raises
    ------
    OptionError
        No encoder, or a longer side that is too short.
    WeightsError, MissingExtraError
        As `visq.systems.reiqa.open_encoders`.
    """
    if long_side and long_side < MIN_SIDE:
        raise OptionError("long_side is too short", expected=f"{MIN_SIDE} pixels or more, or 0", got=str(long_side))
    encoders = open_encoders(quality, content, device=device)
    if half:
        # What is fitted is what is kept: features of rounded parameters.
        for trunk in encoders.trunks.values():
            for value in trunk.state_dict().values():
                if value.is_floating_point():
                    value.copy_(value.half())
    return Source(encoders, difference=reference, long_side=long_side, half=half, device=device)


__all__ = ["Rows", "Source", "opened"]
