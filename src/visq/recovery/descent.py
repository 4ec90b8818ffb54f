"""Gradient descent on the pixels of a picture under a metric."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from visq import catalog
from visq.api import Metric
from visq.errors import InputError, OptionError
from visq.extras import require
from visq.losses import loss
from visq.recovery import starts
from visq.recovery.metrics import usable
from visq.recovery.results import Pixels, Recovery, Snapshot, Step
from visq.recovery.settings import Schedule, Settings


def recover(
    reference: Any,
    metric: str | Metric,
    *,
    start: Any = "noise",
    steps: int = 300,
    rate: float = 0.01,
    halve_every: int | None = None,
    floor: float = 1e-5,
    seed: int = 0,
    size: int | None = None,
    frames: int = 8,
    device: str = "cpu",
    on_step: Callable[[Step], Any] | None = None,
) -> Recovery:
    """A picture, made from another by descending a metric to the reference.

    ``x <- clip(x - Adam(gradient of loss(x, reference)), 0, 1)``, starting from noise, white, or a damaged copy. The
    loss is `visq.loss` of the metric. What is reached tells what the metric sees: it is as near to the reference as
    the metric can tell.

    Parameters
    ----------
    reference
        Path, bytes, PIL image, array or tensor of one picture.
    metric : str or visq.Metric
        A full-reference metric that can be differentiated, as text with its options (`ssim:downsample=true`) or bound.
    start : str, path or array
        `noise`, `white`, `grey`, a distortion of the reference (`gaussian_blur:4`, `jpeg=10`), or a picture.
    steps : int
        Of descent.
    rate, halve_every, floor
        Learning rate of Adam in units of the pixels, in 0..1: constant, or halved every so many steps down to a floor.
    seed : int
        Of the noise. One seed gives one walk: bitwise on the CPU with the same number of threads of torch.
    size : int, optional
        The longest side worked in; larger references are made smaller, and `notes` says so.
    frames : int
        Pictures to keep on the way, spaced logarithmically, the first and the last among them.
    device : str
        Where torch computes.
    on_step : callable, optional
        Called with every `Step`.

    Returns
    -------
    Recovery

    Raises
    ------
    OptionError
        A metric without gradient or without reference, an unusable setting.
    InputError
        A loss or gradient that is NaN or infinite, with the step; a start on which the metric has no slope at all.
    MissingExtraError
        torch is not installed.

    References
    ----------
    X. Liao, B. Chen, H. Zhu, S. Wang, M. Zhou, S. Kwong, "DeepWSD: projecting degradations in perceptual space to
    Wasserstein distance in deep feature space", ACM Multimedia 2022, recover references in this way.

    Examples
    --------
    >>> import numpy as np
    >>> reference = np.tile(np.linspace(0, 1, 16), (16, 1))
    >>> walk = recover(reference, "mse", start="grey", steps=80)
    >>> walk.image.shape, walk.last.psnr > 30, walk.trace[0].psnr < 15
    ((16, 16), True, True)
    """
    settings = Settings(steps, Schedule(rate, halve_every, floor), frames, device)
    chosen = usable(metric)
    pixels, notes = starts.read(reference, size)
    first, altered = starts.opened(start, pixels, seed=seed, size=size)
    descent = Descent(pixels, chosen, first, settings, notes=(*notes, *altered))
    for step in descent:
        if on_step is not None:
            on_step(step)
    return descent.result()


class Descent:
    """The walk of `recover`, one step after the other: iterate over it, and ask for the `result` at any time.

    Parameters
    ----------
    reference, start : numpy.ndarray
        `(H, W)` or `(H, W, 3)`, float32 in 0..1, of one shape.
    metric : visq.Metric
        From `usable`.
    settings : Settings
    notes : tuple of str
        Handed to the result.

    Examples
    --------
    >>> from visq.api import metric
    >>> grey, black = np.full((16, 16), 0.5, np.float32), np.zeros((16, 16), np.float32)
    >>> descent = Descent(black, metric("mse"), grey, Settings(steps=50))
    >>> for step in descent:
    ...     if step.psnr > 10:
    ...         break
    >>> descent.result().finished, round(float(descent.result().image.mean()), 1)
    (False, 0.3)
    """

    def __init__(
        self, reference: Pixels, metric: Metric, start: Pixels, settings: Settings, *, notes: tuple[str, ...] = ()
    ) -> None:
        self.metric, self.settings, self.notes = metric, settings, notes
        self._torch = require("torch", "recovering a picture", "torch")
        self._reference = self._tensor(reference)
        self._image = self._tensor(start)
        if self._reference.shape != self._image.shape:
            raise InputError("the start is not like the reference", expected=str(reference.shape), got=str(start.shape))
        self._gauge_psnr = Metric(catalog.get("psnr"))
        self._gauge_ssim = Metric(catalog.get("ssim"))
        self._trace: list[Step] = []
        self._kept: list[Snapshot] = []
        self._reached: Any = None

    def __iter__(self) -> Iterator[Step]:
        """Descend; yields every picture's measurements, the start's first. A second walk begins anew.

        Raises
        ------
        InputError
            A loss or a gradient that is not finite, or none at all at the start.
        VisqError
            What the metric refuses.
        """
        self._trace.clear()
        self._kept.clear()
        self._reached = None
        torch, settings = self._torch, self.settings
        cost = loss(self.metric.id, **self.metric.options)
        image = self._image.clone().requires_grad_()
        adam = torch.optim.Adam([image], lr=settings.schedule.rate)
        for step in range(settings.steps + 1):
            adam.zero_grad(set_to_none=True)
            value = cost(image, self._reference)
            self._check_loss(step, float(value.detach()))
            if step < settings.steps:
                value.backward()
                self._check_gradient(step, float(value.detach()), image)
            yield self._note(step, float(value.detach()), image.detach())
            if step < settings.steps:
                for group in adam.param_groups:
                    group["lr"] = settings.schedule.at(step)
                adam.step()
                with torch.no_grad():
                    image.clamp_(0.0, 1.0)

    @property
    def begun(self) -> bool:
        """Whether a picture was measured."""
        return bool(self._trace)

    def result(self, problem: str = "") -> Recovery:
        """What has been reached; the last picture that was measured is the last snapshot.

        Where nothing was measured yet the picture is the start, and there are no snapshots.

        Parameters
        ----------
        problem : str
            Why it does not go on, kept in the result.
        """
        snapshots, trace = list(self._kept), list(self._trace)
        if trace and snapshots[-1].at.step != trace[-1].step:
            snapshots.append(self._snapshot(trace[-1], self._reached))
            trace[-1] = snapshots[-1].at
        return Recovery(
            snapshots[-1].image if snapshots else self._pixels(self._image), tuple(trace), tuple(snapshots),
            self.metric.identity, self.settings.steps, self.notes, problem,
        )  # fmt: skip

    def _note(self, step: int, value: float, image: Any) -> Step:
        psnr = float(self._gauge_psnr(image, self._reference))
        row = Step(step, value, self.settings.schedule.at(step), psnr)
        if step in self.settings.kept:
            self._kept.append(self._snapshot(row, image))
            row = self._kept[-1].at
        else:
            self._reached = image.clone()
        self._trace.append(row)
        return row

    def _snapshot(self, row: Step, image: Any) -> Snapshot:
        ssim = None
        if min(image.shape[2:]) >= self._gauge_ssim.spec.min_side:
            with self._torch.no_grad():
                ssim = float(self._gauge_ssim(image, self._reference))
        return Snapshot(Step(row.step, row.loss, row.rate, row.psnr, ssim), self._pixels(image))

    @staticmethod
    def _pixels(image: Any) -> Pixels:
        array = image[0].cpu().numpy()
        return np.array(array[0] if array.shape[0] == 1 else array.transpose(1, 2, 0), order="C")

    def _check_loss(self, step: int, value: float) -> None:
        if not math.isfinite(value):
            raise InputError(
                f"{self.metric.id}: the loss is {value} at step {step}", expected="a finite number", hint=_OTHERWISE
            )

    def _check_gradient(self, step: int, value: float, image: Any) -> None:
        if image.grad is None:
            raise InputError(f"{self.metric.id} gave no gradient at step {step}")
        good = self._torch.isfinite(image.grad)
        if not bool(good.all()):
            wrong = int((~good).sum())
            raise InputError(
                f"{self.metric.id}: the gradient is not finite at step {step}", expected="finite numbers",
                got=f"NaN or infinity in {wrong} of {image.numel()} values", hint=_OTHERWISE,
            )  # fmt: skip
        # Where nothing is lost nothing has to move, though the pictures may differ: MAD does not see a slight blur.
        if step == 0 and value > 0 and not bool(image.grad.any()):
            raise InputError(
                f"{self.metric.id} has no slope at the start: its gradient is 0 everywhere",
                hint="Start from another picture, noise for instance.",
            )

    def _tensor(self, pixels: Pixels) -> Any:
        planes = pixels[None] if pixels.ndim == 2 else np.moveaxis(pixels, -1, 0)
        tensor = self._torch.from_numpy(np.array(planes[None], np.float32, order="C"))
        try:
            return tensor.to(self.settings.device)
        except (RuntimeError, AssertionError) as error:  # the latter where torch was built without CUDA
            raise OptionError(
                f"torch cannot compute on {self.settings.device!r}", expected="cpu, or a device of this machine",
                got=str(error).partition("\n")[0],
            ) from None  # fmt: skip


_OTHERWISE = "Another start or a lower rate may get by; the picture of the last good step is kept."


__all__ = ["Descent", "recover"]
