"""What each trained system is held to by its own protocol, one random start after the other.

python benchmarks/trained.py reiqa PHOTOGRAPHS --start K --quality FILE --content FILE [--as NAME]
python benchmarks/trained.py loda FOLDER --start K --vit FILE --loda RUN --probe RUN --no-tokens RUN [--heart]
python benchmarks/trained.py pmt FOLDER --start K RUN OTHER

Writes `results/trained/SYSTEM.json`, an entry for each start; one that is there is replaced. An ablation gets a file of
its own by `--as`. PHOTOGRAPHS is a folder of photographs from which no encoder learned; FOLDER was filled by
`visq.systems.loda.protocol.make` or `python -m visq.systems.pmt.protocol make`, and the runs learned from its training
part. `--heart` also lets LoDa-mini learn forty pictures by heart. Thresholds in the tests are calibrated by these
files, and by nothing else.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from visq.bench import provenance
from visq.errors import OptionError, VisqError
from visq.store.tables import replacing

RESULTS = Path(__file__).parent / "results" / "trained"
#: Steps within which forty pictures are to be known by heart.
HEART = 300


def reiqa(asked: argparse.Namespace) -> dict[str, Any]:
    """R6 to R8, R10 of two encoders."""
    from visq.media import open_image
    from visq.systems.reiqa import open_encoders, trials
    from visq.train.data.image_cache import rgb

    paths = sorted(str(path) for path in Path(asked.folder).iterdir() if path.is_file())
    photographs = [np.ascontiguousarray(rgb(open_image(path).pixels, path)) for path in paths]
    found = trials.run(open_encoders(asked.quality, asked.content), photographs, seed=0)
    return {"photographs": len(photographs), **asdict(found)}


def loda(asked: argparse.Namespace) -> dict[str, Any]:
    """L8, L9, L11 of the network and its ablations, and L7 on request."""
    from visq.evaluate import srcc
    from visq.media import open_image
    from visq.systems.loda import judge, protocol
    from visq.systems.loda.adapter import load

    part = protocol.held_out_part(asked.folder)
    types = [protocol.type_of(name) for name in part.names]
    said = {
        name: protocol.predictions(load(getattr(asked, name.replace("-", "_")), asked.vit, asked.cnn or "public"), part)
        for name in ("loda", "probe", "no-tokens")
    }
    gains = {name: protocol.gains(said["loda"], said[name], part.scores, types) for name in ("probe", "no-tokens")}
    spread = [
        judge(open_image(path).pixels, model=asked.loda, vit=asked.vit, cnn=asked.cnn, crops="random15").spread
        for path in part.paths[:: max(1, len(part) // 40)]
    ]
    return {
        "pictures": len(part),
        "srcc": {name: srcc(scores, part.scores) for name, scores in said.items()},
        "gains": {name: {**asdict(one), "local": one.local} for name, one in gains.items()},
        "spread_random15": float(np.mean(spread)),
        **({"by_heart": _by_heart(asked)} if asked.heart else {}),
    }


def _by_heart(asked: argparse.Namespace) -> dict[str, Any]:
    """How many steps until the network orders forty pictures as they were labelled."""
    from visq.systems.loda.protocol import memorising
    from visq.train import fit, load

    one = memorising(load("loda-mini"), HEART)
    options = {**one.options, "dataset": "folder", "vit": asked.vit, "cnn": asked.cnn or "public", "calibration": 0.0}
    one = replace(one, options=options, seed=asked.start, validation=replace(one.validation, every=20))
    with tempfile.TemporaryDirectory() as folder:
        fitted = fit(one, data=asked.folder, into=folder, cpu=True, tensorboard=False)
    best = fitted.best or {"step": 0, "measures": {"srcc": float("nan")}}
    return {"step": best["step"], "srcc": best["measures"]["srcc"]}


def pmt(asked: argparse.Namespace) -> dict[str, Any]:
    """T5 to T9 of one run, its halves judged by another."""
    from visq.systems.pmt.protocol import measure

    return measure(asked.folder, *asked.runs)


def kept(path: Path, start: int, figures: dict[str, Any]) -> dict[str, Any]:
    """The file with the figures of one start in it."""
    found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"starts": []}
    entry = {"start": start, "made": provenance.made_with(), **figures}
    found["starts"] = sorted(
        [*(one for one in found["starts"] if one["start"] != start), entry], key=lambda one: one["start"]
    )
    return found


SYSTEMS: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {"reiqa": reiqa, "loda": loda, "pmt": pmt}


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="system", required=True)
    each = {name: commands.add_parser(name, help=work.__doc__) for name, work in SYSTEMS.items()}
    for one in each.values():
        one.add_argument("folder")
        one.add_argument("--start", type=int, required=True, help="the number of the random start")
        one.add_argument("--as", dest="called", help="how the file of results is called (as the system)")
        one.add_argument("--into", type=Path, default=RESULTS, help="where results are kept")
    for option in ("--quality", "--content"):
        each["reiqa"].add_argument(option, required=True, help="a checkpoint")
    for option in ("--vit", "--loda", "--probe", "--no-tokens"):
        each["loda"].add_argument(option, required=True, help="a checkpoint")
    each["loda"].add_argument("--cnn", help="parameters of the CNN (its public ones)")
    each["loda"].add_argument("--heart", action="store_true", help="also learn forty pictures by heart")
    each["pmt"].add_argument("runs", nargs=2, help="two checkpoints: measured, and who judges its halves")
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> int:
    """Measure one start, and keep it."""
    asked = arguments(given)
    path = asked.into / f"{asked.called or asked.system}.json"
    try:
        if not Path(asked.folder).is_dir():
            raise OptionError(f"{asked.folder} is no folder", expected="a folder of pictures")
        figures = SYSTEMS[asked.system](asked)
        found = kept(path, asked.start, figures)
        asked.into.mkdir(parents=True, exist_ok=True)
        with replacing(str(path)) as file:
            file.write(json.dumps(found, indent=1).encode() + b"\n")
    except VisqError as error:
        print(error, file=sys.stderr)
        return 2
    print(json.dumps(figures, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
