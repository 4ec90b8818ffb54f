"""What scoring a video gives: a curve for each metric, and the frames it is over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from visq.errors import InputError
from visq.media.video import VideoMeta
from visq.types import MetricSpec, Score
from visq.video.pooling import pool


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """The scores of one metric over the frames of a video.

    Attributes
    ----------
    spec : MetricSpec
    identity : str
        Metric, version, options and weights.
    values : numpy.ndarray
        `(N,)` float64, one score a frame; NaN for a frame that could not be scored and stands in `errors`.
    errors : dict of int to str
        Frame number and reason.
    result : float or None
        Of a metric that judges the video as a whole (kind `video`): its score.
    warnings : tuple of str
        What was altered on reading.
    """

    spec: MetricSpec
    identity: str
    values: np.ndarray
    errors: dict[int, str] = field(default_factory=dict)
    result: float | None = None
    warnings: tuple[str, ...] = ()

    @property
    def scored(self) -> np.ndarray:
        """The values of the frames that were scored."""
        return self.values[np.isfinite(self.values)]

    @property
    def value(self) -> Score:
        """The one number that stands for the video: the mean over frames, or what the metric itself makes of them.

        Raises
        ------
        InputError
            Not one frame was scored, or a metric of videos has no result.
        """
        if self.spec.stream and self.result is None:
            raise InputError(f"{self.spec.id}: no result: {next(iter(self.errors.values()), 'unknown')}")
        return self.pool("mean") if self.result is None else self._score(self.result, "result")

    def pool(self, how: str = "mean") -> Score:
        """The scores of all frames as one: `visq.video.pooling.pool` has the names.

        Raises
        ------
        InputError
            Not one frame was scored, or the pooling is not defined for these scores.
        """
        scored = self.scored
        if not scored.size:
            first = next(iter(self.errors.values()), "the metric gives no scores for single frames")
            raise InputError(f"{self.spec.id}: not one frame was scored: {first}")
        try:
            return self._score(pool(scored, how), how)
        except InputError as error:
            raise error.with_context(self.spec.id) from None

    def _score(self, value: float, how: str) -> Score:
        spec = self.spec
        return Score(
            value, metric=spec.id, version=spec.version, lower_is_better=spec.lower_is_better, warnings=self.warnings,
            extras={"pool": how, "frames": int(self.scored.size), "failed": len(self.errors)},
        )  # fmt: skip

    def __len__(self) -> int:
        return int(self.values.size)

    def __repr__(self) -> str:
        word = "result" if self.spec.stream else "mean"
        known = self.result is not None if self.spec.stream else bool(self.scored.size)
        value = f", {word} {float(self.value):.6g}" if known else ""
        return f"Curve({self.identity}, {len(self)} frames{value})"


@dataclass(frozen=True, slots=True, eq=False)
class VideoScores(Mapping[str, Curve]):
    """Curves by metric, as a mapping: `scores["psnr"].pool("p5")`.

    Attributes
    ----------
    curves : dict of str to Curve
    frames : numpy.ndarray
        `(N,)`, the number of each scored frame in its video.
    times : numpy.ndarray
        `(N,)`, seconds since the first frame; NaN where the file has no times.
    meta, reference_meta : VideoMeta
        Of the video, and of its reference where there is one.
    warnings : tuple of str
        What was altered on reading, that of the reference with `reference` in front.
    """

    curves: dict[str, Curve]
    frames: np.ndarray
    times: np.ndarray
    meta: VideoMeta
    reference_meta: VideoMeta | None = None
    warnings: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Curve:
        return self.curves[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.curves)

    def __len__(self) -> int:
        return len(self.curves)

    def __repr__(self) -> str:
        return f"VideoScores({', '.join(map(repr, self.curves.values()))})"
