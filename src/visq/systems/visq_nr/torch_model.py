"""The same file computed by torch: for gradients, double precision and GPUs."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from visq.errors import WeightsError
from visq.systems.inputs import building
from visq.systems.visq_nr.design import SUBSCORES, Design
from visq.systems.visq_nr.folding import folded
from visq.systems.visq_nr.model import Model, Reading
from visq.systems.visq_nr.network import Readout, Trunk


class TorchModel:
    """A model on a device, in a precision: `run` and `read` as `Model` has them."""

    def __init__(self, model: Model, device: torch.device, dtype: torch.dtype) -> None:
        self.design: Design = model.design
        self.quantile = model.quantile
        with building():
            trunk, readout = folded(Trunk("random")), Readout(model.design).eval().requires_grad_(False)
            for module, held in ((trunk, model.trunk), (readout, model.readout)):
                state = {name: torch.from_numpy(array.copy()) for name, array in held.items()}
                try:
                    module.load_state_dict(state)
                except RuntimeError as error:
                    raise WeightsError(f"{model.graph.path} holds another network", got=str(error)[:200]) from None
            self.trunk = trunk.to(device=device, dtype=dtype)
            self.readout = readout.to(device=device, dtype=dtype)

    def run(self, planes: Tensor, stages: int) -> Tensor:
        """Moments of the cells, `(N, 2 C, h, w)`."""
        return self.trunk.run(planes, stages)

    def read(self, statistics: Tensor) -> Reading:
        """Score, interval and sub-scores of statistics `(..., F)`."""
        found = self.readout(statistics)
        value = found["score"].clip(0.0, 1.0)
        half = self.quantile * found["log_scale"].exp()
        parts = {name: found[name] for name in SUBSCORES}
        return Reading(value, (value - half).clip(0.0, 1.0), (value + half).clip(0.0, 1.0), parts)


@lru_cache(maxsize=4)
def _made(model: _Same, device: torch.device, dtype: torch.dtype) -> TorchModel:
    return TorchModel(model.model, device, dtype)


class _Same:
    """A model as a key: the same object is the same model."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, _Same) and other.model is self.model

    def __hash__(self) -> int:
        return id(self.model)


def shared(model: Model, device: torch.device, dtype: torch.dtype) -> TorchModel:
    """The same network for everybody who asks with the same arguments. Do not change it."""
    return _made(_Same(model), device, dtype)
