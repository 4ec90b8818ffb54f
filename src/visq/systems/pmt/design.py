"""What a network of this family is, as data. Nothing heavy is loaded here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, get_args

from visq.errors import OptionError
from visq.ops.choices import check_choice
from visq.train.data.prefetch import check_whole

#: Grades that a distribution of opinions is over; the score is their mean.
GRADES = 5
#: What a file of parameters calls itself.
FORMAT = "visq pmt 1"
#: Rows of the position table of TRIQ's public code: the quality token, and 12 x 16 cells.
LEGACY_ROWS = 193
#: Rows and columns of the table of positions that is resampled to the grid of a picture.
TABLE = 32
#: More tokens than this are averaged in squares.
MOST_TOKENS = 1024
#: Smallest side: two cells of 32 pixels.
MIN_SIDE = 64

Reading = Literal["attention", "mean"]
Scaling = Literal["symmetric", "trunk"]


@dataclass(frozen=True, slots=True)
class Design:
    """Everything about the network that is no parameter.

    Attributes
    ----------
    backbone, tap : str
        The trunk, as `visq.backbones` names it, and its last layer that is used.
    reading : {"attention", "mean"}
        What becomes of the trunk's map: tokens of a transformer, or the mean over the kept cells and a linear layer,
        the control that cannot look at one cell more than at another.
    width, heads, forward, blocks : int
        Numbers of a token; heads; units between the two layers of a block; blocks.
    hidden : int
        Units between the quality token and the grades.
    dropout : float
        Share of numbers left out while training: after the positions, in both halves of a block, in the head.
    pool_from : int
        Grids of so many rows or more are halved by a maximum over 2 x 2 cells; 0: never.
    legacy_positions : bool
        A table of 193 learned positions, one an index, as in TRIQ's code: it has no room for more than 192 tokens, and
        says the same of the 17th token whatever the shape of the grid. Otherwise a table of 32 x 32, resampled.
    scaling : {"symmetric", "trunk"}
        What the trunk is fed: ``2 x - 1``, or what it was trained on.

    Examples
    --------
    >>> Design.of({"variant": "small", "width": 96, "heads": 12}).head_width
    8
    """

    backbone: str
    tap: str
    reading: Reading = "attention"
    width: int = 32
    heads: int = 8
    forward: int = 64
    blocks: int = 2
    hidden: int = 64
    dropout: float = 0.1
    pool_from: int = 0
    legacy_positions: bool = False
    scaling: Scaling = "trunk"

    def __post_init__(self) -> None:
        from visq import backbones

        backbones.get(self.backbone).index(self.tap)
        check_choice("reading", self.reading, get_args(Reading))
        check_choice("scaling", self.scaling, get_args(Scaling))
        for name in ("width", "heads", "forward", "blocks", "hidden"):
            check_whole(f"{name} of the network", getattr(self, name), least=1)
        check_whole("pool_from", self.pool_from)
        if self.width % self.heads:
            raise OptionError("heads do not fit", expected="a divisor of width", got=f"{self.heads} of {self.width}")
        if not 0 <= self.dropout < 1:
            raise OptionError("dropout is no share", expected="0 or more, below 1", got=repr(self.dropout))

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Design:
        """The design that options name: a `variant`, and what is otherwise in it.

        Raises
        ------
        OptionError
            An option or a variant that there is none of, or a value that it does not take.
        """
        given = dict(options)
        variant = given.pop("variant", "small")
        check_choice("variant", variant, VARIANTS)
        known = [f.name for f in fields(cls)]
        for name in given:
            if name not in known:
                raise OptionError(f"the network has no option {name!r}", expected=", ".join(("variant", *known)))
        return replace(VARIANTS[variant], **given)

    @property
    def head_width(self) -> int:
        """Numbers of a token that a head looks at."""
        return self.width // self.heads

    @property
    def channels(self) -> int:
        """Of the trunk's map."""
        from visq import backbones

        spec = backbones.get(self.backbone)
        return spec.channels[spec.index(self.tap)]

    @property
    def stride(self) -> int:
        """Pixels from one position of the trunk's map to the next."""
        from visq import backbones

        spec = backbones.get(self.backbone)
        return spec.strides[spec.index(self.tap)]

    def options(self) -> dict[str, Any]:
        """All of it, as a file keeps it."""
        return asdict(self)


#: `triq-r50` has the sizes of TRIQ's public code; `small` a trunk with public weights at hand; `small-r18` is the small
#: network that was proposed for processors, on a ResNet-18 cut after its third stage.
VARIANTS: dict[str, Design] = {
    "triq-r50": Design("resnet50", "layer4.2.relu", pool_from=16, scaling="symmetric"),
    "small": Design("efficientnet_lite0", "blocks.6.0", width=48, heads=6, forward=96),
    "small-r18": Design("resnet18", "layer3.1.relu", width=48, heads=6, forward=96),
}

__all__ = ["FORMAT", "GRADES", "LEGACY_ROWS", "MIN_SIDE", "MOST_TOKENS", "TABLE", "VARIANTS", "Design"]
