"""The learned systems side by side on BIQ2021: one table, the same pictures, every random start with its intervals.

python benchmarks/biq2021.py ROOT --runs RUNS.toml                          the validation part of the trainings
python benchmarks/biq2021.py ROOT --runs RUNS.toml --split official:test    the test part: once all is chosen
python benchmarks/biq2021.py                                                the page again, out of results/biq2021

RUNS.toml names the files of every row (`biq2021_rows.py` says how). Scores of single pictures are kept in --work, by
the content of models and pictures: the same command goes on where it was ended, and a row that is added later costs its
own scores alone. Writes `results/biq2021/PART.json`, `PART-scores.csv` with the score of every picture, and
`docs/biq2021.md`, of the test part where there is one. Starts that were published before stay, though their files be
gone (`biq2021_kept.py`); `--anew` forgets them.
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

import biq2021_kept
import biq2021_page
import visq
from biq2021_judged import Table
from biq2021_kept import Kept, rounded
from biq2021_rows import APART, ROWS, Start, read
from visq.bench import provenance, timing
from visq.bench.plan import Plan, Source
from visq.bench.scoring import Scores, Work, score
from visq.cli.options import job_count
from visq.errors import OptionError, VisqError
from visq.evaluate import as_dict
from visq.store.tables import replacing
from visq.train.data.splits import parts

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "biq2021"
PAGE = HERE.parent / "docs" / "biq2021.md"
WORK = HERE.parent / ".bench" / "biq2021"
#: As --split names them, and what their files are called.
SPLITS = {"validation": "validation", "official:test": "test"}


def planned(root: str, split: str, starts: Sequence[Start], *, database: str = "biq2021", limit: int = 0) -> Plan:
    """The pictures that are judged, and all that is measured on them.

    The validation part is drawn out of the training part as the recipes draw it; of the test part no picture is opened
    then.
    """
    dataset = visq.dataset(database, root)
    if dataset.spec.lower_is_better:
        raise OptionError(f"scores of {database} fall with quality", expected="a database whose scores rise")
    if split == "official:test":
        chosen = list(dataset.official()["test"])
    else:
        chosen = list(parts(dataset, **APART, scale="fit").validation.indices)
    kept = chosen[:limit] if limit else chosen
    requests = {one.request.identity: one.request for one in starts}
    source = Source(database, root, more=SPLITS[split])
    return Plan(source, dataset.subset(kept), tuple(requests.values()), split, limit, len(chosen))


def scored(plan: Plan, folder: Path, *, jobs: int = 1) -> Scores:
    """Scores of all of it, one model after the other: each is opened once, whatever its size."""
    if not plan.requests:
        return Scores({}, (), (), {})
    folder.mkdir(parents=True, exist_ok=True)
    done, total = 0, len(plan.requests) * len(plan.dataset.samples)

    def tell() -> None:
        nonlocal done
        done += 1
        if done % 25 == 0 or done == total:
            print(f"\r{done}/{total} scores", end="", file=sys.stderr, flush=True)

    for one in plan.requests:
        # Fifteen crops of a picture take a second or two on one core; a busy machine may take ten times as long.
        score(replace(plan, requests=(one,)), str(folder), Work(jobs, timeout=120.0, on_done=tell))
    print(file=sys.stderr)
    return score(plan, str(folder))


def timed(plan: Plan, starts: Sequence[Start], folder: Path) -> dict[str, float]:
    """Processor seconds a picture, by row: of its first start, as the others are of the same network."""
    if not plan.requests:
        return {}
    first = {one.row.id: one.request for one in reversed(starts)}
    found = timing.measure(
        replace(plan, requests=tuple({one.identity: one for one in first.values()}.values())), str(folder),
        provenance.made_with(),
    )  # fmt: skip
    return {row: found[one.identity].seconds for row, one in first.items() if one.identity in found}


def table(
    plan: Plan, starts: Sequence[Start], scores: Scores, seconds: dict[str, float], *, samples: int, seed: int = 0
) -> dict[str, Any]:
    """All that is published but the scores of single pictures, as plain data."""
    dataset = plan.dataset
    judged = Table(starts, scores.values, dataset.scores, dataset.groups, samples=samples, seed=seed)
    rows = [{**one, "seconds": seconds.get(one["row"])} for one in judged.rows()]
    found: dict[str, Any] = as_dict(
        {
            "database": dataset.spec.title, "part": SPLITS[plan.split], "trial": bool(plan.limit),
            "pictures": int(judged.common.size), "left_out": judged.left_out,
            "failures": [{"image": one.image, "reason": one.reason} for one in scores.failures],
            "apart": APART, "samples": samples, "seed": seed, "made": provenance.made_with(), "rows": rows,
            "claims": judged.claims(), "against": judged.against(),
        }
    )  # fmt: skip
    return found


def write(found: dict[str, Any], folder: Path, page: Path) -> None:
    """The part's JSON, and the page of what there is."""
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(str(folder / f"{found['part']}.json")) as file:
        file.write(json.dumps(found, indent=1).encode() + b"\n")
    render(folder, page)


def render(folder: Path, page: Path) -> None:
    """The page again: of the test part where it was judged."""
    here = [folder / f"{name}.json" for name in ("test", "validation") if (folder / f"{name}.json").is_file()]
    if not here:
        raise OptionError(f"{folder} holds no results", expected="a run before")
    found = json.loads(here[0].read_text(encoding="utf-8"))
    named = {row.id: row for row in ROWS}
    for row in found["rows"]:
        # What is said of a row is that of today, whenever it was judged.
        if one := named.get(row["row"]):
            row.update(title=one.title, note=one.note)
    text = biq2021_page.page(found)
    with replacing(str(page)) as file:
        file.write(text.encode())


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", nargs="?", help="the folder of BIQ2021; without: the page again")
    parser.add_argument("--runs", type=Path, help="the files of the rows, as TOML")
    parser.add_argument("--split", choices=list(SPLITS), default="validation", help="which pictures (validation)")
    parser.add_argument("--jobs", default="1", help="pictures at the same time; auto for one a core (1)")
    parser.add_argument("--samples", type=int, default=2000, help="draws of the bootstrap (2000)")
    parser.add_argument("--limit", type=int, default=0, help="a trial on the first pictures; needs --into")
    parser.add_argument("--no-speed", action="store_true", help="do not measure processor times")
    parser.add_argument("--work", type=Path, default=WORK, help="where scores of pictures are kept (.bench/biq2021)")
    parser.add_argument("--into", type=Path, help="a folder for results and page, in the place of the repository's")
    parser.add_argument("--anew", action="store_true", help="forget starts that were published before")
    parser.add_argument("--dataset", default="biq2021", help="another database with an official split")
    found = parser.parse_args(given)
    if (found.limit or found.dataset != "biq2021") and found.into is None:
        parser.error("a trial is not published: name a folder, --into")
    return found


def run(asked: argparse.Namespace, folder: Path, page: Path) -> int:
    """Score what lacks, judge, write."""
    named = read(asked.runs)
    whole = planned(asked.root, asked.split, named, database=asked.dataset, limit=asked.limit)
    part, images = SPLITS[asked.split], [one.image for one in whole.dataset.samples]
    kept = Kept() if asked.anew else biq2021_kept.read(folder, part, images)
    new = [one for one in named if one.request.identity not in kept.values]
    plan = replace(whole, requests=tuple(one for one in whole.requests if one.identity not in kept.values))
    scores = scored(plan, asked.work, jobs=job_count(asked.jobs))
    without = [one for one in new if not np.isfinite(scores.values[one.request.identity]).any()]
    for one in without:
        print(f"{one.row.id}, start {one.number}: no picture was scored", file=sys.stderr)
    if without:
        print(*{failure.reason for failure in scores.failures}, sep="\n", file=sys.stderr)
        return 1
    untimed = [] if asked.no_speed else [one for one in new if one.row.id not in kept.seconds]
    seconds = {**timed(plan, untimed, asked.work), **kept.seconds}
    starts, every = kept.with_new(named), replace(scores, values={**kept.values, **rounded(scores.values)})
    found = table(whole, starts, every, seconds, samples=asked.samples)
    folder.mkdir(parents=True, exist_ok=True)
    biq2021_kept.write(folder, part, images, starts, every.values)
    write(found, folder, page)
    return 0


def main(given: Sequence[str] | None = None) -> int:
    """The table, or its page alone."""
    asked = arguments(given)
    folder, page = (asked.into, asked.into / "biq2021.md") if asked.into else (RESULTS, PAGE)
    try:
        if asked.root is None:
            render(folder, page)
            return 0
        return run(asked, folder, page)
    except VisqError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
