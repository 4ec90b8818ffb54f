"""The plainest learned metric: a line through the responses of a network that nobody trained for quality.

Whatever is learned from opinions otherwise is to be better than this. `visq fit ridge` fits it; the file that comes of
it holds the network too, and scores pictures by itself.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from visq.errors import OptionError, VisqError, WeightsError
from visq.paths import expanded
from visq.systems.inputs import building, each, evaluating, read, require_torch

if TYPE_CHECKING:
    from visq.train.data.feature_extractors import Extractor

SYSTEM = "ridge"
#: Half of it is one position of a network of stride 32.
MIN_SIDE = 64
_TRUNK = "trunk/"
_FIT = "`visq fit ridge --data DATABASE=ROOT -o FILE` makes one."


class Source:
    """As `visq.systems.readout.systems.Source`: means over the picture of a network's responses.

    Parameters
    ----------
    rows : Extractor
        Of a network of `visq.backbones`.
    """

    difference = False

    def __init__(self, rows: Extractor) -> None:
        self.rows = (rows,)
        self.options = {
            "net": rows.module.spec.id, "layers": list(rows.taps), "scales": list(rows.scales),
            "statistics": list(rows.statistics),
        }  # fmt: skip
        self.tensors = {_TRUNK + name: value for name, value in rows.module.state_dict().items()}


def opened(net: str = "efficientnet_lite0", layers: str = "", scales: str = "1|2", statistics: str = "mean") -> Source:
    """What `visq fit ridge` fits on; options as the row of `visq.systems.readout.systems` says.

    Raises
    ------
    OptionError, WeightsError, MissingExtraError
        As `visq.train.data.feature_extractors.Extractor`; scales that are no whole numbers.
    """
    from visq.probe.networks import open_net
    from visq.train.data.feature_extractors import Extractor

    try:
        factors = [int(part) for part in scales.split("|")]
    except ValueError:
        raise OptionError("scales are not readable", expected="whole numbers with | between them", got=scales) from None
    network = open_net(net)
    taps = layers.split("|") if layers else [network.taps[-1]]
    return Source(Extractor(network, taps=taps, scales=factors, statistics=statistics.split("|")))


def ridge(image: Any, *, data_range: float | None = None, model: str | os.PathLike[str] | None = None) -> Any:
    """Quality without a reference by a ridge regression on the responses of a network, on the scale it was fitted on.

    ``score = b + w . x``; x are statistics over the picture (means, as a rule) of the responses of chosen layers, of
    the picture and of smaller versions of it.

    Parameters
    ----------
    image : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`; both sides at least 64 pixels, and as large
        as the network needs. A grey image is repeated to three channels.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    model : path
        A file that `visq fit ridge` wrote.

    Returns
    -------
    float, (N,) array or tensor
        Higher is better. A line leaves the scale at its ends.

    Raises
    ------
    visq.errors.InputError
        A side that is too small, values out of range, NaN.
    visq.errors.InputTypeError
        Neither array nor tensor, or of a dtype that holds no pixels.
    visq.errors.WeightsError
        No file is given, or it is missing, damaged or of another system.
    visq.errors.MissingExtraError
        Without torch.

    Examples
    --------
    >>> import numpy as np
    >>> import torch  # the network needs it
    >>> ridge(np.zeros((64, 64, 3), np.uint8))
    Traceback (most recent call last):
        ...
    visq.errors.WeightsError: a ridge regression is fitted before it is used...
    """
    import torch

    if model is None:
        raise WeightsError("a ridge regression is fitted before it is used", expected="model=FILE", hint=_FIT)
    inputs = read(image, data_range=data_range, min_side=MIN_SIDE)
    found = load(model, device=str(inputs.image.device), double=inputs.image.dtype == torch.float64)
    with evaluating(inputs):
        return inputs.result(each(found.score, inputs.image))


@dataclass(frozen=True, eq=False)
class Model:
    """A file of `visq fit ridge`, ready to score.

    Attributes
    ----------
    rows : Extractor
    line : (F,) tensor and tensor
        Weights and intercept, in double precision.
    """

    rows: Extractor
    line: tuple[Any, Any]

    def score(self, planes: Any) -> Any:
        """`(N,)` scores of `(N, 3, H, W)` tensors in 0..1."""
        weights, intercept = self.line
        # Of thousands of terms, of which many cancel: in double precision.
        return (self.rows.rows(planes).to(weights.dtype) @ weights + intercept).to(planes.dtype)


def load(path: str | os.PathLike[str], *, device: str = "cpu", double: bool = False) -> Model:
    """The model in a file that `visq fit ridge` wrote; made once for each content of it.

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


@lru_cache(maxsize=4)
def _loaded(path: Path, sha256: str, device: str, double: bool) -> Model:  # noqa: ARG001
    import torch

    from visq import backbones
    from visq.probe.networks import network
    from visq.systems.readout.files import read as read_file
    from visq.train.data.feature_extractors import Extractor

    held = read_file(path, SYSTEM)
    options = held.options
    with building():
        try:
            trunk = backbones.create(options["net"], weights="random")
            trunk.load_state_dict({n.removeprefix(_TRUNK): v for n, v in held.tensors.items()})
            trunk.to(device=device, dtype=torch.float64 if double else torch.float32)
            least = {tap: trunk.min_side(tap) for tap in trunk.spec.taps}
            opened_net = network(options["net"], trunk, least=least)
            chosen = {"taps": options["layers"], "scales": options["scales"], "statistics": options["statistics"]}
            rows = Extractor(opened_net, **chosen, device=device)
        except (KeyError, TypeError, RuntimeError, VisqError) as error:
            said = f"{type(error).__name__}: {error}"[:200]
            raise WeightsError(f"{path} does not say which network it is of", got=said) from None
        if len(rows.columns) != len(held.ridge.weights):
            raise WeightsError(
                f"{path}: read-out and network do not fit", expected=f"{len(held.ridge.weights)} features",
                got=str(len(rows.columns)),
            )  # fmt: skip
        slope, level = (torch.tensor(v, dtype=torch.float64, device=device) for v in held.ridge.line)
    return Model(rows, (slope, level))


__all__ = ["Model", "Source", "load", "opened", "ridge"]
