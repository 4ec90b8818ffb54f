"""How visq-nr does on the test part of BIQ2021 beyond the leader-board: its intervals, and its three sources.

visq bench biq2021=ROOT --split official:test -m visq_nr,brisque,niqe,piqe,cnniqa,nima -o bench
python benchmarks/nr_test_part.py bench          into results/nr_test_part.json

Reads what `visq bench` kept. A row is a file of visq-nr's: the one that ships, and others that were named by `model=`.
"""

from __future__ import annotations

import argparse
import csv
import json
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import binomtest

from visq.evaluate import plcc, srcc

HERE = Path(__file__).parent
#: Opinions of BIQ2021 lie in 0..1, scores in 0..100.
POINTS = 100.0


def figures(scores: Any, lower: Any, upper: Any, opinions: Any) -> dict[str, Any]:
    """Agreement, and how many opinions lie within the intervals, with Wilson's 95 % interval."""
    inside = (lower <= opinions) & (opinions <= upper)
    share = binomtest(int(inside.sum()), len(inside)).proportion_ci(method="wilson")
    return {
        "photographs": len(scores),
        "srcc": srcc(scores, opinions),
        "plcc": plcc(scores, opinions),
        "rmse": float(np.sqrt(np.mean((scores - opinions) ** 2))),
        "covered": float(inside.mean()),
        "covered_95": [float(share.low), float(share.high)],
        "width": float(np.mean(upper - lower)),
    }


def rows(folder: Path) -> dict[str, Any]:
    """Of every file of visq-nr the figures, whole and by source."""
    with (folder / "scores" / "biq2021.csv").open(newline="") as file:
        rated = {row["image"]: (POINTS * float(row["score"]), row["distortion"]) for row in csv.DictReader(file)}
    kept = sqlite3.connect(f"file:{folder / 'scores' / 'biq2021.sqlite'}?mode=ro", uri=True)
    found = {}
    query = "SELECT image, value, extras FROM scores WHERE identity = ? AND status = 'ok'"
    for (identity,) in kept.execute("SELECT DISTINCT identity FROM scores WHERE metric = 'visq_nr'").fetchall():
        each = [(rated[image], value, json.loads(extras)) for image, value, extras in kept.execute(query, (identity,))]
        opinions, sources = np.array([r[0][0] for r in each]), np.array([r[0][1] for r in each])
        scores, lower, upper = (
            np.array(c) for c in zip(*((v, x["lower"], x["upper"]) for _, v, x in each), strict=True)
        )
        found[identity] = {"all": figures(scores, lower, upper, opinions)}
        for source in np.unique(sources):
            own = sources == source
            found[identity][str(source)] = figures(scores[own], lower[own], upper[own], opinions[own])
    return found


def main() -> None:
    """Write the figures of a folder of `visq bench`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    found = rows(parser.parse_args().folder)
    (HERE / "results" / "nr_test_part.json").write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps({name: parts["all"] for name, parts in found.items()}, indent=1))


if __name__ == "__main__":
    main()
