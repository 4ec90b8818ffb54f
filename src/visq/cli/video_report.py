"""What `visq video` prints: pooled scores on standard output, errors and notes on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from visq.cli import layout
from visq.cli.messages import counted, say
from visq.cli.text import name, number
from visq.errors import VisqError
from visq.store.names import escape

if TYPE_CHECKING:
    from visq.cli.video import _Run
    from visq.run.tasks import Request
    from visq.video.scores import Curve, VideoScores

_RESULT = "result"


@dataclass(frozen=True)
class Judged:
    """One metric on one video: the scores of its frames as one, or why there are none."""

    video: str
    reference: str
    request: Request
    frames: int = 0
    failed_frames: int = 0
    pooled: dict[str, float | None] = field(default_factory=dict)
    error: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @classmethod
    def failed(cls, video: str, reference: str, request: Request, error: str) -> Judged:
        """A video that could not be scored."""
        return cls(video, reference, request, error=error)

    def record(self) -> dict[str, Any]:
        """As `--json` prints it."""
        spec = self.request.spec
        return {
            "video": escape(self.video), "reference": escape(self.reference), "metric": spec.id,
            "version": spec.version, "pooled": self.pooled, "frames": self.frames, "failed_frames": self.failed_frames,
            "status": "error" if self.error else "ok", "error": self.error, "identity": self.request.identity,
            "lower_is_better": spec.lower_is_better, **self.facts, "warnings": list(self.warnings),
        }  # fmt: skip


def judged(run: _Run, file: str, scores: VideoScores) -> list[Judged]:
    """A line for each metric; what failed is said at once."""
    meta = scores.meta
    facts = {
        "width": meta.width, "height": meta.height, "bit_depth": meta.bit_depth, "plane": meta.plane,
        "rate": float(meta.rate) if meta.rate else None,
    }  # fmt: skip
    found = []
    for one, curve in zip(run.requests, scores.values(), strict=True):
        pooled, error = _pooled(curve, run.pools)
        if error:
            run.problem(f"{name(file)}: {error}")
        found.append(
            Judged(file, run.reference, one, len(curve), len(curve.errors), pooled, error, facts, scores.warnings)
        )
    if scores.warnings:
        run.note(f"{name(file)}: {'; '.join(scores.warnings)} (see docs/video.md)")
    return found


def _pooled(curve: Curve, pools: Sequence[str]) -> tuple[dict[str, float | None], str]:
    """Scores by pooling, and why one is missing."""
    error = ""
    if curve.errors:
        index, why = next(iter(curve.errors.items()))
        every = curve.spec.stream or len(curve.errors) >= len(curve)
        error = why if every else f"{len(curve.errors)} of {len(curve)} frames were not scored; frame {index}: {why}"
    if curve.spec.stream:
        value = None if curve.result is None else float(curve.result)
        return {_RESULT: value}, error
    found: dict[str, float | None] = {}
    for how in pools:
        found[how] = None
        if not curve.scored.size:
            continue
        try:
            found[how] = float(curve.pool(how))
        except VisqError as problem:
            error = error or str(problem)
    return found, error


def report(run: _Run, rows: list[Judged]) -> bool:
    """Print everything; returns whether a gate failed."""
    if run.given["as_json"]:
        text = ",\n".join(json.dumps(row.record(), ensure_ascii=False, allow_nan=False) for row in rows)
        click.echo(f"[\n{text}\n]".encode())
    elif sys.stdout.isatty():
        _for_terminal(run, rows)
    else:
        for line in _lines(run, rows):
            click.echo(line.encode())
    if run.given["output"] and not run.given["quiet"]:
        say(f"scores of each frame are in {run.given['output']}")
    return _gates(run, rows)


def _columns(run: _Run) -> list[str]:
    kinds = {bool(one.spec.stream) for one in run.requests}
    return [*(run.pools if False in kinds else ()), *([_RESULT] if True in kinds else ())]


def _lines(run: _Run, rows: Sequence[Judged]) -> Iterator[str]:
    """Tab-separated: a header, then a line for each video and metric."""
    columns = _columns(run)
    yield "\t".join(["video", "metric", "frames", *columns])
    for row in rows:
        values = [_text(row, column, repr) for column in columns]
        yield "\t".join([name(row.video), run.labels[row.request.identity], str(row.frames), *values])


def _for_terminal(run: _Run, rows: Sequence[Judged]) -> None:
    """One table of all metrics where there is one video, else a table of all videos for each metric."""
    columns = _columns(run)
    width = layout.terminal_width(to_stderr=False)
    titles = ["frames", *columns]
    if len(run.files) == 1:
        cells = [(_title(run, row.request), _cells(row, columns)) for row in rows]
        layout.show(layout.names_and_numbers("metric", titles, cells, width), to_stderr=False)
        return
    for place, one in enumerate(run.requests):
        if place:
            click.echo()
        cells = [(name(row.video), _cells(row, columns)) for row in rows if row.request is one]
        layout.show(layout.names_and_numbers(_title(run, one), titles, cells, width), to_stderr=False)


def _title(run: _Run, one: Request) -> str:
    return f"{run.labels[one.identity]} {'↓' if one.spec.lower_is_better else '↑'}"


def _cells(row: Judged, columns: Sequence[str]) -> list[str]:
    return [str(row.frames), *(_text(row, column, number) for column in columns)]


def _text(row: Judged, column: str, shown: Any) -> str:
    value = row.pooled.get(column)
    if value is not None:
        return shown(value)
    return "error" if row.error and (column in row.pooled or not row.pooled) else "-"


def _gates(run: _Run, rows: Sequence[Judged]) -> bool:
    """Say which gates failed. A score equal to the limit passes."""
    failed = False
    for gate in run.gates:
        worse = []
        for row in rows:
            if row.request.identity != gate.identity:
                continue
            value = next(iter(row.pooled.values()), None)
            if value is not None and (value > gate.limit if gate.lower_is_better else value < gate.limit):
                worse.append((value, row.video))
        if worse:
            failed = True
            value, video = (max if gate.lower_is_better else min)(worse)
            how = counted(len(worse), "video") + " worse, the worst is"
            say(f"gate failed: {gate}: {how} {name(video)} with {value:.6g}")
    return failed


__all__ = ["Judged", "judged", "report"]
