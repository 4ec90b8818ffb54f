"""What the network of visq-nr is, as data. Nothing heavy is loaded here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

from visq.errors import OptionError
from visq.ops.choices import check_choice, check_names

BACKBONE = "efficientnet_lite0"
#: The last block of each of the seven stages, its channels, and how many pixels lie between its positions.
TAPS = ("blocks.0.0", "blocks.1.1", "blocks.2.1", "blocks.3.2", "blocks.4.2", "blocks.5.3", "blocks.6.0")
CHANNELS = (16, 24, 40, 80, 112, 192, 320)
STRIDES = (2, 4, 8, 16, 16, 32, 32)
#: Native size and half of it.
SCALES = (1, 2)
#: Of shares of brightness (`tones.py`): 16 degrees of luma, of a pixel's largest and of its smallest value.
TONES = 48
#: What the read-out says besides the score; each in 0..1, higher is better.
SUBSCORES = ("sharpness", "noise", "exposure", "compression")
#: The sub-score that `Design.heed` is about, and the most that its value before the logistic function counts for.
HEEDED, HEED_LIMIT = "compression", 6.0
#: `Design.mirror` `side`: so far from the middle, in halves of the width, the light has to be that one side will do.
BALANCED = 0.01
#: Under the root of a standard deviation. Responses spread by about 1; what is below is rounding on flat pictures.
EPSILON = 1e-4

Link = Literal["sigmoid", "linear"]
Mirror = Literal["none", "half", "both", "side"]


@dataclass(frozen=True, slots=True)
class Design:
    """Everything about the network that is no parameter.

    Attributes
    ----------
    native, half : int
        How many of the seven stages are computed and counted at native and at half size; 0 leaves a scale out.
    width : int
        Units between the statistics and the score; 0: the score is linear in them.
    dropout, input_dropout : float
        Share of units, and of statistics, that are left out at random while training.
    mirror : {"none", "half", "both", "side"}
        Whether the moments are means over a picture and its mirror image: not at all, at half size, at both. With
        `both` a mirrored picture has the same score, in twice the time; with `half` what is left of the difference
        is less than half, in a fifth more. `side`: that of the two is looked at whose light is on the left, and where
        it is in the middle both, with shares that change steadily: a mirrored picture has the same score, and one
        photograph in seven takes twice the time.
    heed : float
        So many times the compression sub-score, before the logistic function and within ±6, is added to the score
        before it. People hardly mind the first trace of compression, and a score that is learned from opinions alone
        may rise with it.
    tones : bool
        Whether the statistics have those of brightness too, taken at half size.
    link : {"sigmoid", "linear"}
        What keeps the score in 0..1: a logistic function, or nothing while training and a cut where it is used.

    Examples
    --------
    >>> Design().features, Design(native=5).stages, Design.of({"width": 64}).width
    (3136, (5, 7), 64)
    """

    native: int = 7
    half: int = 7
    width: int = 128
    dropout: float = 0.0
    input_dropout: float = 0.0
    mirror: Mirror = "none"
    heed: float = 0.0
    tones: bool = False
    link: Link = "sigmoid"

    def __post_init__(self) -> None:
        check_choice("link", self.link, get_args(Link))
        check_choice("mirror", self.mirror, get_args(Mirror))
        for name in ("native", "half"):
            check_choice(name, getattr(self, name), range(len(TAPS) + 1))
        if self.tones and not self.half:
            raise OptionError("tones are taken at half size", expected="half of at least 1", got="0")
        if self.native + self.half == 0:
            raise OptionError("a network without stages", expected="native or half of at least 1", got="0 and 0")
        for name in ("dropout", "input_dropout"):
            if not 0 <= getattr(self, name) < 1:
                raise OptionError(f"{name} is no share", expected="0 or more, below 1", got=repr(getattr(self, name)))
        if not (isinstance(self.heed, (int, float)) and 0 <= self.heed < float("inf")):
            raise OptionError("heed is no weight", expected="0 or more", got=repr(self.heed))
        if not isinstance(self.width, int) or self.width < 0:
            raise OptionError("width is no number of units", expected="0 or more", got=repr(self.width))

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Design:
        """The design that options name; the rest is as it is by default.

        Raises
        ------
        OptionError
            An option that there is none of, or a value that it does not take.
        """
        check_names("the network", options, (f.name for f in fields(cls)))
        return cls(**options)

    @property
    def stages(self) -> tuple[int, int]:
        """Stages at each of `SCALES`."""
        return self.native, self.half

    @property
    def scales(self) -> tuple[tuple[int, int], ...]:
        """Scale and number of stages, of those scales that have any."""
        return tuple((scale, n) for scale, n in zip(SCALES, self.stages, strict=True) if n)

    def mirrored(self, scale: int) -> bool:
        """Whether the mirror image is always looked at too."""
        return self.mirror == "both" or (self.mirror == "half" and scale > 1)

    @property
    def features(self) -> int:
        """Length of the statistics: of each scale the means of all channels, then their standard deviations."""
        return sum(2 * len(self.channels(scale)) for scale, _ in self.scales)

    def channels(self, scale: int) -> tuple[tuple[str, int], ...]:
        """Stage and number of every channel of a scale, in the order of the moments."""
        stages = dict(self.scales)[scale]
        found = [(f"stage{stage}", n) for stage in range(stages) for n in range(CHANNELS[stage])]
        return (*found, *(("tones", n) for n in range(TONES) if self.tones_at(scale)))

    def tones_at(self, scale: int) -> bool:
        """Whether brightness is counted at a scale."""
        return self.tones and scale == SCALES[-1]

    def options(self) -> dict[str, Any]:
        """As `of` takes them."""
        return asdict(self)
