"""Maps of what pixels contribute to a score: occlusion of any metric, gradients of those with one (torch)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visq.api import Metric
from visq.errors import InputError, OptionError
from visq.explain.cells import Cells, Floats, squares
from visq.explain.faithful import STEPS as CURVE_STEPS
from visq.explain.faithful import Faithfulness, faithfulness
from visq.explain.masking import as_metric
from visq.explain.pixels import array_of, filling, peak_of
from visq.extras import require

STEPS = 64
# Pictures of a path that are computed together.
_TOGETHER = 8


@dataclass(frozen=True, slots=True, eq=False)
class Attribution:
    """A map of the size of the picture.

    Attributes
    ----------
    map : (H, W) array
        In units of the score: what a pixel adds to the difference between the picture and the empty one.
    completeness : float
        ``|sum of the map - (score - empty score)|`` over ``|score - empty score|``: 0 where the map tells all of the
        difference and nothing else. Occlusion and Grad-CAM do not promise it; the number says how far they are.
    faithfulness : Faithfulness or None
        Deletion and insertion; None where it was not asked for.
    score, empty_score : float
    method : str
    """

    map: Floats
    completeness: float
    faithfulness: Faithfulness | None
    score: float
    empty_score: float
    method: str


def occlusion(
    model: str | Metric,
    image: Any,
    reference: Any = None,
    *,
    fill: str = "mean",
    cells: int = 48,
    data_range: float | None = None,
    curve_steps: int = CURVE_STEPS,
    on_step: Callable[[], None] = lambda: None,
) -> Attribution:
    """What the score loses when one square after the other is filled; signed, for any metric that scores an image.

    A pixel has the loss of its square, divided by the square's pixels. The empty picture is filled all over.

    Parameters
    ----------
    model, image, reference, data_range
        As `visq.explain.region_importance`.
    fill : {"mean", "blur", "noise"}
        What a square, and the empty picture, show.
    cells : int
        The most squares.
    curve_steps : int
        Of deletion and insertion; 0 leaves them out.
    on_step : callable, optional
        Called after every square.
    """
    metric = as_metric(model)
    pixels = array_of(image)
    where = squares(pixels.shape[:2], cells)
    score = _score(metric, pixels, reference, data_range)
    empty = filling(pixels, where, fill, peak_of(pixels, data_range))  # type: ignore[arg-type]
    last = score(pixels)
    found = np.zeros(pixels.shape[:2])
    for top, bottom, left, right in where.boxes():
        changed = pixels.copy()
        changed[top:bottom, left:right] = empty[top:bottom, left:right]
        found[top:bottom, left:right] = (last - score(changed)) / ((bottom - top) * (right - left))
        on_step()
    return _finished("occlusion", found, score, pixels, empty, curve_steps)


def integrated_gradients(
    model: str | Metric,
    image: Any,
    reference: Any = None,
    *,
    empty: Any = "mean",
    steps: int = STEPS,
    data_range: float | None = None,
    curve_steps: int = CURVE_STEPS,
) -> Attribution:
    """Gradients of the score along the straight way from an empty picture, times the way (needs torch).

    ``(x - x0) * mean over the way of d score / d x``, by the midpoint rule, summed over channels.

    Parameters
    ----------
    model, image, reference, data_range
        As `visq.explain.region_importance`; the metric must have a gradient.
    empty : {"mean", "blur", "noise"} or array
        The picture at the beginning.
    steps : int
        Points on the way: more make the map more complete.
    curve_steps : int
        Of deletion and insertion; 0 leaves them out.

    Raises
    ------
    visq.errors.OptionError
        A metric without a gradient, or no steps.
    visq.errors.MissingExtraError
        torch is not installed.

    References
    ----------
    M. Sundararajan, A. Taly, Q. Yan, "Axiomatic attribution for deep networks", ICML 2017.
    """
    torch = require("torch", "integrated gradients", "torch", otherwise="use occlusion")
    metric = as_metric(model)
    if not metric.spec.differentiable:
        raise OptionError(f"{metric.id} has no gradient", hint="Use visq.explain.occlusion, which needs none.")
    if steps < 1:
        raise OptionError("no points on the way", expected="1 or more steps", got=str(steps))
    pixels, peak = _floats(array_of(image), data_range)
    metric._check_reference(reference)
    begin = _empty(empty, pixels, peak)
    end, start = _tensor(torch, pixels / peak), _tensor(torch, begin / peak)
    given = () if reference is None else (_tensor(torch, np.divide(*_floats(array_of(reference), data_range))),)
    total = torch.zeros_like(end)
    for first in range(0, steps, _TOGETHER):
        for n in range(first, min(first + _TOGETHER, steps)):
            point = (start + (n + 0.5) / steps * (end - start)).clamp(0.0, 1.0).requires_grad_()
            (gradient,) = torch.autograd.grad(metric(point, *given).sum(), point)
            total += gradient
    found = ((end - start) * total / steps).sum(dim=(0, 1)).double().numpy()

    def score(picture: NDArray[Any]) -> float:
        with torch.no_grad():
            return float(metric(_tensor(torch, picture / peak), *given))

    return _finished("integrated gradients", found, score, pixels, begin, curve_steps)


def grad_cam(
    network: Any,
    layer: str,
    image: Any,
    *,
    score: Callable[[Any], Any] | None = None,
    empty: Any = "mean",
    curve_steps: int = CURVE_STEPS,
) -> Attribution:
    """Where a layer's channels respond that raise the score: Grad-CAM, without the rectifier (needs torch).

    The gradient of the score by each channel, averaged over positions, weighs its responses; their sum is enlarged to
    the picture. Where the sign is kept, a map can say what lowers a score, which is half of what quality is about.
    `completeness` compares its sum with what the score loses when the layer gives nothing.

    Parameters
    ----------
    network : torch.nn.Module
        From tensors `(1, 3, H, W)` in 0..1 to scores.
    layer : str
        Name of the module, of `network.named_modules()`, whose output `(1, C, h, w)` is looked at.
    image : array, or what else a metric takes
        One picture.
    score : callable, optional
        From what the network gives to one number; None: its only element.
    empty : {"mean", "blur", "noise"} or array
        For deletion and insertion.
    curve_steps : int
        Of these; 0 leaves them out.

    Raises
    ------
    visq.errors.OptionError
        A layer that there is none of, or without maps.

    References
    ----------
    R. Selvaraju et al., "Grad-CAM: visual explanations from deep networks via gradient-based localization", ICCV 2017.
    """
    torch = require("torch", "Grad-CAM", "torch", otherwise="use occlusion")
    modules = dict(network.named_modules())
    if layer not in modules:
        raise OptionError(
            f"the network has no layer {layer!r}", expected=f"one of {', '.join(list(modules)[1:9])}, ..."
        )
    pixels, peak = _floats(array_of(image), None)
    read = score or (lambda out: out.reshape(()))
    like = next((p for p in network.parameters()), torch.empty(0))

    def given(picture: NDArray[Any]) -> Any:
        return _tensor(torch, picture / peak).to(like)

    def value(picture: NDArray[Any]) -> float:
        with torch.no_grad():
            return float(read(network(given(picture))))

    was_training = network.training
    network.eval()
    try:
        coarse = _weighed(torch, network, layer, given(pixels), read)
        with _hooked(modules[layer], lambda _module, _given, found: torch.zeros_like(found)):
            silent = value(pixels)
        fine = torch.nn.functional.interpolate(coarse, pixels.shape[:2], mode="bilinear", align_corners=False)
        found = fine[0, 0].double().numpy()
        # In units of the score, as the other maps: what is shown is the same.
        share = float(coarse.sum()) / float(found.sum()) if abs(float(found.sum())) > 0 else 1.0
        result = _finished("Grad-CAM", found * share, value, pixels, _empty(empty, pixels, peak), curve_steps)
        lost = result.score - silent
        error = abs(float(coarse.sum()) - lost) / abs(lost) if lost else math.nan
    finally:
        network.train(was_training)
    return Attribution(result.map, error, result.faithfulness, result.score, silent, result.method)


def _weighed(torch: Any, network: Any, layer: str, given: Any, read: Callable[[Any], Any]) -> Any:
    """`(1, 1, h, w)`: a layer's responses, each channel times the mean of the score's gradient by it, added up."""
    held: dict[str, Any] = {}

    def keep(_module: Any, _given: Any, found: Any) -> Any:
        if not (torch.is_tensor(found) and found.ndim == 4):
            raise OptionError(f"{layer} has no maps", expected="an output (1, C, h, w)")
        held["responses"] = found.detach().requires_grad_()
        return held["responses"]

    with _hooked(network.get_submodule(layer), keep):
        out = read(network(given))
    if "responses" not in held:
        raise OptionError(f"the picture does not pass through {layer}", expected="a layer that the network calls")
    (gradient,) = torch.autograd.grad(out, held["responses"])
    return (gradient.mean(dim=(2, 3), keepdim=True) * held["responses"].detach()).sum(dim=1, keepdim=True)


class _hooked:  # noqa: N801
    """A forward hook for as long as a block lasts."""

    def __init__(self, module: Any, hook: Callable[..., Any]) -> None:
        self._module, self._hook = module, hook

    def __enter__(self) -> None:
        self._handle = self._module.register_forward_hook(self._hook)

    def __exit__(self, *_error: object) -> None:
        self._handle.remove()


def _finished(
    method: str, found: Floats, score: Callable[[NDArray[Any]], float], pixels: NDArray[Any], empty: NDArray[Any],
    curve_steps: int,
) -> Attribution:  # fmt: skip
    last, first = score(pixels), score(empty)
    difference = last - first
    error = abs(float(found.sum()) - difference) / abs(difference) if difference else math.nan
    curves = None
    if curve_steps and difference:
        # What raises the difference between the two scores comes first, whichever is the larger.
        curves = faithfulness(score, pixels, empty, found * np.sign(difference), steps=curve_steps)
    return Attribution(found, error, curves, last, first, method)


def _score(metric: Metric, pixels: NDArray[Any], reference: Any, data_range: float | None) -> Callable[[Any], float]:
    metric._check_reference(reference)
    given = () if reference is None else (array_of(reference, "reference"),)

    def score(picture: NDArray[Any]) -> float:
        return float(metric(picture, *given, data_range=data_range))

    del pixels
    return score


def _empty(empty: Any, pixels: NDArray[Any], peak: float) -> NDArray[Any]:
    if isinstance(empty, str):
        whole = Cells(*(np.array([0.0, n]) for n in pixels.shape[:2]))
        return filling(pixels, whole, empty, peak)  # type: ignore[arg-type]
    found = array_of(empty, "empty")
    if found.shape != pixels.shape:
        raise InputError("the empty picture has another shape", expected=str(pixels.shape), got=str(found.shape))
    return _floats(found, None)[0]


def _floats(pixels: NDArray[Any], data_range: float | None) -> tuple[NDArray[Any], float]:
    """As floats with the peak they had: a way between two pictures leads through fractions."""
    peak = peak_of(pixels, data_range)
    return (pixels if pixels.dtype.kind == "f" else pixels.astype(np.float32)), peak


def _tensor(torch: Any, picture: NDArray[Any]) -> Any:
    planes = np.moveaxis(np.atleast_3d(picture), -1, 0)
    return torch.from_numpy(np.ascontiguousarray(planes))[None]


__all__ = ["STEPS", "Attribution", "grad_cam", "integrated_gradients", "occlusion"]
