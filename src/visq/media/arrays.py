"""Pixels that are in memory already: NumPy arrays, torch tensors, PIL images."""

from __future__ import annotations

from typing import Any

import numpy as np

from visq.errors import InputError, ReadError
from visq.media import decode
from visq.media.alpha import over_white
from visq.media.headers import Header, exif
from visq.media.limits import Limits
from visq.ops.arrays import is_torch, read_one

_SHAPES = "one image: NumPy (H, W) or (H, W, 1|3|4), torch (H, W), (C, H, W) or (1, C, H, W) with C 1, 3 or 4"


def is_pil(source: object) -> bool:
    """Whether `source` is a PIL image, without importing Pillow."""
    import sys

    module = sys.modules.get("PIL.Image")
    return module is not None and isinstance(source, module.Image)


def from_array(array: Any) -> tuple[np.ndarray, Header]:
    """Check an array or tensor and bring it into `(H, W)` or `(H, W, 3)`. Shares memory where it can.

    Raises
    ------
    InputError, InputTypeError, RangeError
        As metrics raise them: shape, dtype, NaN, values outside the range.
    """
    kind = "tensor" if is_torch(array) else "array"
    if kind == "tensor":
        array = _from_torch(array)
    given = tuple(array.shape)
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        raise InputError("the array is not one image", expected=_SHAPES, got=str(given))
    if array.dtype.kind in "uf" and not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    alpha = array[..., 3] if array.ndim == 3 and array.shape[2] == 4 else None
    pixels = array if alpha is None else array[..., :3]
    for part in (pixels, alpha):
        if part is not None:
            read_one(part)
    header = Header(kind, int(array.shape[1]), int(array.shape[0]), bit_depth=8 * array.dtype.itemsize)
    header.mode = "grey" if array.ndim == 2 else "rgb" if alpha is None else "rgb+alpha"
    if alpha is not None:
        white = 1 if alpha.dtype.kind == "f" else np.iinfo(alpha.dtype).max
        opaque = bool((alpha >= white).all())
        decode.note_alpha(header, opaque)
        pixels = pixels if opaque else over_white(pixels, alpha)
    return np.ascontiguousarray(pixels), header


def _from_torch(tensor: Any) -> np.ndarray:
    tensor = tensor.detach()
    if str(tensor.dtype) in ("torch.bfloat16", "torch.float16"):
        tensor = tensor.float()
    if tensor.ndim == 4 and tensor.shape[0] == 1:
        tensor = tensor[0]
    if tensor.ndim == 3:
        tensor = tensor.permute(1, 2, 0)
    if tensor.ndim != 2 and (tensor.ndim != 3 or tensor.shape[2] not in (1, 3, 4)):
        raise InputError("the tensor is not one image", expected=_SHAPES, got=str(tuple(tensor.shape)))
    return tensor.cpu().numpy()


def from_pil(image: Any, limits: Limits) -> tuple[np.ndarray, Header]:
    """The current frame of a PIL image, with its profile and EXIF orientation applied."""
    limits.check_size(*image.size)
    cut = [str(tile[3]) for tile in getattr(image, "tile", ()) if ";16" in str(tile[3])]
    if cut and image.mode in ("RGB", "RGBA", "CMYK"):
        raise ReadError(
            "the PIL image would be cut from 16 to 8 bit while it is loaded",
            got=f"mode {image.mode} from {cut[0]}",
            hint="Pass the path of the file instead.",
        )
    header = Header("PIL", image.width, image.height, mode=image.mode)
    try:
        image.load()
        header.width, header.height = image.size
        header.icc = image.info.get("icc_profile") or b""
        header.orientation = exif.orientation(image.info.get("exif") or b"")
        header.bit_depth = 16 if image.mode.startswith("I;16") else 8
        return decode.convert(image, header), header
    except ReadError:
        raise
    except Exception as error:
        raise decode.failure(image.format or "PIL", error) from error
