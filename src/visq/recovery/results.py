"""What a recovery leaves: the picture, what was measured at every step, and pictures on the way."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visq.errors import InputError

Pixels = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Step:
    """A picture on the way, measured.

    Attributes
    ----------
    step : int
        Descents made so far: 0 is the start.
    loss : float
        What the metric gives as `visq.loss` has it: lower is better.
    rate : float
        Learning rate of the descent from here.
    psnr : float
        To the reference, in dB; 100 where they are equal.
    ssim : float or None
        To the reference. None at steps whose picture is not kept, and where the picture is too small for it.
    """

    step: int
    loss: float
    rate: float
    psnr: float
    ssim: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """A picture that was kept: `at` says how good it is, `image` is `(H, W)` or `(H, W, 3)`, float32 in 0..1."""

    at: Step
    image: Pixels


@dataclass(frozen=True, slots=True, eq=False)
class Recovery:
    """How far one metric leads.

    Attributes
    ----------
    image : numpy.ndarray
        `(H, W)` or `(H, W, 3)`, float32 in 0..1: the last picture reached.
    trace : tuple of Step
        Every step, the start first.
    snapshots : tuple of Snapshot
        Pictures on the way, the first and the last among them.
    metric : str
        Identity of the score that was descended.
    steps : int
        Steps that were asked for; `trace` ends earlier where the walk was stopped.
    notes : tuple of str
        What was altered before it began: `resized: 768x512 to 256x171`.
    problem : str
        Why it could not go on, where it could not.
    """

    image: Pixels
    trace: tuple[Step, ...]
    snapshots: tuple[Snapshot, ...]
    metric: str = ""
    steps: int = 0
    notes: tuple[str, ...] = ()
    problem: str = ""

    @property
    def last(self) -> Step:
        """The last picture, measured.

        Raises
        ------
        InputError
            Nothing was measured: the metric refused the picture.
        """
        if not self.trace:
            raise InputError("nothing was measured in this recovery", got=self.problem)
        return self.trace[-1]

    @property
    def finished(self) -> bool:
        """Whether all steps were made."""
        return bool(self.trace) and self.last.step == self.steps

    def rows(self) -> list[dict[str, Any]]:
        """The trace as plain rows, which JSON and CSV can hold: `metric, step, loss, rate, psnr, ssim`.

        >>> step = Step(0, 4.0, 0.01, 42.1)
        >>> walk = Recovery(np.zeros((2, 2), np.float32), (step,), (), "mse@1")
        >>> walk.rows()
        [{'metric': 'mse@1', 'step': 0, 'loss': 4.0, 'rate': 0.01, 'psnr': 42.1, 'ssim': None}]
        """
        return [
            {"metric": self.metric, "step": s.step, "loss": s.loss, "rate": s.rate, "psnr": s.psnr, "ssim": s.ssim}
            for s in self.trace
        ]


def eight_bit(image: Any) -> NDArray[np.uint8]:
    """A picture in 0..1 as bytes, rounded to the nearest.

    >>> eight_bit(np.array([[0.0, 0.5, 1.0]])).tolist()
    [[0, 128, 255]]
    """
    return np.floor(np.clip(image, 0.0, 1.0).astype(np.float64) * 255.0 + 0.5).astype(np.uint8)


def measured(step: Step) -> str:
    """Loss, PSNR and SSIM on lines of their own.

    >>> print(measured(Step(3, 0.12344, 0.01, 20.04, 0.5)))
    loss 0.1234
    20.0 dB
    SSIM 0.500
    """
    lines = [f"loss {step.loss:.4g}", f"{step.psnr:.1f} dB"]
    if step.ssim is not None and not math.isnan(step.ssim):
        lines.append(f"SSIM {step.ssim:.3f}")
    return "\n".join(lines)


__all__ = ["Pixels", "Recovery", "Snapshot", "Step", "eight_bit", "measured"]
