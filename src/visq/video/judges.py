"""What looks at frames: a metric of pictures, asked frame by frame, or one of videos, which is fed them in order."""

from __future__ import annotations

import math
from importlib import import_module
from typing import Any, Protocol

from visq.api import Metric
from visq.errors import SizeError, VisqError
from visq.media.source import printable
from visq.types import MetricSpec


class Stream(Protocol):
    """What `MetricSpec.stream` names, of a metric of kind `video`: a class whose instance takes one video.

    It is made with the metric's options as keywords. `push` is called once for each pair of frames, in the order of
    showing, with arrays as `visq.media.video` hands them out (uint8 or uint16, `(H, W, 3)` or `(H, W)`), and returns
    the score of that step or None; `result` is called after the last pair and returns the score of the video.
    """

    def push(self, image: Any, reference: Any) -> float | None: ...

    def result(self) -> float: ...


class Judge:
    """One metric over one video. Failures of single frames are kept, not raised."""

    def __init__(self, metric: Metric) -> None:
        self.metric = metric
        self.errors: dict[int, str] = {}
        self.given_up = ""
        self._stream: Stream | None = None
        if self.spec.stream:
            module, _, name = self.spec.stream.partition(":")
            self._stream = getattr(import_module(module), name)(**{**dict(self.spec.presets), **metric.options})

    @property
    def spec(self) -> MetricSpec:
        return self.metric.spec

    def look(self, index: int, image: Any, reference: Any) -> float:
        """The score of a frame, NaN where there is none; `errors` then has the reason."""
        if self.given_up:
            self.errors[index] = self.given_up
            return math.nan
        try:
            if self._stream is None:
                value = self.metric(image, reference)
            else:
                value = self._stream.push(image, reference)
                if value is None:
                    return math.nan
            value = float(value)
        except Exception as error:
            self.errors[index] = reason(error)
            # All frames have one size; and a metric of videos that missed a frame has lost the thread.
            if isinstance(error, SizeError) or self._stream is not None:
                self.given_up = self.errors[index]
            return math.nan
        if not math.isfinite(value):
            self.errors[index] = f"{self.spec.id}: the score is {value}, which is not a number to compare"
            return math.nan
        return value

    def result(self) -> float | None:
        """The score of the video from a metric of videos; None from one of pictures, or where it failed."""
        if self._stream is None or self.given_up:
            return None
        try:
            value = float(self._stream.result())
        except Exception as error:
            self.given_up = reason(error)
            return None
        if not math.isfinite(value):
            self.given_up = f"{self.spec.id}: the score is {value}, which is not a number to compare"
            return None
        return value


def reason(error: BaseException) -> str:
    """Why something failed, in one line."""
    if isinstance(error, MemoryError):
        return "not enough memory for this frame"
    text = str(error) if isinstance(error, VisqError) else f"unexpected {type(error).__name__}: {error}"
    return printable(" ".join(text.split()))
