"""The exceptions of visq. Every one says what was expected, what came, and what to do about it.

`VisqError` is the root: catch it to catch everything visq raises on purpose. Those that stand for a wrong
value are `ValueError` too, those for a wrong type are `TypeError` too, so that ordinary code catches them
without knowing visq.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


class VisqError(Exception):
    """Root of all errors raised on purpose.

    Parameters
    ----------
    message : str
        The fact, in one sentence.
    expected, got : str, optional
        What was wanted and what came.
    hint : str, optional
        What the user can do.
    """

    def __init__(self, message: str, *, expected: str = "", got: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.expected = expected
        self.got = got
        self.hint = hint

    def __str__(self) -> str:
        parts = [self.message.rstrip(".")]
        if self.expected:
            parts.append(f"expected {self.expected}")
        if self.got:
            parts.append(f"got {self.got}")
        text = "; ".join(parts)
        return f"{text}. {self.hint}" if self.hint else text

    def with_context(self, context: str) -> VisqError:
        """The same error with `context` (an operation, a file) in front of its message."""
        return type(self)(f"{context}: {self.message}", expected=self.expected, got=self.got, hint=self.hint)

    def __reduce__(self) -> tuple:
        return _rebuild, (type(self), self.message, self.expected, self.got, self.hint)


def _rebuild(kind: type[VisqError], message: str, expected: str, got: str, hint: str) -> VisqError:
    return kind(message, expected=expected, got=got, hint=hint)


class InputError(VisqError, ValueError):
    """An array, option or combination of arguments that a metric cannot take."""


class InputTypeError(VisqError, TypeError):
    """An argument of a type that visq does not read."""


class RangeError(InputError):
    """Pixel values that are NaN, infinite, or outside the stated data range."""


class SizeError(InputError):
    """An image too small for a metric, or two images whose sizes differ."""


class ReadError(VisqError, OSError):
    """A file that cannot be read exactly: truncated, empty, mislabelled, not an image, not a file."""

    def __str__(self) -> str:
        return VisqError.__str__(self)


class FormatError(ReadError):
    """A file whose content is none of the formats visq opens."""


class LimitError(ReadError):
    """A file that claims more pixels, bytes, scans or frames than the limits allow."""


class UnknownMetricError(VisqError, LookupError):
    """A metric name that is not in the catalogue."""


class UnknownDistortionError(VisqError, LookupError):
    """A distortion or a bank of distortions that there is none of."""


class UnknownDatasetError(VisqError, LookupError):
    """The name of a database that is not in the table."""


class DatasetError(VisqError):
    """Files of a database that are missing or are not as its entry in the table says."""


class OptionError(InputError):
    """An option a metric does not have, or a value it does not take."""


class MissingExtraError(VisqError, ImportError):
    """A feature that needs an optional dependency which is not installed."""

    def __str__(self) -> str:
        return VisqError.__str__(self)


class WeightsError(VisqError):
    """A file of parameters that is missing, damaged, of the wrong hash or of the wrong shape."""


class StoreError(VisqError):
    """A table of scores that cannot be written, is in use, or belongs to another run."""


class PairingError(InputError):
    """References and distorted images that cannot be paired by name."""


class VisqWarning(UserWarning):
    """A result that is there but needs a look: undefined, or resting on less than it seems."""


@contextmanager
def warnings_to(take: Callable[[str], object], told: set[tuple[Any, ...]] | None = None) -> Iterator[None]:
    """Give the text of every `VisqWarning` to `take`, each once; those of libraries come as they would.

    Parameters
    ----------
    take : callable
    told : set, optional
        What libraries warned of: handed over from one block to the next, their warnings come once and not in each.

    Examples
    --------
    >>> found = []
    >>> with warnings_to(found.append):
    ...     warnings.warn("needs a look", VisqWarning)
    >>> found
    ['needs a look']
    """
    with warnings.catch_warnings():
        warnings.simplefilter("default", VisqWarning)
        otherwise: Callable[..., Any] = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *rest: Any, **named: Any) -> None:
            if issubclass(category, VisqWarning):
                take(str(message))
                return
            place = (str(message), category, *rest[:2])
            if told is None or place not in told:
                otherwise(message, category, *rest, **named)
            if told is not None:
                told.add(place)

        warnings.showwarning = show
        yield
