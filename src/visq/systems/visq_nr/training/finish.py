"""From trained read-outs to the file that visq-nr is run from: put together, calibrated, written, told about.

    python -m visq.systems.visq_nr.training.finish run0 run1 run2 --data BIQ2021 -o visq_nr.onnx

Several runs differ in their random starts. Put together they are one network: its hidden units are those of all, and
its score before the logistic function is the mean of theirs.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from visq.errors import OptionError, VisqError
from visq.systems.visq_nr.calibration import Calibration, calibrate
from visq.systems.visq_nr.design import Design
from visq.systems.visq_nr.export import write
from visq.systems.visq_nr.network import Network, Readout
from visq.systems.visq_nr.training.material import Amounts, Material
from visq.train.hardware import made_with


def together(readouts: Sequence[Readout]) -> Readout:
    """One read-out whose score, error and sub-scores, before the logistic function, are the means of theirs.

    Raises
    ------
    OptionError
        Read-outs of different designs, or of statistics that were scaled otherwise.

    Examples
    --------
    >>> one, other = Readout(Design(width=4)).eval(), Readout(Design(width=4)).eval()
    >>> both, given = together([one, other]), torch.ones(1, Design().features)
    >>> mean = torch.special.logit(torch.cat([one(given)["score"], other(given)["score"]])).mean()
    >>> bool(torch.isclose(torch.special.logit(both(given)["score"])[0], mean, atol=1e-5))
    True
    """
    first, count = readouts[0], len(readouts)
    for one in readouts:
        if one.design != first.design or not (
            torch.equal(one.centre, first.centre) and torch.equal(one.spread, first.spread)
        ):
            raise OptionError("these read-outs cannot be put together", expected="one design, learned from one table")
    state = {name: [one.state_dict()[name] for one in readouts] for name in first.state_dict()}
    found: dict[str, Tensor] = {name: torch.stack(all_of).mean(dim=0) for name, all_of in state.items()}
    found["centre"], found["spread"] = first.centre, first.spread
    width = first.design.width
    if width and count > 1:
        found["hidden.weight"], found["hidden.bias"] = (
            torch.cat(state["hidden.weight"]),
            torch.cat(state["hidden.bias"]),
        )
        found["score.weight"] = torch.cat(state["score.weight"], dim=1) / count
    made = Readout(replace(first.design, width=width * count))
    made.load_state_dict(found)
    return made.eval()


def trained(folder: str | Path) -> tuple[dict[str, Any], Readout]:
    """Recipe, as data, and read-out of the best checkpoint in a folder that `visq train` filled."""
    from visq.train.checkpoints import BEST, read

    checkpoint = read(Path(folder) / BEST)
    recipe = checkpoint.about["recipe"]
    made = Readout(Design.of(recipe["options"]["design"]))
    made.load_state_dict(checkpoint.network_state())
    return recipe, made.eval()


def judged(readout: Readout, rows: Any, opinions: Any, calibration: Calibration | None = None) -> dict[str, float]:
    """SRCC, PLCC and RMSE (points of 100) of rows of statistics; with a calibration, the share that intervals hold."""
    from visq.evaluate import plcc, rmse, srcc

    score, scale = scored(readout, rows)
    found = {"srcc": srcc(score, opinions), "plcc": plcc(score, opinions), "rmse": 100.0 * rmse(score, opinions)}
    if calibration is not None:
        half = calibration.quantile * np.exp(scale)
        low, high = (score - half).clip(0.0, 1.0), (score + half).clip(0.0, 1.0)
        found["covered"] = float(((low <= opinions) & (opinions <= high)).mean())
        found["width"] = 100.0 * float((high - low).mean())
    return found


@torch.no_grad()
def scored(readout: Readout, rows: Any) -> tuple[Any, Any]:
    """Scores in 0..1 and logarithms of the error's scale, in double precision."""
    found = readout.double()(torch.from_numpy(np.asarray(rows, dtype=np.float64)))
    readout.float()
    return found["score"].clamp(0.0, 1.0).numpy(), found["log_scale"].numpy()


def finished(
    folders: Sequence[str | Path], data: str | Path, output: str | Path, *, cache: str | None = None
) -> dict[str, Any]:
    """Put the runs together, calibrate on the calibration part, and write the file.

    Returns
    -------
    dict
        Figures on the validation part of every run and of all together, and of the calibration. The test part is not
        looked at.
    """
    runs = [trained(folder) for folder in folders]
    options = runs[0][0]["options"]
    design = Design.of(options["design"])
    both = together([one for _, one in runs])
    material = Material(
        data, design, Amounts.of(options), folder=cache or options["cache"], engine=options["engine"],
        trunk=options["trunk"],
    )  # fmt: skip
    calibrating, held = material.parts.calibration, material.parts.validation
    score, scale = scored(both, material.rated(calibrating).values)
    calibration = calibrate(score, scale, calibrating.scores)
    rows = material.rated(held).values
    figures = {
        "runs": [{"seed": recipe["seed"], **judged(one, rows, held.scores)} for recipe, one in runs],
        "together": judged(both, rows, held.scores, calibration),
        "level": calibration.level, "quantile": calibration.quantile,
    }  # fmt: skip
    network = Network(both.design, options["trunk"])
    network.readout = both
    notes = {
        "data": material.dataset.spec.id, "fit": material.parts.fit.identity,
        "calibration": calibrating.identity, "recipe": runs[0][0]["name"], "seeds": [r["seed"] for r, _ in runs],
        "versions": made_with(),
    }  # fmt: skip
    write(network, output, calibration, notes)
    return figures


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m visq.systems.visq_nr.training.finish", description=__doc__)
    parser.add_argument("runs", nargs="+", help="folders that visq train filled")
    parser.add_argument("--data", required=True, help="the folder of BIQ2021")
    parser.add_argument("--cache", help="where statistics are kept, if not where the recipe says")
    parser.add_argument("-o", "--output", required=True, help="the file to write: visq_nr.onnx")
    given = parser.parse_args(arguments)
    try:
        print(json.dumps(finished(given.runs, given.data, given.output, cache=given.cache), indent=2))
    except VisqError as error:
        print(f"visq: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
