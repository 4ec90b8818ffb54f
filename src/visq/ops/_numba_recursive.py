"""SSIMULACRA 2 with the authors' recursive blur in single precision, rounding errors and all.

The poles of the recursion lie on the unit circle: an error made at one pixel stays until the end of the row. What
comes out depends on the order of operations, so they are done in the program's: fused multiply-add, four pixels at
a time along the rows, one down the columns.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from visq.ops._numba_light import Source
from visq.ops._numba_ssimulacra2 import halve, to_positive_xyb
from visq.ops.cosine_gaussian import CosineGaussian
from visq.ops.threads import run_strips, strip_count


class _Constants(NamedTuple):
    radius: int
    gain: np.ndarray
    feedback: np.ndarray
    inputs: np.ndarray
    last: np.ndarray
    before: np.ndarray


@njit(cache=True, nogil=True, inline="always")
def _fused(a, b, c):  # type: ignore[no-untyped-def]
    # The product of two float32 is exact in float64.
    return np.float32(np.float64(a) * np.float64(b) + np.float64(c))


@njit(cache=True, nogil=True)
def _pixel(both, k, state, inputs, last, before):  # type: ignore[no-untyped-def]
    y = np.float32(both * inputs[0, k])
    y = _fused(before[0, k], state[1, k], y)
    y = _fused(last[0, k], state[0, k], y)
    state[1, k], state[0, k] = state[0, k], y
    return y


@njit(cache=True, nogil=True)
def _along_row(x, out, constants):  # type: ignore[no-untyped-def]
    radius, _, _, inputs, last, before = constants
    width = x.size
    state = np.zeros((2, 3), np.float32)
    four = np.empty((3, 4), np.float32)
    zero = np.float32(0.0)
    aligned = (radius + 4) // 4 * 4
    n = 1 - radius
    while n < width:
        if aligned <= n < width - radius - 2:
            for k in range(3):
                for lane in range(4):
                    y = np.float32((x[n - radius - 1] + x[n + radius - 1]) * inputs[lane, k])
                    for j in range(1, lane + 1):
                        y = _fused(x[n + j - radius - 1] + x[n + j + radius - 1], inputs[lane - j, k], y)
                    y = _fused(before[lane, k], state[1, k], y)
                    four[k, lane] = _fused(last[lane, k], state[0, k], y)
                state[1, k], state[0, k] = four[k, 2], four[k, 3]
            for lane in range(4):
                out[n + lane] = four[0, lane] + (four[1, lane] + four[2, lane])
            n += 4
            continue
        left = x[n - radius - 1] if n > radius else zero
        right = x[n + radius - 1] if n + radius - 1 < width else zero
        both = left + right
        one, two, three = (
            _pixel(both, 0, state, inputs, last, before),
            _pixel(both, 1, state, inputs, last, before),
            _pixel(both, 2, state, inputs, last, before),
        )
        if n >= 0:
            out[n] = one + (two + three)
        n += 1


@njit(cache=True, nogil=True)
def _product_rows(x, y, out, first, end, squared, constants):  # type: ignore[no-untyped-def]
    """Blur ``x y``, or `x` where not `squared`, along the rows."""
    for r in range(first, end):
        _along_row(x[r] * y[r] if squared else x[r], out[r], constants)


@njit(cache=True, nogil=True)
def _down_columns(x, out, first, end, constants):  # type: ignore[no-untyped-def]
    radius, gain, feedback, _, _, _ = constants
    height, width = x.shape[0], end - first
    state = np.zeros((2, 3, width), np.float32)
    zero = np.zeros(width, np.float32)
    for n in range(1 - radius, height):
        top = x[n - radius - 1, first:end] if n > radius else zero
        bottom = x[n + radius - 1, first:end] if n + radius - 1 < height else zero
        for k in range(3):
            g, f = gain[k], feedback[k]
            newer, older = state[0, k], state[1, k]
            for c in range(width):
                y = _fused(g, top[c] + bottom[c], _fused(f, newer[c], -older[c]))
                older[c] = newer[c]
                newer[c] = y
        if n >= 0:
            row = out[n, first:end]
            for c in range(width):
                row[c] = state[0, 0, c] + (state[0, 1, c] + state[0, 2, c])


@njit(cache=True, nogil=True)
def _errors(x, y, blurred, constant, first, end, sums):  # type: ignore[no-untyped-def]
    one = np.float32(1.0)
    for r in range(first, end):
        for c in range(x.shape[1]):
            mx, my = blurred[0, r, c], blurred[1, r, c]
            step = mx - my
            above = np.float32(2.0) * (blurred[4, r, c] - mx * my) + constant
            below = (blurred[2, r, c] - mx * mx) + (blurred[3, r, c] - my * my) + constant
            d = max(1.0 - np.float64((one - step * step) * above / below), 0.0)
            before = 1.0 + np.float64(abs(x[r, c] - mx))
            edge = (1.0 + np.float64(abs(y[r, c] - my))) / before - 1.0
            artefact, loss = max(edge, 0.0), max(-edge, 0.0)
            sums[0, 0] += d
            sums[0, 1] += artefact
            sums[0, 2] += loss
            sums[1, 0] += d**4
            sums[1, 1] += artefact**4
            sums[1, 2] += loss**4


def norms(reference: Source, image: Source, scales: int, gaussian: CosineGaussian, constant: float) -> np.ndarray:
    """As that of the exact engine: `(scales, 3, 2, 3)`."""
    constants = _constants(gaussian)
    pair = [_light(source) for source in (reference, image)]
    out = np.empty((scales, 3, 2, 3))
    for scale in range(scales):
        positive = [_positive_xyb(planes) for planes in pair]
        height, width = pair[0].shape[1:]
        # Full planes of light are not kept while the blurs need their memory.
        pair = [_half(planes) for planes in pair] if scale + 1 < scales else []
        for k in range(3):
            out[scale, k] = _plane(positive[0][k], positive[1][k], constants, np.float32(constant)) / (height * width)
    return out


def _light(source: Source) -> np.ndarray:
    out = np.empty((3, source.height, source.width), np.float32)

    def work(first: int, end: int, _: int) -> None:
        out[:, first:end] = source.band(first, end)

    run_strips(work, source.height)
    return out


def _positive_xyb(light: np.ndarray) -> np.ndarray:
    out = np.empty_like(light)

    def work(first: int, end: int, _: int) -> None:
        band = light[:, first:end].astype(np.float64)
        to_positive_xyb(band, np.empty(light.shape[2], np.float32))
        out[:, first:end] = band

    run_strips(work, light.shape[1])
    return out


def _half(light: np.ndarray) -> np.ndarray:
    out = np.empty((3, -(-light.shape[1] // 2), -(-light.shape[2] // 2)), np.float32)
    halve(light, 0, out)
    return out


def _plane(x: np.ndarray, y: np.ndarray, constants: _Constants, constant: np.float32) -> np.ndarray:
    height, width = x.shape
    blurred = np.empty((5, height, width), np.float32)
    rows = np.empty((height, width), np.float32)
    terms = ((x, x, False), (y, y, False), (x, x, True), (y, y, True), (x, y, True))
    for target, (a, b, squared) in zip(blurred, terms, strict=True):
        _blur(a, b, squared, rows, target, constants)
    parts = np.zeros((strip_count(height), 2, 3))
    run_strips(lambda first, end, i: _errors(x, y, blurred, constant, first, end, parts[i]), height)
    return parts.sum(axis=0)


def _blur(
    a: np.ndarray, b: np.ndarray, squared: bool, rows: np.ndarray, target: np.ndarray, constants: _Constants
) -> None:
    fixed = tuple(constants)
    run_strips(lambda first, end, _: _product_rows(a, b, rows, first, end, squared, fixed), rows.shape[0])
    run_strips(lambda first, end, _: _down_columns(rows, target, first, end, fixed), rows.shape[1], 256)


def _constants(gaussian: CosineGaussian) -> _Constants:
    """Those of one step, and of four expanded from it."""
    c, g = gaussian.feedback, gaussian.gain
    last, before, inputs = [c], [-np.ones(3)], [g]
    for _ in range(3):
        # y[n + 1] = g x + c y[n] - y[n - 1], with y[n] expanded already.
        older_last, older_before = (last[-2], before[-2]) if len(last) > 1 else (np.ones(3), np.zeros(3))
        older_input = inputs[-2] if len(inputs) > 1 else np.zeros(3)
        last.append(c * last[-1] - older_last)
        before.append(c * before[-1] - older_before)
        inputs.append(c * inputs[-1] - older_input)
    single = (np.asarray(z, np.float32) for z in (g, c, inputs, last, before))
    return _Constants(gaussian.radius, *single)
