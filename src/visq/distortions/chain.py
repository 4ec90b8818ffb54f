"""Names of distortions as people write them: one, one of a bank, or several one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral

from visq.distortions import registry
from visq.distortions.spec import LEVELS, Bank, BankEntry, DistortionSpec
from visq.errors import OptionError

_FORM = "name, name:LEVEL or name=AMOUNT, joined by + (gaussian_blur:3+jpeg:4)"


@dataclass(frozen=True, slots=True)
class Step:
    """One distortion of a chain.

    Attributes
    ----------
    spec : DistortionSpec
        What is done.
    bank, entry : Bank and BankEntry, or None
        The database whose levels are meant.
    level : int or None
        1..5, where the name says so.
    amount : float or None
        In the units of `spec`, where the name says so.
    """

    spec: DistortionSpec
    bank: Bank | None = None
    entry: BankEntry | None = None
    level: int | None = None
    amount: float | None = None

    @property
    def name(self) -> str:
        """As it would be written, without level."""
        return self.bank.name(self.entry) if self.bank and self.entry else self.spec.id

    @property
    def amounts(self) -> tuple[float, ...]:
        """The amount at levels 1 to 5: the database's where there is one."""
        return self.entry.amounts if self.entry else self.spec.amounts

    @property
    def options(self) -> dict[str, object]:
        """Keywords of the operator."""
        return dict(self.spec.options) | dict(self.entry.options if self.entry else ())

    @property
    def monotone(self) -> bool:
        """Whether severity rises with the level."""
        return self.entry.monotone if self.entry else self.spec.monotone


def parse(text: str) -> tuple[Step, ...]:
    """The steps of `name`, `bank/number`, `name:LEVEL`, `name=AMOUNT`, or several of them joined by `+`.

    Raises
    ------
    OptionError
        Not of that form, or a level or an amount that is no number.
    UnknownDistortionError
        A name that there is none of.

    Examples
    --------
    >>> [(step.spec.id, step.level) for step in parse("gaussian_blur:3+kadid10k/10:4")]
    [('gaussian_blur', 3), ('jpeg', 4)]
    """
    if not isinstance(text, str) or not text.strip():
        raise OptionError("no distortion is named", expected=_FORM, got=repr(text))
    return tuple(_step(part.strip(), text) for part in text.split("+"))


def _step(part: str, whole: str) -> Step:
    name, level, amount = part, None, None
    for mark in (":", "="):
        if mark in part:
            name, _, number = part.partition(mark)
            value = _number(number, part)
            level, amount = (_level(value, part), None) if mark == ":" else (None, value)
            break
    if not name.strip():
        raise OptionError("the name of a distortion is missing", expected=_FORM, got=repr(whole))
    if "/" not in name:
        return Step(registry.get(name), level=level, amount=amount)
    bank_id, _, wanted = name.partition("/")
    bank = registry.bank(bank_id)
    entry = registry.entry(bank, wanted)
    return Step(registry.get(entry.distortion), bank, entry, level, amount)


def _number(text: str, part: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise OptionError("a distortion's level or amount is no number", expected=_FORM, got=repr(part)) from None


def _level(value: float, part: str) -> int:
    if not (abs(value) <= LEVELS and value == int(value)):
        raise OptionError("not a level", expected=f"a whole number from 0 to {LEVELS}", got=repr(part))
    return check_level(int(value))


def check_level(level: object) -> int:
    """A level as a whole number 0..5.

    Raises
    ------
    OptionError
        Anything else.
    """
    if not isinstance(level, Integral) or isinstance(level, bool) or not 0 <= int(level) <= LEVELS:
        raise OptionError(
            "not a level",
            expected=f"a whole number from 0 (untouched) or 1 (mild) to {LEVELS} (severe)",
            got=repr(level),
        )
    return int(level)


__all__ = ["Step", "check_level", "parse"]
