"""Decoded frames to arrays: which pixel formats are read, and by which matrix and range they become R'G'B'."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from visq.errors import FormatError, OptionError, ReadError
from visq.media.alpha import over_white
from visq.media.orient import upright

Matrix = Literal["bt601", "bt709", "bt2020", "smpte240m", "fcc"]
Range = Literal["limited", "full"]

#: Shares of red and blue in luma: ITU-R BT.601, BT.709, BT.2020 (constant luminance not), SMPTE 240M, FCC 1953.
MATRICES: dict[str, tuple[float, float]] = {
    "bt601": (0.299, 0.114),
    "bt709": (0.2126, 0.0722),
    "bt2020": (0.2627, 0.0593),
    "smpte240m": (0.212, 0.087),
    "fcc": (0.30, 0.11),
}
#: Matrix coefficients by their number in ITU-T H.273. 2 says nothing.
_BY_NUMBER = {1: "bt709", 4: "fcc", 5: "bt601", 6: "bt601", 7: "smpte240m", 9: "bt2020"}
_OTHER_MATRICES = {8: "YCgCo", 10: "BT.2020 with constant luminance", 11: "SMPTE ST 2085", 14: "ICtCp"}
#: Larger pictures than standard definition are taken for BT.709 where the stream says nothing.
_SD_WIDTH, _SD_HEIGHT = 1024, 576

_PLANAR = re.compile(r"(?P<kind>yuvj?|yuva|gbra?|gray)(?P<sampling>4\d\d)?p?(?P<bits>9|1[0-6])?(?P<order>le|be)?")
_SAMPLING = {"444": (0, 0), "422": (1, 0), "420": (1, 1), "440": (0, 1), "411": (2, 0), "410": (2, 2)}
_PACKED_RGB = {
    "rgb24": "rgb", "bgr24": "bgr", "rgba": "rgba", "bgra": "bgra", "argb": "argb", "abgr": "abgr",
    "rgb0": "rgbx", "bgr0": "bgrx", "0rgb": "xrgb", "0bgr": "xbgr", "rgb48le": "rgb", "rgba64le": "rgba",
}  # fmt: skip
_PACKED_YUV = {"yuyv422": "yuyv", "uyvy422": "uyvy", "nv12": "nv", "nv21": "vn", "p010le": "nv"}


@dataclass(frozen=True, slots=True)
class Form:
    """A pixel format: what its samples are and how they lie."""

    name: str
    kind: Literal["yuv", "rgb", "grey"]
    bits: int
    across: int = 0
    down: int = 0
    alpha: bool = False
    order: str = "<"
    packed: str = ""
    full: bool = False

    @property
    def dtype(self) -> np.dtype:
        """Of the samples as they lie in memory."""
        return np.dtype(np.uint8 if self.bits == 8 else f"{self.order}u2")


@lru_cache(maxsize=64)
def form(name: str) -> Form:
    """The pixel format that FFmpeg calls `name`.

    Raises
    ------
    FormatError
        A format of which visq does not know how to make R'G'B' exactly (floats, palettes, XYZ, fewer than 8 bit).

    Examples
    --------
    >>> form("yuv420p10le").bits, form("gbrp").kind
    (10, 'rgb')
    """
    if name in _PACKED_RGB:
        packed = _PACKED_RGB[name]
        bits = 16 if "le" in name else 8
        return Form(name, "rgb", bits, alpha="a" in packed, packed=packed, full=True)
    if name in _PACKED_YUV:
        bits, down = (10 if name == "p010le" else 8), int("422" not in name)
        return Form(name, "yuv", bits, 1, down, packed=_PACKED_YUV[name])
    found = _PLANAR.fullmatch(name)
    if found is None or (found["kind"][:3] == "yuv") != bool(found["sampling"]):
        raise FormatError(
            f"the pixel format {name} is not read",
            expected="8 to 16 bit YUV, RGB or grey",
            hint="Convert the video to one of these first, yuv444p10le or gbrp12le for instance.",
        )
    kind: Literal["yuv", "rgb", "grey"] = (
        "grey" if found["kind"] == "gray" else "rgb" if found["kind"].startswith("gbr") else "yuv"
    )
    return Form(
        name, kind, int(found["bits"] or 8), *_SAMPLING.get(found["sampling"] or "444", (0, 0)),
        alpha=found["kind"] in ("yuva", "gbra"), order=">" if found["order"] == "be" else "<",
        full=found["kind"] in ("yuvj", "gray") or kind == "rgb",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Colour:
    """Matrix and range of a video, and which of the two were assumed because the stream does not state them."""

    matrix: str
    range: str
    assumed: tuple[str, ...] = ()


def colour_of(frame: Any, shape: Form, matrix: str | None, levels: str | None) -> Colour:
    """What a frame states of its colour, else what `matrix` and `levels` (the user) say, else the rule.

    The rule where neither does: BT.601 for pictures of at most 1024x576, BT.709 for larger ones; full range for grey,
    RGB and the `yuvj` formats, limited range for other YUV.

    Raises
    ------
    FormatError
        A matrix that is none of `MATRICES` (YCgCo, ICtCp, constant luminance).
    """
    assumed: list[str] = []
    number = int(frame.colorspace)
    found = _BY_NUMBER.get(number, "")
    if shape.kind != "yuv":
        found = "rgb"
    elif not found:
        if number in _OTHER_MATRICES:
            raise FormatError(
                f"the colour matrix {_OTHER_MATRICES[number]} is not read", expected=", ".join(MATRICES),
                hint='Score the luma plane alone (plane="y"), or convert the video first.',
            )  # fmt: skip
        small = frame.width <= _SD_WIDTH and frame.height <= _SD_HEIGHT
        found = matrix or ("bt601" if small else "bt709")
        assumed += [] if matrix else ["matrix"]
    stated = stated_range(frame)
    if not stated:
        stated = levels or ("full" if shape.full else "limited")
        assumed += [] if levels or shape.full else ["range"]
    return Colour(found, stated, tuple(assumed))


def stated_range(frame: Any) -> str:
    """`limited`, `full`, or nothing where the stream does not say."""
    return {1: "limited", 2: "full"}.get(int(frame.color_range), "")


def luma_plane(frame: Any, shape: Form) -> np.ndarray:
    """Y' as it was coded, `(H, W)`: uint8, or uint16 with the largest code value at 65535; the range is kept.

    Raises
    ------
    FormatError
        R'G'B' video has no such plane.
    """
    if shape.kind == "rgb":
        raise FormatError(f"RGB video ({shape.name}) has no luma plane", hint='Score it as it is: plane="rgb".')
    return _to_depth(_planes(frame, shape)[0], shape)


def rgb(frame: Any, shape: Form, colour: Colour) -> np.ndarray:
    """R'G'B' `(H, W, 3)`, or grey `(H, W)`: uint8 for 8 bit, uint16 with white at 65535 for more."""
    planes = _planes(frame, shape)
    alpha = _to_depth(planes.pop(), shape) if shape.alpha else None
    unit = 1 << (shape.bits - 8)
    black, steps = (0.0, unit * 256.0 - 1) if colour.range == "full" else (16.0 * unit, 219.0 * unit)
    if shape.kind == "yuv":
        from visq.ops._numba_yuv import Code, to_rgb

        chroma = steps if colour.range == "full" else 224.0 * unit
        code = Code(shape.across, shape.down, *MATRICES[colour.matrix], black, steps, 128.0 * unit, chroma)
        luma, cb, cr = (np.ascontiguousarray(plane) for plane in planes)
        pixels = to_rgb(luma, cb, cr, code)
    else:
        pixels = planes[0] if shape.kind == "grey" else np.stack(planes, axis=-1)
        pixels = _to_depth(pixels, shape) if colour.range == "full" else _expanded(pixels, black, steps)
    return pixels if alpha is None else over_white(pixels, alpha)


def _expanded(samples: np.ndarray, black: float, steps: float) -> np.ndarray:
    white = float(np.iinfo(samples.dtype).max)
    return np.rint(np.clip((samples - black) / steps, 0.0, 1.0) * white).astype(samples.dtype)


def _to_depth(samples: np.ndarray, shape: Form) -> np.ndarray:
    """Samples of 9 to 15 bit with the largest at 65535, rounded to nearest."""
    if shape.bits in (8, 16):
        return np.ascontiguousarray(samples)
    white = 2**shape.bits - 1
    table = ((np.arange(white + 1, dtype=np.int64) * 65535 * 2 + white) // (2 * white)).astype(np.uint16)
    return table[samples]


def _planes(frame: Any, shape: Form) -> list[np.ndarray]:
    """Y', Cb, Cr or R, G, B or grey, then alpha, each of its own size, in native byte order."""
    height, width = frame.height, frame.width
    if shape.packed:
        planes = _unpacked(frame, shape)
    elif shape.kind == "rgb":
        green, blue, red, *rest = (_plane(frame, i, height, width, shape) for i in range(3 + shape.alpha))
        planes = [red, green, blue, *rest]
    else:
        small = -(-height // (1 << shape.down)), -(-width // (1 << shape.across))
        sizes = [(height, width), small, small, (height, width)]
        count = 1 if shape.kind == "grey" else 3 + shape.alpha
        planes = [_plane(frame, i, *sizes[i], shape) for i in range(count)]
    if 8 < shape.bits < 16 and max(int(p.max()) for p in planes) >> shape.bits:
        raise ReadError(
            f"sample values do not fit {shape.bits} bit",
            hint="Is the pixel format right? Raw video has none of its own: it is as --pix-fmt says.",
        )
    return planes


def _plane(frame: Any, index: int, height: int, width: int, shape: Form) -> np.ndarray:
    dtype, plane = shape.dtype, frame.planes[index]
    line = plane.line_size
    if line < width * dtype.itemsize:
        raise FormatError(f"frames of {shape.name} are stored in an order that is not read")
    rows = np.frombuffer(plane, np.uint8, count=line * (height - 1) + width * dtype.itemsize)
    view = np.lib.stride_tricks.as_strided(rows, (height, width * dtype.itemsize), (line, 1), writeable=False)
    # A copy: the decoder may use the buffer again.
    return np.array(view).view(dtype).astype(dtype.newbyteorder("="), copy=False)


def _unpacked(frame: Any, shape: Form) -> list[np.ndarray]:
    height, width = frame.height, frame.width
    if shape.kind == "rgb":
        count = len(shape.packed)
        pixels = _plane(frame, 0, height, width * count, shape).reshape(height, width, count)
        return [pixels[..., shape.packed.index(c)] for c in ("rgba" if shape.alpha else "rgb")]
    half = -(-width // 2)
    if shape.packed in ("nv", "vn"):
        luma = _plane(frame, 0, height, width, shape)
        chroma = _plane(frame, 1, -(-height // 2), 2 * half, shape)
        if shape.bits == 10:  # in the upper bits
            luma, chroma = luma >> 6, chroma >> 6
        cb, cr = chroma[:, ::2], chroma[:, 1::2]
        return [luma, cb, cr] if shape.packed == "nv" else [luma, cr, cb]
    pixels = _plane(frame, 0, height, 4 * half, shape)
    first = 0 if shape.packed == "yuyv" else 1
    return [pixels[:, first::2][:, :width], pixels[:, 1 - first :: 4], pixels[:, 3 - first :: 4]]


def turn_of(frame: Any) -> tuple[int, str]:
    """The display matrix of a frame as an EXIF orientation (1 to 8), and what it says where it is no such turn."""
    try:
        data = next((bytes(d) for d in frame.side_data if d.type.name == "DISPLAYMATRIX"), b"")
    except ValueError:  # PyAV gives none where one is of a kind that it does not know; the angle it knows always
        angle = round(frame.rotation) % 360
        return ({0: 1, 90: 8, 180: 3, 270: 6}.get(angle, 1), f"{angle} degrees" if angle % 90 else "")
    if len(data) < 36:
        return 1, ""
    a, b, _, c, d, *_ = np.frombuffer(data, np.int32, count=9).astype(float) / 65536
    turns = {
        (1, 0, 0, 1): 1, (-1, 0, 0, 1): 2, (-1, 0, 0, -1): 3, (1, 0, 0, -1): 4,
        (0, 1, 1, 0): 5, (0, 1, -1, 0): 6, (0, -1, -1, 0): 7, (0, -1, 1, 0): 8,
    }  # fmt: skip
    found = turns.get((round(a), round(b), round(c), round(d)))
    if found is None or max(abs(v - round(v)) for v in (a, b, c, d)) > 1e-3:
        return 1, f"{math.degrees(math.atan2(b, a)):.3g} degrees"
    return found, ""


def turned(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """`pixels` upright."""
    return pixels if orientation == 1 else upright(pixels, orientation)


def check_names(matrix: str | None, levels: str | None) -> None:
    """Raise `OptionError` for a matrix or range that does not exist."""
    if matrix is not None and matrix not in MATRICES:
        raise OptionError("unknown colour matrix", expected=", ".join(MATRICES), got=repr(matrix))
    if levels is not None and levels not in ("limited", "full"):
        raise OptionError("unknown range of levels", expected="'limited' or 'full'", got=repr(levels))
