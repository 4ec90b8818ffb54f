"""`visq video`: score videos frame by frame."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from visq.cli import exits, gates, metric_option
from visq.cli.given import adding
from visq.cli.interrupts import Interruptible
from visq.cli.messages import as_options, say
from visq.cli.progress import Progress
from visq.errors import OptionError, StoreError, VisqError

if TYPE_CHECKING:
    from visq.cli.video_report import Judged
    from visq.media.video import Video
    from visq.run.tasks import Request
    from visq.video.pairs import Selection
    from visq.video.scores import VideoScores
    from visq.video.table import CurveTable

_EXAMPLES = """\b
Examples:
  visq video clip.mp4 -m niqe,brisque
  visq video copy.mp4 --reference original.mp4 -m psnr,ssim --pool mean,harmonic,p5
  visq video q20.mp4 q30.mp4 --reference original.y4m -m ssim -o curves.csv --plot curves.png
  visq video copy.yuv --reference original.yuv --size 1920x1080 --pix-fmt yuv420p10le -m psnr --plane y
"""
_REDRAW_SECONDS = 0.1

_OPTIONS = (
    click.option("-r", "--reference", metavar="REF", help="The pristine video that every FILE is compared with."),
    click.option("-m", "--metric", "metrics", multiple=True, metavar="METRIC[:OPTION=VALUE],...",
                 help="What to measure; repeat it or use commas; `all` for all. `visq list` names them.  "
                      f"[default: {','.join(metric_option.DEFAULTS['fr'])} with --reference, else "
                      f"{','.join(metric_option.DEFAULTS['nr'])}]"),
    click.option("--pool", default="mean,median,min,max", show_default=True, metavar="NAME,...",
                 help="How the scores of frames become one: mean, harmonic, median, min, max, std, p0 to p100."),
    click.option("-o", "--output", metavar="FILE", help="Write the score of every frame to FILE: .csv or .jsonl."),
    click.option("--overwrite", is_flag=True, help="Replace the files of -o and --plot."),
    click.option("--plot", metavar="FILE", help="Draw the scores over time: .png, .svg or .pdf (needs matplotlib)."),
    click.option("--json", "as_json", is_flag=True, help="Print one JSON array with a record a video and metric."),
    click.option("--start", type=click.IntRange(min=0), default=0, metavar="N", help="Begin with frame N; 0 is the "
                 "first."),
    click.option("--every", type=click.IntRange(min=1), default=1, metavar="N", help="Score each N-th frame."),
    click.option("--frames", type=click.IntRange(min=1), metavar="N", help="Score at most N frames."),
    click.option("--allow-shorter", is_flag=True, help="Compare what both have where one video ends first."),
    click.option("--any-rate", is_flag=True, help="Pair frames by number although the frame rates differ."),
    click.option("--plane", type=click.Choice(["rgb", "y"]), default="rgb", show_default=True,
                 help="`y`: the luma plane as it was coded, which ffmpeg's and libvmaf's PSNR compare."),
    click.option("--size", metavar="WxH", help="FILE and REF are raw samples (.yuv) of this size."),
    click.option("--pix-fmt", metavar="NAME", help="Pixel format of raw samples, by FFmpeg's name: yuv420p10le, "
                 "yuv422p, gray.  [default: yuv420p]"),
    click.option("--rate", type=click.FloatRange(min=0, min_open=True), metavar="FPS", help="Frames a second of raw "
                 "samples."),
    click.option("--matrix", type=click.Choice(["bt601", "bt709", "bt2020", "smpte240m", "fcc"]),
                 help="Colour matrix of videos that do not state theirs."),
    click.option("--range", "levels", type=click.Choice(["limited", "full"]),
                 help="Range of the levels of videos that do not state theirs."),
    click.option("--fail-under", multiple=True, metavar="METRIC=VALUE",
                 help="Exit with 3 if the pooled score (by the first of --pool) of any video is worse than VALUE."),
    click.option("--max-pixels", type=click.IntRange(min=1), metavar="N",
                 help="Refuse videos with larger frames.  [default: 36000000]"),
    click.option("--allow-truncated", is_flag=True,
                 help="Score the frames before the end or damage of such a file, and mark it."),
    click.option("-q", "--quiet", is_flag=True, help="No progress and no notes; errors are still printed."),
)  # fmt: skip


@click.command(name="video", epilog=f"{_EXAMPLES}\n{exits.EPILOG}")
@click.argument("files", nargs=-1, required=True, type=click.UNPROCESSED, metavar="FILE...")
@adding(_OPTIONS)
def command(files: tuple[str, ...], **given: Any) -> int:
    """Score videos frame by frame.

    Each FILE is judged by itself, or with --reference against REF: frame 0 with frame 0, and so on. Both must have one
    size, one frame rate and one number of frames: nothing is scaled, dropped or repeated. The scores of frames are
    pooled; -o keeps each of them, --plot draws them. Frames are read as R'G'B' in the file's own depth.

    Needs PyAV: pip install 'visq[video]'.
    """
    with ExitStack() as stack:
        return _Run(files, given).run(stack)


class _Run:
    """One call: what was asked for, and what has come of it."""

    def __init__(self, files: Sequence[str], given: dict[str, Any]) -> None:
        from visq.api import Metric
        from visq.media.video_container import av_module
        from visq.video import plot
        from visq.video.pairs import Selection
        from visq.video.pooling import check_all

        self.files, self.given, self.reference = files, given, given["reference"] or ""
        self.requests = _requests(given["metrics"], reference=bool(self.reference))
        self.pools = check_all(given["pool"])
        self.gates = gates.parse(given["fail_under"], self.requests)
        self.labels = metric_option.labels(self.requests)
        self.selection: Selection = Selection(given["start"], given["every"], given["frames"])
        self.reading = _reading(given)
        if given["overwrite"] and not (given["output"] or given["plot"]):
            raise OptionError("--overwrite needs -o FILE or --plot FILE, which it is about")
        if given["plot"]:
            plot.check_path(given["plot"], overwrite=given["overwrite"])
        av_module()
        self.metrics = [Metric(one.spec, one.options) for one in self.requests]
        self.curves: list[tuple[str, VideoScores]] = []
        self.problems = 0
        self._lines: list[str] = []

    def run(self, stack: ExitStack) -> int:
        from visq.cli import video_report
        from visq.video.table import CurveTable

        given, table = self.given, None
        judged: list[Judged] = []
        interruptible = stack.enter_context(Interruptible())
        try:
            with ExitStack() as inner:
                if given["output"]:
                    titles = list(self.labels.values())
                    table = CurveTable(given["output"], titles, overwrite=given["overwrite"])
                    inner.enter_context(table)
                progress = inner.enter_context(Progress(not given["quiet"], self._count, unit="frames"))
                for file in self.files:
                    judged += self._one(file, table, progress, interruptible)
        except KeyboardInterrupt:
            self._say_all()
            kept = f"{table.rows} frames are in {table.path}" if table else "frames are kept with -o"
            say(f"interrupted: {kept}" if table is None or table.rows else "interrupted before a frame was scored")
            return interruptible.exit_code
        except StoreError as error:
            if table is None or not table.rows:
                raise
            self._say_all()
            say(f"{error} {table.rows} frames are in it.")
            return exits.SOME_FAILED
        self._say_all()
        if given["plot"] and self.curves:
            self._draw(given["plot"])
        failed = video_report.report(self, judged)
        if failed:
            return exits.GATE_FAILED
        return exits.SOME_FAILED if self.problems else exits.OK

    def problem(self, text: str) -> None:
        """What could not be done, in one line; the exit code will say so too."""
        self.problems += 1
        self._lines.append(text)

    def note(self, text: str) -> None:
        """A line for whoever is not in a hurry. Lines wait until the progress bar has gone."""
        if not self.given["quiet"]:
            self._lines.append(text)

    def _say_all(self) -> None:
        for line in self._lines:
            say(line)
        self._lines = []

    def _one(
        self, file: str, table: CurveTable | None, progress: Progress, interruptible: Interruptible
    ) -> list[Judged]:
        from visq.cli.video_report import Judged, judged
        from visq.media.source import printable
        from visq.media.video import open_video
        from visq.video.scoring import measure

        drawn = 0.0

        def on_frame(index: int, seconds: float | None, values: Sequence[float]) -> None:
            nonlocal drawn
            interruptible.check()
            if table is not None:
                table.row(file, self.reference, index, seconds, values)
            progress.advance()
            if time.monotonic() - drawn > _REDRAW_SECONDS:
                drawn = time.monotonic()
                progress.tick()

        try:
            with ExitStack() as stack:
                video = stack.enter_context(open_video(file, **self.reading))
                reference: Video | None = None
                if self.reference:
                    reference = stack.enter_context(open_video(self.reference, **self.reading))
                scores = measure(
                    video, reference, self.metrics, self.selection, allow_shorter=self.given["allow_shorter"],
                    any_rate=self.given["any_rate"], on_frame=on_frame,
                )  # fmt: skip
                interruptible.check()
        except StoreError:
            raise
        except VisqError as error:
            interruptible.check()
            text = as_options(str(error))
            named = text.startswith((printable(file), printable(self.reference or file)))
            self.problem(text if named else f"{printable(file)}: {text}")
            return [Judged.failed(file, self.reference, one, text) for one in self.requests]
        self.curves.append((file, scores))
        return judged(self, file, scores)

    def _draw(self, path: str) -> None:
        from visq.video.plot import save_curves

        try:
            save_curves(path, self.curves)
        except VisqError as error:
            self.problem(f"--plot: {error}")
            self._say_all()

    def _count(self) -> int:
        from visq.media.video import open_video

        total = 0
        for file in self.files:
            with open_video(file, **self.reading) as video:
                selected = -(-max(0, video.expected - self.selection.start) // self.selection.every)
                if not selected:
                    raise OptionError("unknown")  # no total is shown
                total += min(selected, self.selection.frames or selected)
        return total


def _requests(texts: Sequence[str], *, reference: bool) -> tuple[Request, ...]:
    """What -m asks for, checked to take a reference or none."""
    from visq.run.tasks import request
    from visq.video.scoring import check_kind

    kind = "fr" if reference else "nr"
    named = [item for text in (texts or metric_option.DEFAULTS[kind]) for item in metric_option.parse(text)]
    expanded: list[tuple[str, dict[str, Any]]] = []
    for name, options in named:
        expanded += [(i, {}) for i in metric_option.every(kind)] if name == "all" and not options else [(name, options)]
    chosen = {one.identity: one for one in (request(name, options) for name, options in expanded)}
    for one in chosen.values():
        check_kind(one.spec, reference=reference)
    return tuple(chosen.values())


def _reading(given: dict[str, Any]) -> dict[str, Any]:
    """Options of `open_video`."""
    from visq.media.video_options import check_reading, raw_of

    names = ("plane", "pix_fmt", "rate", "matrix", "levels", "allow_truncated")
    options = {name: given[name] for name in names}
    if given["max_pixels"]:
        options["max_pixels"] = given["max_pixels"]
    if given["size"] is not None:
        found = re.fullmatch(r"(\d{1,6})[xX](\d{1,6})", given["size"].strip())
        if not found or not int(found[1]) or not int(found[2]):
            raise OptionError("--size is not readable", expected="WxH, as 1920x1080", got=repr(given["size"]))
        options["size"] = (int(found[1]), int(found[2]))
    check_reading(options["plane"], options["matrix"], options["levels"])
    raw_of(options.get("size"), options["pix_fmt"], options["rate"])
    return options
