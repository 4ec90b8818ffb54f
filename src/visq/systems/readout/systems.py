"""Systems whose read-out `visq fit` fits, as a table. Free of heavy imports.

A system of one's own is one row: `impl` names a function that takes its options as keywords and returns a `Source`.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Protocol

from visq.errors import OptionError
from visq.types import Option

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch

    from visq.train.data.feature_extractors import RowMaker


class Source(Protocol):
    """What makes the features that a read-out is fitted on.

    Attributes
    ----------
    rows : tuple of RowMaker
        Turn pictures into features, which are joined in this order; those of each are kept by themselves.
    difference : bool
        Full reference: the features are the absolute differences of those of reference and picture.
    options : mapping
        What has to be known to make them again, as plain data: it goes into the file.
    tensors : mapping of str to torch.Tensor
        Parameters that go into the file, so that it scores pictures by itself.
    """

    @property
    def rows(self) -> tuple[RowMaker, ...]: ...
    @property
    def difference(self) -> bool: ...
    @property
    def options(self) -> Mapping[str, Any]: ...
    @property
    def tensors(self) -> Mapping[str, torch.Tensor]: ...


@dataclass(frozen=True, slots=True)
class System:
    """One system.

    Attributes
    ----------
    impl : str
        `package.module:function`, imported only when it is fitted.
    about : str
        What is fitted, in one line.
    options : tuple of Option
        Keywords of the function.
    metric : str
        That scores with the file, as METRIC:model=FILE.
    with_references : str
        The same where differences from references were fitted; empty where they cannot be.
    """

    impl: str
    about: str
    options: tuple[Option, ...]
    metric: str
    with_references: str = ""


#: name: the system
SYSTEMS: dict[str, System] = {
    "reiqa": System(
        "visq.systems.reiqa.fitting:opened",
        "Re-IQA: ridge regression on the features of a quality and a content encoder at two scales",
        (
            Option("quality", "path", None, "encoder of `visq train reiqa-quality`, or the authors' checkpoint"),
            Option("content", "path", None, "encoder of `visq train reiqa-content`, or the authors' checkpoint"),
            Option("reference", "bool", False, "judge pictures by their references: differences of features"),
            Option("long_side", "int", 0, "shrink pictures whose longer side is longer; 0 never does"),
            Option("half", "bool", False, "keep the encoders' parameters in half precision: half the size"),
            Option("device", "str", "cpu", "where the encoders run"),
        ),
        "reiqa",
        "reiqa_fr",
    ),
    "ridge": System(
        "visq.systems.ridge:opened",
        "ridge regression on the responses of a network that nobody trained for quality",
        (
            Option("net", "str", "efficientnet_lite0", "the network, as `visq probe --nets` names it: ID, ID@FILE"),
            Option("layers", "str", "", "whose responses, with | between several; empty: the last layer's"),
            Option("scales", "str", "1|2", "how many times smaller the picture is made, with | between several"),
            Option("statistics", "str", "mean", "of each channel: mean, std, max, with | between several"),
        ),
        "ridge",
    ),
}


def get(name: str) -> System:
    """A row of the table.

    Raises
    ------
    OptionError
        No such system, with the nearest.
    """
    if name in SYSTEMS:
        return SYSTEMS[name]
    near = get_close_matches(name, SYSTEMS, n=1, cutoff=0.5)
    raise OptionError(
        f"no system with a read-out is called {name!r}", expected=" or ".join(SYSTEMS),
        hint=f"Did you mean {near[0]!r}?" if near else "",
    )  # fmt: skip


__all__ = ["SYSTEMS", "Source", "System", "get"]
