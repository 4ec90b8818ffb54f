"""How long metrics take: processor time on the same few pictures, in a process of its own with one thread.

Pictures are decoded before the clock starts. Each metric is called once without it (kernels are compiled, tables made),
then on picture after picture, all metrics in turn on each; the shortest of up to five calls counts, and the median over
pictures is reported. Processor time, not wall time: what else runs on the machine hardly changes it.
"""

from __future__ import annotations

import hashlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from visq.bench.plan import Plan
from visq.errors import VisqError
from visq.run.tasks import Request, request
from visq.store.tables import replacing

#: Pictures that times are taken on, spread evenly over the database.
PICTURES = 5
_CALLS = 5
_ENOUGH_SECONDS = 0.5
_WORKER = (sys.executable, "-P", "-m", "visq.bench.timing")


@dataclass(frozen=True, slots=True)
class Time:
    """Processor seconds a picture, and a megapixel: medians over `pictures`."""

    seconds: float
    per_megapixel: float
    pictures: int


def measure(
    plan: Plan,
    folder: str,
    made_with: Mapping[str, Any],
    *,
    skip: Sequence[str] = (),
    on_done: Callable[[], None] = lambda: None,
) -> dict[str, Time]:
    """Times by identity, of every metric of a plan but those in `skip`. Kept in `folder`, and taken from there.

    Parameters
    ----------
    plan : Plan
    folder : str
        Where NAME.times.json lies.
    made_with : mapping
        Facts of the machine and versions: times of another machine are not these.
    skip : sequence of str
        Identities of metrics that gave no score.
    on_done : callable
        Called after every metric on every picture.
    """
    tasks = _sample(plan)
    path = Path(folder) / f"{plan.name}.times.json"
    key = _key(tasks, made_with)
    kept = _read(path, key)
    wanted = [one for one in plan.requests if one.identity not in skip and one.identity not in kept]
    if wanted:
        kept |= _run(wanted, tasks, on_done)
        with replacing(str(path)) as file:
            file.write(json.dumps({"key": key, "times": kept}, indent=1).encode() + b"\n")
    sizes = kept.get("", {})
    return {one.identity: _time(kept[one.identity], sizes) for one in plan.requests if kept.get(one.identity)}


def count(plan: Plan) -> int:
    """Calls of `on_done` at most."""
    return len(plan.requests) * min(PICTURES, len(plan.dataset.samples))


def _sample(plan: Plan) -> list[tuple[str, str]]:
    n = len(plan.dataset.samples)
    chosen = sorted({(2 * k + 1) * n // (2 * PICTURES) for k in range(PICTURES)})
    pairs = [plan.dataset.paths(i) for i in chosen]
    return [(os.fspath(image), os.fspath(reference) if reference else "") for image, reference in pairs]


def _key(tasks: list[tuple[str, str]], made_with: Mapping[str, Any]) -> str:
    machine = made_with["machine"]
    text = json.dumps([tasks, made_with["visq"], made_with["packages"], machine["processor"], machine["system"]])
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:16]


def _read(path: Path, key: str) -> dict[str, dict[str, float]]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found["times"] if isinstance(found, dict) and found.get("key") == key else {}


def _time(seconds: Mapping[str, float], sizes: Mapping[str, float]) -> Time:
    per_megapixel = [s / sizes[picture] for picture, s in seconds.items() if sizes.get(picture)]
    return Time(
        statistics.median(seconds.values()),
        statistics.median(per_megapixel) if per_megapixel else float("nan"),
        len(seconds),
    )


def _run(
    requests: Sequence[Request], tasks: list[tuple[str, str]], on_done: Callable[[], None]
) -> dict[str, dict[str, float]]:
    """Seconds by identity and picture; under "" the megapixels of each picture.

    What a process had measured that ended early is kept: no leader-board fails for the sake of its times.
    """
    environment = dict(os.environ)
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        environment[name] = "1"
    process = subprocess.Popen(
        _WORKER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    )
    found: dict[str, dict[str, float]] = {}
    try:
        if process.stdin is None or process.stdout is None:
            raise VisqError("times cannot be measured: the process has no pipes")
        config = {"metrics": [[one.id, one.options] for one in requests], "tasks": tasks}
        process.stdin.write(json.dumps(config).encode() + b"\n")
        process.stdin.close()
        for line in process.stdout:
            metric, picture, value = json.loads(line)
            identity = "" if metric < 0 else requests[metric].identity
            found.setdefault(identity, {})[str(picture)] = value
            if metric >= 0:
                on_done()
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
    return found


def main() -> int:
    """The process that measures: one JSON line in, a line for each metric and picture out."""
    from visq.api import Metric
    from visq.media import open_image
    from visq.ops.threads import set_threads

    config = json.loads(sys.stdin.readline())
    set_threads(1)
    metrics = [Metric(one.spec, one.options) for one in (request(*parts) for parts in config["metrics"])]
    warm = [False] * len(metrics)
    for number, (image_path, reference_path) in enumerate(config["tasks"]):
        try:
            image = open_image(image_path).pixels
            reference = open_image(reference_path).pixels if reference_path else None
        except VisqError:
            continue
        _say(-1, number, image.shape[0] * image.shape[1] / 1e6)
        for index, metric in enumerate(metrics):
            arguments = (image, reference) if metric.spec.takes_reference else (image,)
            try:
                if not warm[index]:
                    metric(*arguments)
                    warm[index] = True
                _say(index, number, seconds(lambda m=metric, a=arguments: m(*a)))  # type: ignore[misc]
            except Exception:  # a picture that this metric does not take: its row of scores says so
                continue
    return 0


def seconds(call: Callable[[], Any]) -> float:
    """Processor seconds of the shortest of up to five calls; one alone where that takes half a second."""
    best, spent = float("inf"), 0.0
    for _ in range(_CALLS):
        begun = time.process_time()
        call()
        took = time.process_time() - begun
        best, spent = min(best, took), spent + took
        if spent > _ENOUGH_SECONDS:
            break
    return best


def _say(*parts: Any) -> None:
    sys.stdout.write(json.dumps(parts) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
