"""What a loss on scores is, as data: free of torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

#: What predictions that cost the least have to be.
SENSES = {
    "value": "equal to the scores",
    "offset": "the scores plus a constant",
    "line": "on a straight rising line with the scores",
    "order": "in the order of the scores",
    "shares": "distributions equal to those of the votes",
    "likeness": "near to what they are compared with",
    "cost": "what their own cost asks for",
}
Sense = Literal["value", "offset", "line", "order", "shares", "likeness", "cost"]


@dataclass(frozen=True, slots=True)
class Setting:
    """One option of a loss.

    Attributes
    ----------
    name : str
    default : number, bool, str, tuple of numbers, or None
        Its kind is what is taken: a number for a number, numbers for a tuple. None stands for "not used", and a number
        is taken instead.
    help : str
    choices : tuple of str
        Where it is a text, the texts there are.
    many : bool
        Whether a tuple of numbers is taken too.
    """

    name: str
    default: Any
    help: str
    choices: tuple[str, ...] = ()
    many: bool = False


@dataclass(frozen=True, slots=True)
class Term:
    """A loss that a recipe names.

    Attributes
    ----------
    id : str
    impl : str
        `package.module:function`, imported only when the loss is made.
    sense : str
        A key of `SENSES`: what the least cost asks of predictions. All that is not `value` needs another term, or a fit
        afterwards, where predictions are to lie on the scale of the scores.
    paper : str
        Where it comes from.
    settings : tuple of Setting
        Its options.
    takes : tuple of str
        Tensors it is called with, by position.
    also : tuple of str
        Tensors that it may be called with, by keyword.
    minimum : int
        Smallest batch.
    """

    id: str
    impl: str
    sense: Sense
    paper: str
    settings: tuple[Setting, ...] = ()
    takes: tuple[str, ...] = ("predictions", "scores")
    also: tuple[str, ...] = ()
    minimum: int = 1

    @property
    def options(self) -> dict[str, Any]:
        """Name and default of every option."""
        return {setting.name: setting.default for setting in self.settings}

    @property
    def plain(self) -> bool:
        """Whether predictions and scores, `(N,)` each, are all that it needs."""
        return self.takes == ("predictions", "scores")
