"""Contact sheet: one picture under many distortions, a row for each, a column for each level, to be looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from visq.errors import InputError

if TYPE_CHECKING:
    from PIL import Image

TILE = 192
_GAP, _MARGIN, _TITLE, _LABEL = 6, 14, 56, 200
_LEAST = 72
_BACKGROUND, _INK, _FAINT = (255, 255, 255), (28, 28, 32), (98, 98, 108)


@dataclass
class Sheet:
    """Tiles as they come, drawn at the end.

    A tile is the middle of the picture, pixel for pixel: made smaller, most distortions could not be seen.

    Parameters
    ----------
    title : str
        Above all, the name of the picture usually.
    columns : sequence of str
        What stands above the columns: `level 1`.
    tile : int
        Side of a tile in pixels.

    Examples
    --------
    >>> sheet = Sheet("grey", ["untouched", "level 1"], tile=32)
    >>> sheet.add("gaussian_blur", 0, np.full((40, 50), 128, np.uint8))
    >>> sheet.draw().size[1] > 32
    True
    """

    title: str
    columns: Sequence[str]
    tile: int = TILE
    _rows: dict[str, dict[int, tuple[np.ndarray | None, str]]] = field(default_factory=dict)

    def add(self, row: str, column: int, pixels: np.ndarray | None, note: str = "") -> None:
        """A tile with a note of one line or more under it; None where there is no picture, for the reason in the note.

        Parameters
        ----------
        row : str
            Label of the row, made where it is new; what follows a line break is drawn fainter.
        column : int
            Place among the columns, from 0.
        pixels : numpy.ndarray or None
            `(H, W)`, `(H, W, 1)` or `(H, W, 3)`, uint8 or uint16.
        """
        self._rows.setdefault(row, {})[column] = (None if pixels is None else _middle(pixels, self.tile), note)

    def draw(self) -> Image.Image:
        """The sheet.

        Raises
        ------
        InputError
            No tile was added.
        """
        from PIL import Image, ImageDraw

        if not self._rows:
            raise InputError("the sheet is empty", expected="a picture at least")
        wide, high = self._largest()
        notes = [note for tiles in self._rows.values() for pixels, note in tiles.values() if pixels is not None]
        under = 1 + 17 * max((1 + note.count("\n") for note in notes), default=1)
        step_x, step_y = wide + _GAP, high + under + (_GAP if under == 18 else 3 * _GAP)
        width = 2 * _MARGIN + _LABEL + len(self.columns) * step_x - _GAP
        canvas = Image.new("RGB", (width, 2 * _MARGIN + _TITLE + len(self._rows) * step_y), _BACKGROUND)
        pen = ImageDraw.Draw(canvas)
        large, small = _font(18), _font(13)
        pen.text((_MARGIN, _MARGIN - 4), _fitting(self.title, large, width - 2 * _MARGIN), font=large, fill=_INK)
        for number, label in enumerate(self.columns):
            place = _MARGIN + _LABEL + number * step_x, _MARGIN + _TITLE - 24
            pen.text(place, _fitting(label, small, wide), font=small, fill=_FAINT)
        for number, (label, tiles) in enumerate(self._rows.items()):
            top = _MARGIN + _TITLE + number * step_y
            name, _, meaning = label.partition("\n")
            lines = [(part, _INK) for part in _lines(name, small, _LABEL - _GAP)]
            lines += [(part, _FAINT) for part in _lines(meaning, small, _LABEL - _GAP)]
            for line, (part, ink) in enumerate(lines[: (high + under) // 17]):
                pen.text((_MARGIN, top + 17 * line), part, font=small, fill=ink)
            for column, (pixels, note) in tiles.items():
                left = _MARGIN + _LABEL + column * step_x
                if pixels is None:
                    pen.rectangle((left, top, left + wide - 1, top + high - 1), outline=_FAINT)
                    for line, part in enumerate(_lines(note, small, wide - 12)[: high // 17]):
                        pen.text((left + 6, top + 6 + 17 * line), part, font=small, fill=_FAINT)
                    continue
                canvas.paste(Image.fromarray(pixels), (left, top))
                for line, part in enumerate(note.split("\n")):
                    pen.text((left, top + high + 1 + 17 * line), _fitting(part, small, wide), font=small, fill=_FAINT)
        return canvas

    def _largest(self) -> tuple[int, int]:
        """Width and height of a tile: those of the picture where it is smaller than a tile, with room for a note."""
        shapes = [one.shape for tiles in self._rows.values() for one, _ in tiles.values() if one is not None]
        if not shapes:
            return self.tile, self.tile
        return max(_LEAST, *(shape[1] for shape in shapes)), max(_LEAST, *(shape[0] for shape in shapes))


def _middle(pixels: np.ndarray, side: int) -> np.ndarray:
    top, left = max(0, (pixels.shape[0] - side) // 2), max(0, (pixels.shape[1] - side) // 2)
    part = pixels[top : top + side, left : left + side]
    if part.dtype == np.uint16:
        part = ((part.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return np.ascontiguousarray(part[..., 0] if part.ndim == 3 and part.shape[2] == 1 else part)


def _font(size: int) -> Any:
    from PIL import ImageFont

    try:
        return ImageFont.load_default(size=size)
    except ImportError:  # a Pillow without FreeType has one small bitmap font
        return ImageFont.load_default()


def _known(text: str) -> str:
    """The built-in font has Latin letters alone."""
    return "".join(c if c.isprintable() and ord(c) < 256 else "?" for c in text)


def _fitting(text: str, font: Any, room: int) -> str:
    text = _known(text)
    while text and font.getlength(text) > room:
        text = text[:-2].rstrip(". ") + "." if len(text) > 2 else ""
    return text


def _lines(text: str, font: Any, room: int) -> list[str]:
    """Words in lines that fit; a name breaks behind `_`, `/`, `+` and `-` too."""
    lines: list[str] = [""]
    piece = ""
    for letter in _known(text) + " ":
        piece += letter
        if letter in " _/+-":
            if lines[-1] and font.getlength(lines[-1] + piece.rstrip()) > room:
                lines[-1] = lines[-1].rstrip()
                lines.append("")
            lines[-1] += piece
            piece = ""
    return [_fitting(line.rstrip(), font, room) for line in lines]


__all__ = ["TILE", "Sheet"]
