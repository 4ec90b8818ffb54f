"""What passes between a plan, an engine and its workers: small frozen data that survives a pipe."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from visq import catalog
from visq.types import MetricSpec, ScoreRecord
from visq.weights import identity
from visq.weights.stand_in import check

RECORD_FIELDS = tuple(f.name for f in fields(ScoreRecord))
# What a record says of the picture, whatever the metric.
PICTURE_FIELDS = ("width", "height", "bit_depth", "sha256", "warnings")


@dataclass(frozen=True, slots=True)
class Task:
    """One image to score, with its reference where there is one.

    Attributes
    ----------
    item : int
        Place among the inputs: tables are sorted by it.
    image, reference : str
        Paths as given or found; an empty reference means none. Undecodable bytes are surrogate escapes.
    only : tuple of int, optional
        Indices of the metrics still wanted; None means all.
    map_stem : str
        Where maps go: the path of a map without `.METRIC.png`. Empty: no maps.
    """

    item: int
    image: str
    reference: str = ""
    only: tuple[int, ...] | None = None
    map_stem: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """How files are read: ceilings by the names of `visq.media.Limits`, and whether a truncated file is scored.

    With `features`, references are files of features (`visq.features`) and not images.
    """

    limits: dict[str, int] = field(default_factory=dict)
    allow_truncated: bool = False
    features: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """One metric with its options, described so that it can be sent to another process.

    `identity` is the key of its scores: metric, version, options, and the content (not the path) of parameter files.
    """

    id: str
    options: dict[str, Any]
    identity: str

    @property
    def spec(self) -> MetricSpec:
        return catalog.get(self.id)


def request(name: str, options: dict[str, Any] | None = None) -> Request:
    """A checked request for the metric called `name`, which can be computed on this machine.

    Raises
    ------
    UnknownMetricError, OptionError
        As the catalogue raises them.
    WeightsError, MissingExtraError
        What it rests on is not here (`visq.weights.stand_in.check`).

    Examples
    --------
    >>> request("psnr", {"channels": "luma"}).identity
    'psnr@1(channels=luma)'
    """
    spec = catalog.get(name)
    checked = catalog.check_options(spec, options or {})
    check(spec, checked)
    return Request(spec.id, checked, identity(spec, checked))


def failed(task: Task, wanted: Request, reason: str, **known: Any) -> ScoreRecord:
    """The row of a score that could not be had; `known` fills further fields (size, hash, warnings)."""
    spec = wanted.spec
    return ScoreRecord(
        image=task.image,
        reference=task.reference,
        metric=spec.id,
        version=spec.version,
        value=None,
        status="error",
        error=reason,
        identity=wanted.identity,
        lower_is_better=spec.lower_is_better,
        **known,
    )


def wanted_by(task: Task, requests: tuple[Request, ...]) -> list[Request]:
    """The requests a task still wants."""
    return list(requests) if task.only is None else [requests[i] for i in task.only]
