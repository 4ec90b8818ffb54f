"""Scores of pictures by a read-out that `visq fit reiqa` wrote, without a reference or with one; and the features."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from visq.errors import OptionError, SizeError, WeightsError
from visq.paths import expanded
from visq.systems.inputs import building, each, evaluating, read, read_both, require_torch
from visq.systems.reiqa.design import MIN_SIDE, Part

SYSTEM = "reiqa"


@dataclass(frozen=True, eq=False)
class Model:
    """A file of `visq fit reiqa`, ready to score.

    Attributes
    ----------
    encoders : visq.systems.reiqa.encoders.Encoders
    ridge : visq.systems.readout.ridge.Ridge
        The read-out, as it was fitted.
    difference : bool
        Whether it judges differences from a reference.
    long_side : int
        Pictures with a longer side were shrunk to it before they were looked at, and are.
    fitted : mapping
        On what, and which scale scores have.
    line : (F,) tensor and tensor
        Weights and intercept for features as they are, of the encoders' device and precision.
    """

    encoders: Any
    ridge: Any
    difference: bool
    long_side: int
    fitted: dict[str, Any]
    line: tuple[Any, Any]

    def score(self, planes: Any, references: Any = None) -> Any:
        """`(N,)` scores of `(N, 3, H, W)` tensors in 0..1."""
        rows = self.encoders.features(planes, long_side=self.long_side)
        if references is not None:
            rows = (rows - self.encoders.features(references, long_side=self.long_side)).abs()
        weights, intercept = self.line
        # Of thousands of terms, of which many cancel: in double precision.
        return (rows.to(weights.dtype) @ weights + intercept).to(planes.dtype)


def reiqa(image: Any, *, data_range: float | None = None, model: str | os.PathLike[str] | None = None) -> Any:
    """Re-IQA: quality without a reference, on the scale of the scores that its read-out was fitted on.

    Two ResNets that learned without scores look at the whole picture and at its half: one learned to tell damage, one
    to tell what is shown. The means of their last responses are the features, and the score is a line through them.

    Parameters
    ----------
    image : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`; both sides at least 64 pixels. A grey image
        is repeated to three channels.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    model : path, optional
        A file that `visq fit reiqa` wrote. None: the one that ships.

    Returns
    -------
    float, (N,) array or tensor
        Higher is better. `load(model).fitted` says which scale; a line leaves it at its ends.

    Raises
    ------
    visq.errors.InputError
        A side below 64 pixels, values out of range, NaN.
    visq.errors.InputTypeError
        Neither array nor tensor, or of a dtype that holds no pixels.
    visq.errors.WeightsError
        The file is missing, damaged or fitted with references.
    visq.errors.MissingExtraError
        Without torch.

    References
    ----------
    A. Saha, S. Mishra, A. C. Bovik, "Re-IQA: Unsupervised Learning for Image Quality Assessment in the Wild",
    CVPR 2023.

    Examples
    --------
    >>> import numpy as np
    >>> reiqa(np.zeros((63, 64, 3), np.uint8))
    Traceback (most recent call last):
        ...
    visq.errors.SizeError: image is too small; expected at least 64x64 pixels; got 63x64
    """
    return _judged(read(image, data_range=data_range, min_side=MIN_SIDE), model, difference=False)


def reiqa_fr(
    image: Any, reference: Any, *, model: str | os.PathLike[str] | None = None, data_range: float | None = None
) -> Any:
    """Re-IQA with a reference: a line through the absolute differences of the features of both pictures.

    A picture that equals its reference gets exactly the intercept, which is the mean score that was fitted on less what
    the mean differences cost; it is not the highest score that there can be.

    Parameters
    ----------
    image, reference : array
        As `reiqa`, of one size.
    model : path
        A file that `visq fit reiqa reference=true` wrote; none ships.
    data_range : float, optional
        As there.

    Returns
    -------
    float, (N,) array or tensor
        Higher is better.

    Raises
    ------
    visq.errors.InputError, InputTypeError, WeightsError, MissingExtraError
        As `reiqa`; sizes that differ.

    Notes
    -----
    The authors released no such programme: this follows the one of CONTRIQUE, on whose protocol they build.
    """
    inputs = read_both(image, reference, data_range=data_range, min_side=MIN_SIDE)
    return _judged(inputs, model, difference=True)


def features(
    image: Any, encoders: Any, *, parts: Sequence[Part] = ("quality", "content"), data_range: float | None = None
) -> np.ndarray:
    """The numbers that a read-out is fitted on.

    Parameters
    ----------
    image : array
        As `reiqa`.
    encoders : Encoders
        As `visq.systems.reiqa.open_encoders` gives them.
    parts : sequence of {"quality", "content"}
        Which of them, in their own order.
    data_range : float, optional

    Returns
    -------
    (F,) or (N, F) array
        float32. Of each part ``[g(x); g(x_half)]``; 8192 numbers with both encoders of the published size.

    Raises
    ------
    visq.errors.OptionError
        An encoder that is not there.
    visq.errors.InputError
        As `reiqa`.
    """
    from visq.systems.reiqa.encoders import Encoders

    lacking = [part for part in parts if part not in encoders.trunks]
    if lacking or not parts:
        raise OptionError(
            f"there is no {' or '.join(lacking) or 'part'} among the encoders", expected=" or ".join(encoders.trunks)
        )
    chosen = {part: trunk for part, trunk in encoders.trunks.items() if part in parts}
    wanted = Encoders(chosen, {part: encoders.names[part] for part in chosen})
    inputs = read(image, data_range=data_range, min_side=MIN_SIDE)
    with evaluating(inputs):
        found = each(wanted.features, inputs.image)
    rows: np.ndarray = found.detach().cpu().numpy()
    return rows[0] if inputs.batch.single else rows


def load(path: str | os.PathLike[str], *, device: str = "cpu", double: bool = False) -> Model:
    """The model in a file that `visq fit reiqa` wrote; made once for each content of it.

    Raises
    ------
    WeightsError
        Missing, damaged, or of another system.
    MissingExtraError
        torch is not installed.
    """
    from visq import weights

    require_torch()
    given = expanded(path)
    return _loaded(given, weights.sha256(given), device, double)


def check_size(size: Sequence[int], long_side: int) -> None:
    """Refuse pictures of which half, or what they are shrunk to, has no position of the last stage.

    Raises
    ------
    SizeError
    """
    height, width = size
    shortest, longest = min(height, width), max(height, width)
    least = round(shortest * long_side / longest) if long_side and longest > long_side else shortest
    if least < MIN_SIDE:
        how = f" once its longer side is {long_side}" if least < shortest else ""
        raise SizeError(
            f"the picture is too small for Re-IQA{how}", expected=f"sides of {MIN_SIDE} pixels or more",
            got=f"{width}x{height}",
        )  # fmt: skip


def _judged(inputs: Any, path: str | os.PathLike[str] | None, *, difference: bool) -> Any:
    import torch

    if path is None:
        if difference:
            raise WeightsError(
                "a read-out of differences is fitted before it is used", expected="model=FILE",
                hint="`visq fit reiqa reference=true` writes one.",
            )  # fmt: skip
        from visq import weights
        from visq.catalog.learned.reiqa import WEIGHTS

        path = weights.find(WEIGHTS)
    found = load(path, device=str(inputs.image.device), double=inputs.image.dtype == torch.float64)
    if found.difference != difference:
        kind = ("with references", "reference=true") if difference else ("without references", "reference=false")
        raise WeightsError(f"{os.fspath(path)} was not fitted to judge {kind[0]}", hint=f"Fit one with {kind[1]}.")
    check_size(inputs.image.shape[-2:], found.long_side)
    with evaluating(inputs):
        tensors = (inputs.image, inputs.reference) if difference else (inputs.image,)
        return inputs.result(each(found.score, *tensors))


@lru_cache(maxsize=4)
def _loaded(path: Path, sha256: str, device: str, double: bool) -> Model:  # noqa: ARG001
    import torch

    from visq.systems.readout.files import read as read_file
    from visq.systems.reiqa.encoders import of_state

    held = read_file(path, SYSTEM)
    options = held.options
    try:
        names, difference, long_side = dict(options["trunks"]), bool(options["difference"]), int(options["long_side"])
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(
            f"{path} does not say how it is read", got=f"{type(error).__name__}: {error}"[:120]
        ) from None
    with building():
        encoders = of_state(names, held.tensors, str(path))
        if len(encoders.columns) != len(held.ridge.weights):
            raise WeightsError(
                f"{path}: read-out and encoders do not fit", expected=f"{len(encoders.columns)} weights",
                got=str(len(held.ridge.weights)),
            )  # fmt: skip
        encoders.module.to(device=device, dtype=torch.float64 if double else torch.float32)
        line = tuple(torch.tensor(v, dtype=torch.float64, device=device) for v in held.ridge.line)
    return Model(encoders, held.ridge, difference, long_side, dict(held.fitted), (line[0], line[1]))


__all__ = ["Model", "check_size", "features", "load", "reiqa", "reiqa_fr"]
