"""Leader-boards made from numbers, without reading a picture."""

from __future__ import annotations

import dataclasses

import numpy as np

from visq.bench import judging, plan
from visq.bench.overall import overall
from visq.bench.scoring import Failure, Scores
from visq.bench.timing import Time

MADE = {
    "command": "visq bench folder=rated -m psnr,ssim,mse -o out",
    "date": "2026-01-02",
    "visq": "0.0",
    "python": "3.11",
    "packages": {"numpy": "2.0"},
    "machine": {"processor": "P", "cores": 2, "memory_gib": 4.0, "system": "Linux 6"},
}
METRICS = "psnr,ssim,mse,gmsd,vif_p"


def verdict(folder, *, failures=(), limit=0, metrics=METRICS, names=None, samples=150):
    """Metrics from good to useless on a folder of rated pictures; the last has failed on all of them."""
    [made] = plan.make([plan.source(f"folder={folder}")], [metrics], limit=limit)
    if names:
        renamed = [dataclasses.replace(s, **names) for s in made.dataset.samples]
        made = dataclasses.replace(made, dataset=dataclasses.replace(made.dataset, samples=tuple(renamed)))
    people = made.dataset.scores
    rng = np.random.default_rng(0)
    values, times = {}, {}
    for place, one in enumerate(made.requests):
        sign = -1 if one.spec.lower_is_better else 1
        values[one.identity] = sign * people + rng.normal(0, 0.25 * 3**place, people.size)
        times[one.identity] = Time(0.001 * 4**place, 0.1 * 4**place, 5)
    values[made.requests[-1].identity][:] = np.nan
    hashes = tuple(f"{i:064x}" for i in range(people.size))
    scores = Scores(values, tuple(failures), hashes, {})
    return judging.judge(made, scores, times, samples=samples)


def hostile(folder):
    """Names that a page must not take for mark-up, in every place that shows one."""
    name = '"><script>alert(1)</script>&\u202e|`x`\n#'
    failures = [Failure(name, ("psnr@1",), f"cannot be read: {name}")]
    return verdict(folder, failures=failures, names={"distortion": name, "image": name + ".png"})


def results(*verdicts):
    return MADE, verdicts, overall(verdicts)
