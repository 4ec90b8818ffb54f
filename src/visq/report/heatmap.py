"""Pictures of per-pixel maps: `save_map` writes one PNG with title, colour bar and, on request, the image.

Bright always means worse, whatever the direction of the map, so that the eye goes where the damage is.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from visq.errors import InputError, InputTypeError, RangeError, StoreError
from visq.report.colours import colourise, table
from visq.report.scale import ColourRange, colour_range, text, ticks

if TYPE_CHECKING:
    from PIL import Image, ImageDraw

MAX_SIDE = 1600
_MIN_WIDTH = 480
_SMALL_SIDE = 384
_BAR_WIDTH = 22
_MIN_BAR = 190
_BACKGROUND, _INK, _FAINT = (255, 255, 255), (28, 28, 32), (98, 98, 108)


def save_map(
    path: str | os.PathLike[str],
    values: Any,
    *,
    title: str,
    lower_is_better: bool,
    value_range: tuple[float, float] | None = None,
    score: float | None = None,
    image: Any = None,
) -> Path:
    """Write a map as a heat-map PNG of at most 1600 x 1600 pixels, with a colour bar; the better end is dark.

    Parameters
    ----------
    path : path
        File to write. It appears whole or not at all (temporary file, then rename).
    values : array (H, W)
        The map, NumPy or torch, any finite values.
    title : str
        First line, usually metric and file name. Shortened in the middle where it is too long.
    lower_is_better : bool
        Direction of the *map* (`spec.map_lower_is_better`).
    value_range : (float, float), optional
        Range that the map's values can have; with finite ends maps compare. None: this map's values decide.
        What the colours span is written under the title; `visq.report.scale.colour_range` has the rule.
    score : float, optional
        Shown under the title.
    image : array (H, W) or (H, W, 3), or visq.media.Image, optional
        The distorted image, drawn beside the map (above it, where both are wide) at the same scale.

    Returns
    -------
    pathlib.Path
        The file written.

    Raises
    ------
    InputError, InputTypeError
        A map that is not of two dimensions, is empty, or does not hold numbers.
    RangeError
        A map with NaN or infinite values: a picture of it would hide them.
    StoreError
        A file that cannot be written.
    """
    layout = _Layout(_checked(values), None if image is None else _eight_bit(image))
    colours = colour_range(layout.values, value_range, lower_is_better=lower_is_better)
    picture = layout.draw(title=_printable(title), colours=colours, lower_is_better=lower_is_better, score=score)
    return _write(Path(path), picture, title)


def _checked(values: Any) -> np.ndarray:
    if hasattr(values, "detach"):
        values = values.detach().cpu().numpy()
    array = np.asarray(values)
    if array.ndim != 2 or 0 in array.shape:
        raise InputError("not a map", expected="a non-empty array (H, W)", got=str(array.shape))
    if array.dtype.kind not in "fiub":
        raise InputTypeError("not a map", expected="an array of numbers", got=str(array.dtype))
    array = array.astype(np.float32, copy=False)
    if not np.isfinite(array).all():
        raise RangeError("the map holds NaN or infinite values", expected="finite values")
    return array


def _eight_bit(image: Any) -> np.ndarray:
    pixels = getattr(image, "pixels", image)
    if hasattr(pixels, "detach"):
        pixels = pixels.detach().cpu().numpy()
        pixels = np.moveaxis(pixels, 0, -1) if pixels.ndim == 3 else pixels
    pixels = np.asarray(pixels)
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    if 0 in pixels.shape or not (pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 3)):
        raise InputError("not an image to draw", expected="(H, W) or (H, W, 3)", got=str(pixels.shape))
    if pixels.dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    elif pixels.dtype != np.uint8:
        pixels = (np.clip(pixels.astype(np.float64), 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)
    return pixels if pixels.ndim == 3 else np.repeat(pixels[:, :, None], 3, axis=2)


@dataclass
class _Panel:
    """One rectangle of pixels and the size at which it is shown."""

    width: int
    height: int


class _Layout:
    """Where title, image, map and colour bar go, and how much they are scaled."""

    def __init__(self, values: np.ndarray, image: np.ndarray | None) -> None:
        self.values, self.image = values, image
        height, width = values.shape
        # A map of every second pixel is shown as large as its image, one without its border a little smaller.
        ratio = 1.0 if image is None else max(1.0, round(image.shape[1] / width))
        mapped_w, mapped_h = width * ratio, height * ratio
        if image is not None and max(abs(mapped_w - image.shape[1]), abs(mapped_h - image.shape[0])) < ratio:
            # Cells that cover the image, the last ones not as a whole.
            mapped_h, mapped_w = image.shape[:2]
        shown_w = max(mapped_w, 0 if image is None else image.shape[1])
        shown_h = max(mapped_h, 0 if image is None else image.shape[0])
        self.stacked = image is not None and shown_w > 1.6 * shown_h
        self.font_size = 17
        self.margin = 18
        self.legend = 118
        columns, rows = 1, 1
        if image is not None:
            columns, rows = (1, 2) if self.stacked else (2, 1)
        room_w = (MAX_SIDE - 2 * self.margin - self.legend - (columns - 1) * self.margin) / columns
        room_h = (MAX_SIDE - 2 * self.margin - 86 - rows * 30) / rows
        fit = min(room_w / shown_w, room_h / shown_h)
        if fit >= 1.0:
            wanted = max(1.0, _SMALL_SIDE / max(shown_w, shown_h))
            fit = min(float(int(fit)), float(int(wanted + 0.999)))
        self.map = _Panel(max(1, round(mapped_w * fit)), max(1, round(mapped_h * fit)))
        if self.map.width < width or self.map.height < height:
            # Reduced before anything else: the map of a 100-megapixel photograph is large. Values are
            # averaged, not colours: the mean of two colours is not the colour of the mean.
            from PIL import Image

            self.values = np.asarray(_scaled(Image.fromarray(values), self.map))
        self.picture = None
        if image is not None:
            self.picture = _Panel(max(1, round(image.shape[1] * fit)), max(1, round(image.shape[0] * fit)))

    def draw(self, *, title: str, colours: ColourRange, lower_is_better: bool, score: float | None) -> Image.Image:
        from PIL import Image, ImageDraw

        self.large, self.small = _font(self.font_size + 3), _font(self.font_size - 3)
        top = self.margin + 70
        boxes = self._boxes(top)
        right = max(x + p.width for x, _, p in boxes) + self.legend
        bar_top = boxes[-1][1]
        bar_height = max(self.map.height, _MIN_BAR)
        bottom = max([bar_top + bar_height + 16] + [y + p.height for _, y, p in boxes])
        canvas = Image.new("RGB", (max(right + self.margin, _MIN_WIDTH), bottom + self.margin), _BACKGROUND)
        pen = ImageDraw.Draw(canvas)
        self._text(pen, title, colours, score, canvas.width)
        if self.image is not None and self.picture is not None:
            x, y, panel = boxes[0]
            canvas.paste(_resized(self.image, panel), (x, y))
            pen.text((x, y - 20), "image", font=self.small, fill=_FAINT)
        x, y, panel = boxes[-1]
        canvas.paste(_coloured(self.values, panel, colours, lower_is_better), (x, y))
        if self.image is not None:
            pen.text((x, y - 20), "map", font=self.small, fill=_FAINT)
        self._bar(pen, canvas, (x + panel.width + self.margin, bar_top, bar_height), colours, lower_is_better)
        return canvas

    def _boxes(self, top: int) -> list[tuple[int, int, _Panel]]:
        if self.picture is None:
            return [(self.margin, top, self.map)]
        top += 22
        if self.stacked:
            return [(self.margin, top, self.picture), (self.margin, top + self.picture.height + 30, self.map)]
        return [(self.margin, top, self.picture), (2 * self.margin + self.picture.width, top, self.map)]

    def _text(
        self, pen: ImageDraw.ImageDraw, title: str, colours: ColourRange, score: float | None, width: int
    ) -> None:
        room = width - 2 * self.margin
        second = ("" if score is None else f"score {score:.6g}   ") + "bright is worse"
        lines = (
            (-4, title, self.large, _INK),
            (22, second, self.small, _INK),
            (42, colours.note, self.small, _FAINT),
        )
        for y, line, font, ink in lines:
            pen.text((self.margin, self.margin + y), _shortened(line, font, room), font=font, fill=ink)

    def _bar(
        self,
        pen: ImageDraw.ImageDraw,
        canvas: Image.Image,
        place: tuple[int, int, int],
        colours: ColourRange,
        lower_is_better: bool,
    ) -> None:
        from PIL import Image

        x, top, height = place
        label = self.font_size
        first, last = top + label + 6, top + height - label - 6
        length = last - first
        ramp = np.linspace(1.0, 0.0, length)[:, None]
        strip = table()[np.rint((ramp if lower_is_better else 1.0 - ramp) * 255).astype(np.uint8)]
        canvas.paste(Image.fromarray(np.repeat(strip, _BAR_WIDTH, axis=1)), (x, first))
        pen.rectangle((x - 1, first - 1, x + _BAR_WIDTH, last), outline=_FAINT)
        ends = ("worse", "better") if lower_is_better else ("better", "worse")
        pen.text((x, top), ends[0], font=self.small, fill=_INK, anchor="la")
        pen.text((x, top + height), ends[1], font=self.small, fill=_INK, anchor="ld")
        for value in ticks(colours.low, colours.high, max(2, min(11, length // 34))):
            y = first + round((colours.high - value) / (colours.high - colours.low) * (length - 1))
            pen.line((x + _BAR_WIDTH, y, x + _BAR_WIDTH + 5, y), fill=_INK)
            pen.text((x + _BAR_WIDTH + 9, y), text(value), font=self.small, fill=_INK, anchor="lm")


def _coloured(values: np.ndarray, panel: _Panel, colours: ColourRange, lower_is_better: bool) -> Image.Image:
    from PIL import Image

    share = (values - colours.low) / (colours.high - colours.low)
    if not lower_is_better:
        share = 1.0 - share
    plane = Image.fromarray(np.clip(share, 0.0, 1.0).astype(np.float32))
    return Image.fromarray(colourise(np.asarray(_scaled(plane, panel))))


def _resized(image: np.ndarray, panel: _Panel) -> Image.Image:
    from PIL import Image

    return _scaled(Image.fromarray(image), panel)


def _scaled(picture: Image.Image, panel: _Panel) -> Image.Image:
    from PIL import Image

    size = (panel.width, panel.height)
    if picture.size == size:
        return picture
    smaller = panel.width < picture.width or panel.height < picture.height
    return picture.resize(size, Image.Resampling.BOX if smaller else Image.Resampling.NEAREST)


def _font(size: int) -> Any:
    from PIL import ImageFont

    try:
        return ImageFont.load_default(size=size)
    except ImportError:
        # A Pillow built without FreeType has one small bitmap font: legible, if not pretty.
        return ImageFont.load_default()


def _printable(title: str) -> str:
    """Control characters, lone surrogates and what is not Latin-1, escaped: the built-in font lacks them."""
    return "".join(c if c.isprintable() and ord(c) < 256 else ascii(c)[1:-1] for c in title)


def _shortened(line: str, font: Any, room: int) -> str:
    if font.getlength(line) <= room:
        return line
    low, high = 0, len(line)
    while low < high:
        keep = (low + high + 1) // 2
        if font.getlength(_cut(line, keep)) <= room:
            low = keep
        else:
            high = keep - 1
    return _cut(line, low)


def _cut(line: str, keep: int) -> str:
    # The end of a name tells files of one folder apart: two fifths are kept for it.
    tail = keep * 2 // 5
    return line[: keep - tail] + "..." + (line[-tail:] if tail else "")


def _write(path: Path, picture: Image.Image, title: str) -> Path:
    from PIL import PngImagePlugin

    info = PngImagePlugin.PngInfo()
    info.add_text("Software", "visq")
    info.add_itxt("Title", title.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", ""))
    temporary = path.with_name(f".map-{secrets.token_hex(8)}.part")
    try:
        with temporary.open("xb") as file:
            picture.save(file, format="PNG", pnginfo=info, optimize=False)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise StoreError(
            f"cannot write the map {path}",
            got=error.strerror or type(error).__name__,
            hint="Is the folder there, writable, and the disk not full?",
        ) from error
    finally:
        with suppress(OSError):  # in the ordinary case it has its final name by now
            temporary.unlink()
    return path
