"""Writing a trained network as the one file that visq-nr is run from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from visq.errors import WeightsError
from visq.extras import require
from visq.systems.graph_export import written
from visq.systems.graph_files import About, annotated
from visq.systems.graphs import Export
from visq.systems.visq_nr.calibration import Calibration
from visq.systems.visq_nr.design import TAPS
from visq.systems.visq_nr.folding import folded
from visq.systems.visq_nr.model import PREFIX, Model, build
from visq.systems.visq_nr.network import Network, Trunk

#: Relative difference from torch that the moments of a graph may have when it is written.
AGREEMENT = 1e-4
_SIZE = (65, 97)


class _Stages(nn.Module):
    def __init__(self, trunk: Trunk) -> None:
        super().__init__()
        self.trunk = trunk

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        return self.trunk(image)


def write(
    network: Network,
    path: str | os.PathLike[str],
    calibration: Calibration | None = None,
    notes: Mapping[str, Any] | None = None,
) -> Model:
    """Write trunk, read-out and calibration as one ONNX file, compared with torch before it is kept.

    The graph takes planes in 0..255 on the grid of cells and gives the moments of each stage; the read-out lies in it
    as tensors that no operator uses, because tiles are added up before it.

    Parameters
    ----------
    network : Network
    path : path
        Where to write; a file that is there is replaced.
    calibration : Calibration, optional
        Of the interval. None: a level of 90 % and one unit of the error's scale, which is no promise.
    notes : mapping, optional
        What else the file is to say of itself: seeds, data, recipe. Kept as JSON.

    Returns
    -------
    Model
        As read back.

    Raises
    ------
    MissingExtraError
        onnx is not installed.
    WeightsError
        The graph does not agree with torch.
    StoreError
        The file cannot be written.
    """
    from visq.store.tables import replacing
    from visq.systems.visq_nr.model import load

    network = deepcopy(network).cpu().float().eval()
    data = content(network, calibration or Calibration(), notes or {})
    _compare(build(data, path), network)
    with replacing(os.fspath(path)) as file:
        file.write(data)
    return load(path)


def content(network: Network, calibration: Calibration, notes: Mapping[str, Any]) -> bytes:
    """The bytes of the file."""
    onnx = require("onnx", "writing a graph", "export")
    about = _about(network, calibration, notes)
    stages = _Stages(folded(network.trunk))
    model = onnx.load_from_string(written(Export(stages, about.outputs, about.inputs, size=_SIZE), about))
    for output in model.graph.output:
        for axis, name in ((2, "rows"), (3, "columns")):
            output.type.tensor_type.shape.dim[axis].dim_param = name
    held = {f"{PREFIX}{name}": value for name, value in network.readout.state_dict().items()} | stages.state_dict()
    # The exporter keeps one of several tensors that are equal; who reads the file wants each by its name.
    for node in [n for n in model.graph.node if n.op_type == "Identity" and n.output[0] in held]:
        model.graph.node.remove(node)
    kept = {tensor.name for tensor in model.graph.initializer}
    for name in sorted(held.keys() - kept):
        array = np.ascontiguousarray(held[name].detach().cpu().numpy(), dtype=np.float32)
        model.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    return annotated(model.SerializeToString(), about)


def _about(network: Network, calibration: Calibration, notes: Mapping[str, Any]) -> About:
    import visq
    from visq.catalog.learned.visq_nr import SPEC

    return About(
        metric=SPEC.id,
        version=SPEC.version,
        identity=f"{SPEC.id}@{SPEC.version}",
        options={"design": network.design.options(), "calibration": asdict(calibration), "notes": dict(notes)},
        settings={},
        inputs=("image",),
        outputs=tuple(f"stage{i}" for i in range(len(TAPS))),
        channels=3,
        step=1,
        min_side=33,
        visq=visq.__version__,
    )


def _compare(model: Model, network: Network) -> None:
    """The moments of the graph against torch, with every batch normalisation in its place, at two sizes."""
    generator = torch.Generator().manual_seed(0)
    for height, width in (_SIZE, (161, 33)):
        planes = torch.rand((1, 3, height, width), generator=generator) ** 2 * 255.0
        with torch.no_grad():
            wanted = network.trunk.run(planes, len(TAPS)).numpy()
        found = model.run(planes.numpy(), len(TAPS))
        error = float(np.abs(found - wanted).max() / np.abs(wanted).max())
        if found.shape != wanted.shape or not error <= AGREEMENT:
            raise WeightsError(
                "the graph does not agree with torch", expected=f"moments within {AGREEMENT:g}", got=f"{error:.1e}",
                hint="Nothing was written. Another version of torch may export it correctly.",
            )  # fmt: skip
