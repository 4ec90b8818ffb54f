"""The door every array goes through: one check, one internal layout, for NumPy and torch alike.

Callers give `(H, W)`, `(H, W, 3)` or `(N, H, W, 3)` NumPy arrays, or `(N, C, H, W)` torch tensors. Metrics see a
`Batch`, whose `data` is a `(N, C, H, W)` view of what came, and ask it for `luma()` or `rgb()` in the working
precision: float64 for float64 input, float32 for everything else.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import lru_cache
from numbers import Real
from typing import Any

import numpy as np

from visq.errors import InputError, InputTypeError, OptionError, RangeError, SizeError

# MATLAB's rgb2gray: the first row of the inverse of its YIQ matrix, to the digits it uses.
RGB2GRAY = (0.298936021293775, 0.587043074451121, 0.114020904255103)
BT601 = (0.299, 0.587, 0.114)

# Rounding errors of a resize may leave the range by this share of it; more is refused.
RANGE_TOLERANCE = 1e-3

_DEFAULT_PEAK = {
    "uint8": 255.0, "uint16": 65535.0, "float16": 1.0, "bfloat16": 1.0, "float32": 1.0, "float64": 1.0,
}  # fmt: skip
_LAYOUTS = "NumPy (H, W), (H, W, 1|3), (N, H, W, 1|3) or torch (N, C, H, W), (C, H, W), (H, W) with C 1 or 3"


def is_torch(x: object) -> bool:
    """Whether `x` is a torch tensor, without importing torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(x, torch.Tensor)


def namespace(x: Any) -> Any:
    """The array-API namespace of `x`: NumPy itself, which speaks that language since 2.0, or torch's compatible one."""
    if is_torch(x):
        import array_api_compat.torch

        return array_api_compat.torch
    return np


@lru_cache(maxsize=64)
def _dtype_name(dtype: Any) -> str:
    # Making a dtype's name costs as much as scoring a small image.
    return str(dtype).removeprefix("torch.")


@dataclass(frozen=True)
class Batch:
    """Checked images in one layout.

    Attributes
    ----------
    data : array
        `(N, C, H, W)` view of the caller's array, C 1 or 3, dtype as given.
    peak : float
        Value of white in `data`.
    single : bool
        Whether the caller gave one image without a batch axis.
    """

    data: Any
    peak: float
    single: bool

    @property
    def torch(self) -> bool:
        return is_torch(self.data)

    @property
    def xp(self) -> Any:
        return namespace(self.data)

    @property
    def integer(self) -> bool:
        return _dtype_name(self.data.dtype) in ("uint8", "uint16")

    @property
    def eight_bit(self) -> bool:
        """Whether the pixels are bytes with white at 255: what the kernels for bytes take."""
        return self.peak == 255.0 and _dtype_name(self.data.dtype) == "uint8"

    @property
    def rounds_luma(self) -> bool:
        """Whether `luma` rounds where it is not told to: integer pixels of which luma has to be made."""
        return self.integer and not self.grey

    @property
    def grey(self) -> bool:
        return self.data.shape[1] == 1

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return int(self.data.shape[2]), int(self.data.shape[3])

    @property
    def dtype(self) -> Any:
        """Working precision: float64 for float64 data, else float32."""
        xp = self.xp
        return xp.float64 if self.data.dtype == xp.float64 else xp.float32

    def rgb(self, scale: float = 255.0) -> Any:
        """`(N, 3, H, W)` in 0..scale; a grey image is repeated."""
        planes = self._scaled(self.data, scale)
        if self.grey:
            planes = self.xp.concat([planes, planes, planes], axis=1)
        return planes

    def planes(self, scale: float = 255.0) -> Any:
        """`(N, C, H, W)` in 0..scale, channels as given."""
        return self._scaled(self.data, scale)

    def luma(
        self,
        scale: float = 255.0,
        *,
        weights: tuple[float, float, float] = RGB2GRAY,
        rounded: bool | None = None,
        keep_uint8: bool = False,
    ) -> Any:
        """`(N, H, W)` luma in 0..scale.

        Parameters
        ----------
        scale : float
            Value of white in the result.
        weights : (float, float, float)
            Shares of R, G, B. The default is MATLAB's `rgb2gray`.
        rounded : bool, optional
            Round to whole 8-bit levels, as `rgb2gray` does with 8-bit images. None rounds the luma of integer
            colour pixels of either depth, so that a picture scores the same in 8 bit and in 16, and no other. A
            grey image is its own luma: it is rounded only where True is given, and 16-bit grey keeps its digits.
            In torch the gradient passes straight through the rounding.
        keep_uint8 : bool
            NumPy only: where the result is rounded and `scale` is 255, return it as uint8 (a quarter of the
            memory), for kernels that take it.
        """
        if rounded is None:
            rounded = self.rounds_luma
        if self.torch:
            from visq.ops import _torch_colour

            return _torch_colour.luma(self.data, self.peak, scale, weights, rounded, self.dtype)
        if self.grey and self.eight_bit and keep_uint8 and scale == 255.0:
            return np.ascontiguousarray(self.data[:, 0])
        from visq.ops import _numba_colour

        return _numba_colour.luma(
            self.data, self.peak, scale, weights, rounded, self.dtype, keep_uint8 and scale == 255.0
        )

    def result(self, values: Any) -> Any:
        """Hand `(N,)` scores or `(N, ...)` maps back in the caller's form: without N for a single image."""
        if self.single:
            values = values[0]
            return values if self.torch or getattr(values, "ndim", 0) > 0 else float(values)
        return values

    def result_of_numpy(self, values: Any) -> Any:
        """`result` of scores or maps that NumPy computed whatever the engine: a tensor has no gradient."""
        values = np.asarray(values)
        if self.torch:
            values = self.xp.asarray(values, dtype=self.dtype, device=self.data.device)
        return self.result(values)

    def _scaled(self, data: Any, scale: float) -> Any:
        if self.torch:
            out = data.to(self.dtype)
            return out if self.peak == scale else out * (scale / self.peak)
        out = np.ascontiguousarray(data, dtype=self.dtype)
        if self.peak == scale:
            return out
        # Multiply in place only on a copy of our own: the caller's array is never written.
        factor = out.dtype.type(scale / self.peak)
        if np.may_share_memory(out, data):
            return out * factor
        out *= factor
        return out


def read_one(
    image: Any, *, data_range: float | None = None, min_side: int = 1, name: str = "image", check: bool = True
) -> Batch:
    """Check one image or one batch and bring it into the internal layout.

    Raises
    ------
    InputTypeError
        Not a NumPy array or torch tensor, or of a dtype that holds no pixels.
    InputError
        Wrong rank, wrong channel count, empty batch.
    RangeError
        NaN, Inf, or values outside `[0, data_range]` by more than a thousandth of the range.
    SizeError
        A side below `min_side`.
    """
    data, single = _layout(image, name)
    peak = _peak(data, data_range, name)
    height, width = int(data.shape[2]), int(data.shape[3])
    if min(height, width) < min_side:
        raise SizeError(
            f"{name} is too small", expected=f"at least {min_side}x{min_side} pixels", got=f"{width}x{height}"
        )
    batch = Batch(data, peak, single)
    if check:
        _check_values(batch, name)
    if batch.torch and _dtype_name(data.dtype) in ("float16", "bfloat16"):
        batch = Batch(_in_single(data), peak, single)
    return batch


def _in_single(data: Any) -> Any:
    """A half-precision tensor in single precision.

    It is cast once, so that parts of the gradient are added before they are rounded, and the sum is held to the
    largest number that half precision has: a gradient beyond it would arrive as infinity.
    """
    import torch

    wide = data.float()
    if wide.requires_grad:
        limit = torch.finfo(data.dtype).max
        wide.register_hook(lambda gradient: gradient.clamp(-limit, limit))
    return wide


def read_pair(
    image: Any,
    reference: Any,
    *,
    data_range: float | None = None,
    min_side: int = 1,
    check: bool = True,
    same_size: bool = True,
) -> tuple[Batch, Batch]:
    """Check an image and its reference: both as `read_one`, and equal in engine, size and batch.

    Without `same_size` their heights and widths may differ. A grey image against a colour one is compared as colour:
    the grey one is repeated to three channels. 8 bit against 16 is compared in 16, integers against floats as floats.
    """
    if image is None or reference is None:
        missing = "reference" if reference is None else "image"
        raise InputError(f"{missing} is missing", expected="an image and its reference")
    x = read_one(image, data_range=data_range, min_side=min_side, name="image", check=check)
    y = read_one(reference, data_range=data_range, min_side=min_side, name="reference", check=check)
    if x.torch != y.torch:
        raise InputTypeError(
            "image and reference are of different kinds",
            expected="two NumPy arrays or two torch tensors",
            got=f"{type(image).__name__} and {type(reference).__name__}",
        )
    if (same_size and x.size != y.size) or x.data.shape[0] != y.data.shape[0]:
        raise SizeError(
            "image and reference differ in size",
            expected=f"{_shape(y)} as the reference has",
            got=f"{_shape(x)}",
            hint="Resize or crop one of them yourself: how it is done changes every score.",
        )
    if x.data.dtype != y.data.dtype:
        x, y = _of_one_dtype(x, y)
    if x.torch and x.data.device != y.data.device:
        raise InputError(
            "image and reference lie on different devices",
            expected=str(y.data.device),
            got=str(x.data.device),
        )
    if x.grey != y.grey:
        xp = x.xp
        x, y = (Batch(xp.concat([b.data] * 3, axis=1), b.peak, b.single) if b.grey else b for b in (x, y))
    return x, y


def _of_one_dtype(x: Batch, y: Batch) -> tuple[Batch, Batch]:
    """Two batches in the wider of their dtypes, exactly: equal pictures stay equal, digit by digit."""
    xp = x.xp
    if x.integer and y.integer:
        # One is of 8 bit. Its white becomes that of the other; torch has no arithmetic for uint16.
        white = max(x.peak, y.peak)
        return tuple(  # type: ignore[return-value]
            Batch(xp.astype(xp.astype(b.data, xp.int32) * round(white / b.peak), xp.uint16), white, b.single)
            if _dtype_name(b.data.dtype) == "uint8"
            else b
            for b in (x, y)
        )
    dtype = xp.float64 if xp.float64 in (x.data.dtype, y.data.dtype) else xp.float32
    white = min(x.peak, y.peak)
    x, y = (Batch(xp.astype(b.data, dtype), b.peak, b.single) for b in (x, y))
    # Divided, as people make floats of integers: times the inverse differs in the last digit.
    x, y = (b if b.peak == white else Batch(b.data / b.peak * white, white, b.single) for b in (x, y))
    return x, y


def _shape(batch: Batch) -> str:
    height, width = batch.size
    count = batch.data.shape[0]
    return f"{width}x{height}" + (f" in a batch of {count}" if count > 1 else "")


def _layout(image: Any, name: str) -> tuple[Any, bool]:
    if is_torch(image):
        rank = image.ndim
        if rank == 2:
            data = image[None, None]
        elif rank == 3:
            data = image[None]
        else:
            data = image
        valid = rank in (2, 3, 4) and data.shape[1] in (1, 3)
    elif isinstance(image, np.ndarray):
        if np.ma.is_masked(image):
            raise InputError(f"{name} has masked pixels", hint="Fill them in first: image.filled(value).")
        # np.matrix never gives up its two axes: compiled code would write beyond its end.
        image = np.asarray(image)
        if not image.dtype.isnative:
            image = image.astype(image.dtype.newbyteorder("="))
        rank = image.ndim
        if rank == 2:
            data = image[None, None]
        elif rank == 3:
            data = image.transpose(2, 0, 1)[None]
        elif rank == 4:
            data = image.transpose(0, 3, 1, 2)
        else:
            data = image
        valid = rank in (2, 3, 4) and data.shape[1] in (1, 3)
    else:
        raise InputTypeError(
            f"{name} is of a type this function does not take",
            expected="a NumPy array or torch tensor",
            got=type(image).__name__,
            hint="visq.metric(...) also takes paths, bytes and PIL images.",
        )
    if not valid:
        raise InputError(f"{name} has the wrong shape", expected=_LAYOUTS, got=str(tuple(image.shape)))
    if 0 in data.shape:
        raise InputError(
            f"{name} is empty",
            expected="at least one image of at least 1x1 pixels",
            got=str(tuple(image.shape)),
        )
    return data, rank < 4


def _peak(data: Any, data_range: float | None, name: str) -> float:
    dtype = _dtype_name(data.dtype)
    defaults = _DEFAULT_PEAK
    if dtype not in defaults:
        raise InputTypeError(
            f"{name} has a dtype that is not a pixel type",
            expected="uint8, uint16, float16, float32 or float64",
            got=dtype,
        )
    if data_range is None:
        return defaults[dtype]
    if not isinstance(data_range, Real) or isinstance(data_range, bool) or not 0 < data_range < float("inf"):
        raise OptionError("data_range is not usable", expected="a positive finite number", got=repr(data_range))
    return float(data_range)


def _check_values(batch: Batch, name: str) -> None:
    if batch.integer and batch.peak >= _DEFAULT_PEAK[_dtype_name(batch.data.dtype)]:
        return
    if batch.torch:
        # torch finds no extremes in uint16.
        data = batch.data.to(batch.xp.int32) if batch.integer else batch.data.detach()
        low, high = (float(v) for v in data.aminmax())
    elif batch.integer:
        low, high = float(batch.data.min()), float(batch.data.max())
    else:
        from visq.ops import _numba_colour

        low, high = _numba_colour.value_range(batch.data)
    slack = RANGE_TOLERANCE * batch.peak
    if low >= -slack and high <= batch.peak + slack:
        return
    if not (np.isfinite(low) and np.isfinite(high)):
        raise RangeError(f"{name} holds NaN or infinite values", expected="finite pixel values")
    raise RangeError(
        f"{name} leaves its range",
        expected=f"values in [0, {batch.peak:g}]",
        got=f"[{low:g}, {high:g}]",
        hint="Give data_range the value of white (255 for 0..255 floats).",
    )
