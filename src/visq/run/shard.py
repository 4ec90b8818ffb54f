"""Scores of a few tasks, one after the other, in this process: no engine, no table, no terminal.

Every task gives exactly one `ScoreRecord` for each metric it wants. A file that cannot be read gives an error record
for each of them, with the same reason, so that a table always has images times metrics rows.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from visq.errors import ReadError, SizeError, VisqError, warnings_to
from visq.features import FeatureFile
from visq.media.source import printable
from visq.run.tasks import Reading, Request, Task, failed, wanted_by
from visq.types import MetricSpec, ScoreRecord

if TYPE_CHECKING:
    from visq.api import Metric

# References kept decoded: one shared by many images is decoded once. In bytes, so that large ones do not pile up.
_REFERENCE_BYTES = 200_000_000
_REFERENCES = 16
# More than this is given up as soon as a pair wants another reference.
_IDLE_BYTES = 50_000_000


class Scorer:
    """Metrics bound once, ready for any number of tasks."""

    def __init__(self, requests: Iterable[Request], reading: Reading | None = None) -> None:
        from visq.api import Metric
        from visq.media import Limits

        reading = reading or Reading()
        self.requests = tuple(requests)
        self._metrics = {r.identity: Metric(r.spec, r.options) for r in self.requests}
        self._limits = Limits(**reading.limits)
        self._allow_truncated = reading.allow_truncated
        self._features = reading.features
        self._references: OrderedDict[str, Any] = OrderedDict()
        self._told: set[tuple[Any, ...]] = set()

    def load(self) -> None:
        """Import now what the first task would import, and read its weights: that time is not the image's."""
        from visq.media import open_image

        for metric in self._metrics.values():
            _ = open_image, metric.function
            if (metric.spec.extra or metric.spec.on_a_graph) and metric.spec.kind != "video":
                _rehearse(metric)

    def announced_pixels(self, task: Task) -> int:
        """Pixels of the larger picture of a task by the headers of its files, 0 where they cannot be read."""
        from visq.media.reader import announced_pixels

        files = [task.image] if self._features or not task.reference else [task.image, task.reference]
        with suppress(Exception):  # told when it is scored
            return max(announced_pixels(file, self._limits) for file in files)
        return 0

    def score(self, task: Task) -> list[ScoreRecord]:
        """One record for each metric the task wants. Never raises for a bad file or a metric that fails."""
        return [record for record in self.steps(task) if isinstance(record, ScoreRecord)]

    def steps(self, task: Task) -> Iterator[ScoreRecord | int]:
        """The records of `score`, each as soon as it is there, after the image's number of pixels, once it is read."""
        wanted = wanted_by(task, self.requests)
        if task.reference not in self._references and self._held() > _IDLE_BYTES:
            # Large references of earlier pairs would stand beside this pair.
            self._references.clear()
        known: dict[str, Any] = {}
        about = mismatch = ""
        try:
            image = self._open(task.image)
            known = _known(image.meta)
            reference = None
            if task.reference:
                about = f"reference {printable(task.reference)}: "
                reference = self._reference(task.reference)
                about = ""
                mismatch = _size_mismatch(image, reference)
        except Exception as error:
            reason = about + _reason(error, task.reference if about else task.image)
            yield 0
            yield from (failed(task, w, reason, **known) for w in wanted)
            return
        if reference is not None:
            found = reference.warnings if self._features else reference.meta.warnings
            known["warnings"] += tuple(f"reference {w}" for w in found)
        yield image.width * image.height
        for w in wanted:
            if mismatch and not w.options.get(w.spec.size_option):
                yield failed(task, w, mismatch, **known)
            else:
                yield self._one(task, w, image, reference, known)

    def _one(self, task: Task, wanted: Request, image: Any, reference: Any, known: dict[str, Any]) -> ScoreRecord:
        metric = self._metrics[wanted.identity]
        spec = metric.spec
        said: list[str] = []
        try:
            with warnings_to(said.append, self._told):
                value = self._value(task, metric, wanted, image, reference)
            extras = dict(getattr(value, "extras", {}))
            value = float(value)
        except Exception as error:
            return failed(task, wanted, _reason(error, ""), **known)
        wrong = next((f"{n} is {v}" for n, v in {"the score": value, **extras}.items() if not math.isfinite(v)), "")
        if wrong:
            return failed(task, wanted, f"{spec.id}: {wrong}, which is not a number to compare", **known)
        return ScoreRecord(
            image=task.image,
            reference=task.reference,
            metric=spec.id,
            version=spec.version,
            value=value,
            status="ok",
            identity=wanted.identity,
            lower_is_better=spec.lower_is_better,
            extras=extras,
            **known | {"warnings": known["warnings"] + _warned(spec.id, said)},
        )

    def _value(self, task: Task, metric: Any, wanted: Request, image: Any, reference: Any) -> Any:
        if task.map_stem and metric.spec.has_map:
            value, values_map = metric.score_and_map(image, reference)
            _save_map(task, wanted, metric.spec, values_map, float(value), image)
            return value
        if not self._features:
            return metric(image, reference)
        return metric.compare(reference.of(metric.spec, wanted.identity), image)

    def _open(self, path: str) -> Any:
        from visq.media import open_image

        return open_image(path, limits=self._limits, allow_truncated=self._allow_truncated)

    def _reference(self, path: str) -> Any:
        if path in self._references:
            self._references.move_to_end(path)
            return self._references[path]
        reference = FeatureFile(path) if self._features else self._open(path)
        self._references[path] = reference
        held = self._held()
        while len(self._references) > 1 and (held > _REFERENCE_BYTES or len(self._references) > _REFERENCES):
            held -= _bytes(self._references.popitem(last=False)[1])
        return reference

    def _held(self) -> int:
        return sum(map(_bytes, self._references.values()))


def _bytes(reference: Any) -> int:
    return reference.nbytes if isinstance(reference, FeatureFile) else reference.pixels.nbytes


def score_shard(
    tasks: Iterable[Task], metrics: Iterable[Request], *, reading: Reading | None = None
) -> Iterator[ScoreRecord]:
    """Records of all tasks, in their order: what every engine calls in the end.

    Parameters
    ----------
    tasks : iterable of Task
        Taken one at a time; each file is decoded once for all metrics.
    metrics : iterable of Request
        From `visq.run.tasks.request`.
    reading : Reading, optional
        Limits, and whether truncated files are scored.

    Examples
    --------
    >>> from visq.run.tasks import request
    >>> [record] = score_shard([Task(0, "nowhere.png", "nowhere.png")], [request("psnr")])
    >>> record.status, record.value
    ('error', None)
    """
    scorer = Scorer(metrics, reading)
    for task in tasks:
        yield from scorer.score(task)


def _size_mismatch(image: Any, reference: Any) -> str:
    """Why a pair cannot be compared by a metric that takes pictures of one size alone; empty where it can."""
    if (image.width, image.height) == (reference.width, reference.height):
        return ""
    error = SizeError(
        "image and reference differ in size",
        expected=f"{reference.width}x{reference.height} as the reference has",
        got=f"{image.width}x{image.height}",
        hint="Resize or crop one of them yourself: how it is done changes every score.",
    )
    return _reason(error, "")


def _warned(metric: str, said: Iterable[str]) -> tuple[str, ...]:
    """What a metric warned of, as a column of warnings takes it, where `;` parts one from the next."""
    return tuple(f"{metric}: {text.replace(';', ',')}" for text in said)


def _known(meta: Any) -> dict[str, Any]:
    return {
        "width": meta.width,
        "height": meta.height,
        "bit_depth": meta.bit_depth,
        "sha256": meta.sha256,
        "warnings": tuple(meta.warnings),
    }


def _rehearse(metric: Metric) -> None:
    """One score of the smallest picture: a network is read and made ready. What goes wrong is told with each image."""
    import numpy as np

    side = metric.spec.min_side
    picture = np.zeros((side, side, 3), np.uint8)
    with suppress(Exception):
        metric(picture, *([picture] * metric.spec.takes_reference))


def _reason(error: Exception, path: str) -> str:
    """One line that says why, without the file's name where it leads the message: the row has it already."""
    if isinstance(error, MemoryError):
        return "not enough memory for this image"
    text = str(error) if isinstance(error, VisqError) else f"unexpected {type(error).__name__}: {error}"
    text = printable(" ".join(text.split()))
    prefix = f"{printable(path)}: "
    if path and isinstance(error, ReadError) and text.startswith(prefix):
        text = text[len(prefix) :]
    return text


def _save_map(task: Task, wanted: Request, spec: MetricSpec, values_map: Any, value: float, image: Any) -> None:
    from visq.report.heatmap import save_map

    path = f"{task.map_stem}.{map_label(wanted)}.png"
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    against = f" against {printable(Path(task.reference).name)}" if task.reference else ""
    save_map(
        path,
        values_map,
        title=f"{spec.name}  {printable(Path(task.image).name)}{against}",
        lower_is_better=spec.map_lower_is_better,
        value_range=spec.map_range or spec.value_range,
        score=value,
        image=image,
    )


def map_label(wanted: Request) -> str:
    """`ssim`, or `ssim-downsample=True` where options were given: a part of a file name."""
    given = "-".join(f"{k}={v}" for k, v in sorted(wanted.options.items()))
    safe = "".join(c if c.isalnum() or c in "=-_." else "_" for c in given)
    return f"{wanted.id}-{safe}" if safe else wanted.id
