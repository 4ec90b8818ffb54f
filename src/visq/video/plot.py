"""Pictures of curves, drawn by matplotlib (the extra `plot`)."""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from visq.errors import InputError, OptionError, StoreError
from visq.extras import require
from visq.media.source import printable
from visq.video.scores import Curve, VideoScores

SUFFIXES = (".png", ".svg", ".pdf")
# Dark enough on white, apart in grey and for the colour-blind (after Okabe and Ito).
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#8a6d00", "#444444")
_INK, _FAINT = "#1c1c20", "#8a8a94"
_WIDTH, _PANEL = 10.0, 2.3
_MARKED = 60


def check_path(path: str | os.PathLike[str], *, overwrite: bool = True) -> None:
    """Raise where no picture can be drawn to `path`, before anything is scored.

    Raises
    ------
    OptionError
        A name that does not end in .png, .svg or .pdf.
    StoreError
        A folder that does not exist; without `overwrite` also a file that does.
    MissingExtraError
        matplotlib is not installed.
    """
    if Path(path).suffix.lower() not in SUFFIXES:
        raise OptionError(f"{path}: unknown kind of picture", expected="a name ending in " + ", ".join(SUFFIXES))
    if not Path(path).absolute().parent.is_dir():
        raise StoreError(f"{path}: there is no such folder", hint="Make it, or choose another place.")
    if not overwrite and Path(path).exists():
        raise StoreError(f"{path} exists already", hint="Use --overwrite to replace it, or another name.")
    _figure_class()


def save_curves(path: str | os.PathLike[str], videos: Sequence[tuple[str, VideoScores]]) -> Path:
    """Draw the curves of one or several videos: a panel for each metric, a line for each video, dashed at its mean.

    Parameters
    ----------
    path : path
        Ends in .png, .svg or .pdf. It appears whole or not at all.
    videos : sequence of (name, VideoScores)
        The name stands in the legend.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    OptionError, MissingExtraError
        As `check_path`.
    InputError
        There is nothing to draw.
    StoreError
        The file cannot be written.
    """
    check_path(path)
    labels = list(dict.fromkeys(label for _, scores in videos for label in scores if _points(scores[label]).any()))
    if not labels:
        raise InputError("there is no curve to draw", hint="No metric gave scores for frames.")
    figure = _figure_class()(figsize=(_WIDTH, 0.9 + _PANEL * len(labels)), layout="constrained", facecolor="white")
    panels = figure.subplots(len(labels), 1, sharex=True, squeeze=False)[:, 0]
    timed = all(np.isfinite(scores.times).all() for _, scores in videos)
    named = list(zip(_titles([name for name, _ in videos]), (scores for _, scores in videos), strict=True))
    for label, panel in zip(labels, panels, strict=True):
        _panel(panel, label, named, timed)
    panels[-1].set_xlabel("time in seconds" if timed else "frame", color=_INK)
    if not timed:
        panels[-1].xaxis.get_major_locator().set_params(integer=True)
    _title(figure, panels[0], named)
    return _write(Path(path), figure)


def _points(curve: Curve) -> np.ndarray:
    return np.isfinite(curve.values)


def _panel(panel: Any, label: str, videos: Sequence[tuple[str, VideoScores]], timed: bool) -> None:
    for number, (name, scores) in enumerate(videos):
        if label not in scores or not scores[label].scored.size:
            continue
        curve, colour = scores[label], _COLOURS[number % len(_COLOURS)]
        style: dict[str, Any] = {"color": colour, "linewidth": 1.3}
        if len(curve) <= _MARKED:
            style |= {"marker": "o", "markersize": 3}
        panel.plot(scores.times if timed else scores.frames, curve.values, label=name, **style)
        panel.axhline(float(curve.pool("mean")), color=colour, linewidth=0.9, linestyle=(0, (5, 4)), alpha=0.7)
        spec = curve.spec
    name = label if ":" in label or "(" in label else spec.name
    direction = "lower is better" if spec.lower_is_better else "higher is better"
    panel.set_title(f"{_escaped(name)}, {direction}; dashed: mean", loc="left", fontsize=10, color=_INK)
    panel.grid(True, color="#e4e4e8", linewidth=0.7)
    panel.set_axisbelow(True)
    panel.margins(x=0.01, y=0.12)
    panel.tick_params(colors=_INK, labelsize=9, length=3, color=_FAINT)
    panel.ticklabel_format(axis="y", useOffset=False)
    for side, spine in panel.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(_FAINT)


def _title(figure: Any, panel: Any, videos: Sequence[tuple[str, VideoScores]]) -> None:
    handles, names = panel.get_legend_handles_labels()
    if len(videos) > 1:
        figure.legend(handles, names, loc="outside upper right", ncols=min(3, len(names)), frameon=False, fontsize=9)
    else:
        figure.suptitle(videos[0][0], fontsize=11, color=_INK, x=0.045, ha="left")


def _titles(names: Sequence[str]) -> list[str]:
    """File names, with as many of their folders as it takes to tell them apart."""
    paths = [Path(name) for name in names]
    for parts in range(1, max((len(path.parts) for path in paths), default=1) + 1):
        titles = [str(Path(*path.parts[-parts:])) for path in paths]
        if len(set(titles)) == len(set(names)):
            break
    return [_short(title) for title in titles]


def _short(name: str) -> str:
    text = printable(name)
    return _escaped(text if len(text) <= 48 else f"{text[:26]}...{text[-19:]}")


def _escaped(text: str) -> str:
    # A dollar begins a formula.
    return text.replace("$", r"\$")


def _figure_class() -> Any:
    # It reports that it looks for fonts, once.
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    return require("matplotlib.figure", "drawing curves", "plot").Figure


def _write(path: Path, figure: Any) -> Path:
    temporary = path.with_name(f".plot-{secrets.token_hex(8)}.part")
    kind = path.suffix[1:].lower()
    # No date: the same curves give the same picture.
    metadata = {"png": {"Software": "visq"}, "svg": {"Creator": "visq", "Date": None}, "pdf": {"CreationDate": None}}
    try:
        with temporary.open("xb") as file:
            figure.savefig(file, format=kind, dpi=110, metadata=metadata[kind])
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise StoreError(
            f"cannot write the picture {path}", got=error.strerror or type(error).__name__,
            hint="Is the folder there, writable, and the disk not full?",
        ) from error  # fmt: skip
    finally:
        with suppress(OSError):  # in the ordinary case it has its final name by now
            temporary.unlink()
    return path
