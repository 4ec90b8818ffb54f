"""PMT as a metric: the mean grade that people would give a photograph, by a transformer on the map of a trunk."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from visq.errors import OptionError

if TYPE_CHECKING:
    from visq.systems.pmt.tokens import Model


def pmt(
    image: Any,
    *,
    data_range: float | None = None,
    model: str | os.PathLike[str] | None = None,
) -> Any:
    """Mean opinion of a photograph's quality, 1 to 5, by a transformer with a quality token; higher is better.

    The map of a convolutional trunk is the transformer's input: every position is a token, projected to few numbers,
    with a learned position of two sides. Two blocks of self-attention follow, and what becomes of the quality token
    gives a distribution ``p_1 ... p_5`` over grades; the score is ``sum k p_k``. Nothing is resized or cropped.

    The network is a reconstruction: of the paper that it is named after only the abstract was read. Sizes are those of
    an earlier public program of the same first author (TRIQ), the rest was chosen here.

    Parameters
    ----------
    image : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`; both sides at least 64 pixels. A grey
        image is repeated to three channels.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    model : path, optional
        A file that `visq.systems.pmt.files.write` wrote, or a checkpoint of the recipes `pmt` and `pmt-small`; it says
        which network it is of. None: the small one that the catalogue names.

    Returns
    -------
    float, (N,) array or tensor
        In 1..5.

    Raises
    ------
    visq.errors.InputError
        A side below 64 pixels, values out of range, NaN.
    visq.errors.InputTypeError
        Neither array nor tensor, or of a dtype that holds no pixels.
    visq.errors.WeightsError
        The parameters are missing, damaged or of something else.
    visq.errors.MissingExtraError
        Without torch.

    Notes
    -----
    Which tokens count can be said to `visq.systems.pmt.Model`.

    References
    ----------
    J. You, Y. Lin, J. Korhonen, "Half of an image is enough for quality assessment", arXiv 2301.12891 (the abstract).
    J. You, J. Korhonen, "Transformer for image quality assessment", ICIP 2021 (the program's sizes).

    Examples
    --------
    >>> import numpy as np
    >>> pmt(np.zeros((63, 64, 3), np.uint8))
    Traceback (most recent call last):
        ...
    visq.errors.SizeError: image is too small; expected at least 64x64 pixels; got 63x64
    """
    return model_of(model, data_range).score(image)


def pmt_distribution(
    image: Any,
    *,
    data_range: float | None = None,
    model: str | os.PathLike[str] | None = None,
) -> Any:
    """Shares of the grades 1 to 5, `(5,)` or `(N, 5)`, whose mean is the score.

    Trained on mean opinions alone only their mean means something: any spread around it is as good.

    Parameters and errors as for `pmt`.

    Examples
    --------
    >>> import numpy as np
    >>> shares = np.array([0.0, 0.1, 0.2, 0.5, 0.2])  # what `pmt_distribution` may return
    >>> round(float(shares @ np.arange(1, 6)), 3)
    3.8
    """
    found = model_of(model, data_range).judge(image).distribution
    if found is None:
        raise OptionError("this network gives no distribution", hint="It pools by a mean; pmt gives its score.")
    return found


def model_of(path: str | os.PathLike[str] | None, data_range: float | None = None) -> Model:
    """The network of a file, ready to judge pictures and parts of them; arguments and errors as `pmt`."""
    from visq import weights
    from visq.catalog.learned.pmt import WEIGHTS
    from visq.systems.inputs import require_torch

    require_torch()
    found = weights.find(WEIGHTS) if path is None else weights.members(path)[0]
    return _model(found, weights.sha256(found), data_range)


@lru_cache(maxsize=4)
def _model(path: Path, sha256: str, data_range: float | None) -> Model:  # noqa: ARG001
    from visq.systems.pmt.files import load
    from visq.systems.pmt.tokens import Model

    return Model(load(path), data_range=data_range)


__all__ = ["model_of", "pmt", "pmt_distribution"]
