"""NumPy engine of the local autoregression: one least-squares problem of eight unknowns a pixel, many at a time.

The normal matrix of a pixel holds sums, over the training pixels around it, of products of two pixels at most two
rows and columns apart. Of such products there are 13 kinds, and one sum of each kind per window: the 36 numbers of the
matrix are read out of these, less the pixel's own term, which is no training pixel. The systems of neighbouring
pixels are then solved together, so that the processor works on several in one instruction.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from visq.ops.borders import padded_index
from visq.ops.numeric import read_only
from visq.ops.threads import run_strips, strip_count

REACH = 3
STRIP = 32
LEVELS = 511
_MARGIN = REACH + 1 + 2
_COLUMNS = 64
_ORDER = 8
# A pivot this small a share of its diagonal is rounding error: the matrix is singular.
_SINGULAR = 1e-13
# Ties are decided alike in single and in double precision, whose pixels differ by a hundred-thousandth.
_TIE = 3e-5

# The nine pixels of a 3 x 3 neighbourhood in reading order; the fifth is the one that is predicted.
_OFFSETS = np.array([(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)])
_CENTRE = 4
_LAGS = [(0, 0), (0, 1), (0, 2), *[(i, j) for i in (1, 2) for j in (-2, -1, 0, 1, 2)]]
_LAG_ARRAY = np.array(_LAGS)
_KIND = np.array(
    [
        [_LAGS.index((int(b[0] - a[0]), int(b[1] - a[1]))) if i <= j else -1 for j, b in enumerate(_OFFSETS)]
        for i, a in enumerate(_OFFSETS)
    ]
)
_OTHERS = np.array([i for i in range(9) if i != _CENTRE])


@njit(cache=True, nogil=True)
def _window_sums(x, r, sums, line):  # type: ignore[no-untyped-def]
    """Sums over the window centred in every column of row `r` of the padded image, one row of `sums` a lag."""
    width = sums.shape[1]
    for k in range(_LAG_ARRAY.shape[0]):
        down, across = _LAG_ARRAY[k, 0], _LAG_ARRAY[k, 1]
        line[:] = 0.0
        for i in range(-REACH, REACH + 1):
            one = x[r + i, 2 : 2 + line.size]
            two = x[r + i + down, 2 + across : 2 + across + line.size]
            for c in range(line.size):
                line[c] += one[c] * two[c]
        target = sums[k]
        target[:] = 0.0
        for j in range(2 * REACH + 1):
            part = line[j : j + width]
            for c in range(width):
                target[c] += part[c]


@njit(cache=True, nogil=True)
def _systems(x, r, first, count, sums, slot, a, b, v):  # type: ignore[no-untyped-def]
    """Normal matrices `a` (lower triangles), right sides `b` and neighbours `v` of `count` pixels of a row."""
    for p in range(9):
        pr, pc = r + _OFFSETS[p, 0] + _MARGIN, first + _OFFSETS[p, 1] + _MARGIN
        one = x[pr, pc : pc + count]
        if p != _CENTRE:
            to = v[p - (p > _CENTRE)]
            for c in range(count):
                to[c] = one[c]
        for q in range(p, 9):
            if p == _CENTRE and q == _CENTRE:
                continue
            qr, qc = r + _OFFSETS[q, 0] + _MARGIN, first + _OFFSETS[q, 1] + _MARGIN
            two = x[qr, qc : qc + count]
            start = first + _OFFSETS[p, 1] + 1
            total = sums[slot[_OFFSETS[p, 0] + 1], _KIND[p, q], start : start + count]
            if p == _CENTRE or q == _CENTRE:
                other = q if p == _CENTRE else p
                to = b[other - (other > _CENTRE)]
            else:
                to = a[q - (q > _CENTRE), p - (p > _CENTRE)]
            for c in range(count):
                to[c] = total[c] - one[c] * two[c]


@njit(cache=True, nogil=True)
def _add_ridge(a, count, share, trace):  # type: ignore[no-untyped-def]
    trace[:count] = 0.0
    for j in range(_ORDER):
        part = a[j, j]
        for c in range(count):
            trace[c] += part[c]
    for j in range(_ORDER):
        part = a[j, j]
        for c in range(count):
            part[c] += share / _ORDER * trace[c]


@njit(cache=True, nogil=True)
def _norm(a, count, sums, worst):  # type: ignore[no-untyped-def]
    """Largest column sum of magnitudes of symmetric matrices given by their lower triangles."""
    worst[:count] = 0.0
    for j in range(_ORDER):
        sums[:count] = 0.0
        for i in range(_ORDER):
            part = a[max(i, j), min(i, j)]
            for c in range(count):
                sums[c] += abs(part[c])
        for c in range(count):
            worst[c] = max(worst[c], sums[c])


@njit(cache=True, nogil=True, error_model="numpy")
def _factor(a, count, bad):  # type: ignore[no-untyped-def]
    """Cholesky factors in place; the diagonal is kept as its inverse. `bad` marks matrices that have none."""
    bad[:count] = False
    diagonal = np.empty((_ORDER, a.shape[2]))
    for j in range(_ORDER):
        diagonal[j] = a[j, j]
    for j in range(_ORDER):
        pivot, whole = a[j, j], diagonal[j]
        for c in range(count):
            small = pivot[c] <= _SINGULAR * whole[c]
            bad[c] |= small
            pivot[c] = 1.0 / np.sqrt(1.0 if small else pivot[c])
        for i in range(j + 1, _ORDER):
            entry = a[i, j]
            for c in range(count):
                entry[c] *= pivot[c]
        for i in range(j + 1, _ORDER):
            left = a[i, j]
            for k in range(j + 1, i + 1):
                right, to = a[k, j], a[i, k]
                for c in range(count):
                    to[c] -= left[c] * right[c]


@njit(cache=True, nogil=True)
def _invert_factor(a, count, inverse):  # type: ignore[no-untyped-def]
    """Inverses of triangular factors, column by column."""
    for j in range(_ORDER):
        inverse[j, j, :count] = a[j, j, :count]
        for i in range(j + 1, _ORDER):
            to = inverse[i, j]
            to[:count] = 0.0
            for k in range(j, i):
                left, right = a[i, k], inverse[k, j]
                for c in range(count):
                    to[c] -= left[c] * right[c]
            scale = a[i, i]
            for c in range(count):
                to[c] *= scale[c]


@njit(cache=True, nogil=True)
def _squared(inverse, count, out):  # type: ignore[no-untyped-def]
    """Inverse of the matrix, lower triangle, from that of its factor."""
    for i in range(_ORDER):
        for j in range(i + 1):
            to = out[i, j]
            to[:count] = 0.0
            for k in range(i, _ORDER):
                left, right = inverse[k, i], inverse[k, j]
                for c in range(count):
                    to[c] += left[c] * right[c]


@njit(cache=True, nogil=True)
def _estimate(inverse, c, x, y, signs):  # type: ignore[no-untyped-def]
    """LAPACK's estimate (Hager, Higham) of the 1-norm of one of the inverse matrices, which `rcond` is made of.

    It never exceeds the norm, so a matrix that the norm itself clears needs no estimate.
    """
    x[:] = 1.0 / _ORDER
    _apply(inverse, c, x, y)
    found = np.abs(y).sum()
    for i in range(_ORDER):
        signs[i] = 1.0 if y[i] > 0.0 else -1.0
    _apply(inverse, c, signs, y)
    largest = np.argmax(np.abs(y))
    for _ in range(4):
        x[:] = 0.0
        x[largest] = 1.0
        _apply(inverse, c, x, y)
        before, found = found, np.abs(y).sum()
        repeated = True
        for i in range(_ORDER):
            sign = 1.0 if y[i] > 0.0 else -1.0
            repeated &= sign == signs[i]
            signs[i] = sign
        if repeated or found <= before:
            break
        _apply(inverse, c, signs, y)
        last, largest = largest, np.argmax(np.abs(y))
        if y[last] == abs(y[largest]):
            break
    for i in range(_ORDER):
        x[i] = (1.0 - 2.0 * (i % 2)) * (1.0 + i / (_ORDER - 1))
    _apply(inverse, c, x, y)
    return max(found, 2.0 * np.abs(y).sum() / (3.0 * _ORDER))


@njit(cache=True, nogil=True)
def _apply(matrix, c, x, out):  # type: ignore[no-untyped-def]
    """A symmetric matrix, given by its lower triangle, times a vector."""
    for i in range(_ORDER):
        total = 0.0
        for j in range(_ORDER):
            total += matrix[max(i, j), min(i, j), c] * x[j]
        out[i] = total


@njit(cache=True, nogil=True)
def _times(out, b, v, count, bad, predicted, term):  # type: ignore[no-untyped-def]
    """Prediction: the neighbours, weighted by the solution of the system, or alike where it has none."""
    predicted[:count] = 0.0
    for i in range(_ORDER):
        term[:count] = 0.0
        for j in range(_ORDER):
            part, right = out[max(i, j), min(i, j)], b[j]
            for c in range(count):
                term[c] += part[c] * right[c]
        neighbour = v[i]
        for c in range(count):
            predicted[c] += neighbour[c] * (1.0 / _ORDER if bad[c] else term[c])


@njit(cache=True, nogil=True, error_model="numpy")
def _rows(x, counts, first, end, width, least, ridge):  # type: ignore[no-untyped-def]
    kinds = _LAG_ARRAY.shape[0]
    sums = np.empty((3, kinds, width + 2))
    slot = np.empty(3, np.int64)
    line = np.empty(width + 2 + 2 * REACH)
    a = np.empty((_ORDER, _ORDER, _COLUMNS))
    inverse = np.empty((_ORDER, _ORDER, _COLUMNS))
    whole = np.empty((_ORDER, _ORDER, _COLUMNS))
    b = np.empty((_ORDER, _COLUMNS))
    v = np.empty((_ORDER, _COLUMNS))
    bad = np.empty(_COLUMNS, np.bool_)
    norm, other, term, predicted = np.empty(_COLUMNS), np.empty(_COLUMNS), np.empty(_COLUMNS), np.empty(_COLUMNS)
    vectors = (np.empty(_ORDER), np.empty(_ORDER), np.empty(_ORDER))
    _window_sums(x, first - 1 + _MARGIN, sums[0], line)
    _window_sums(x, first + _MARGIN, sums[1], line)
    for r in range(first, end):
        shift = r - first
        for k in range(3):
            slot[k] = (shift + k) % 3
        _window_sums(x, r + 1 + _MARGIN, sums[slot[2]], line)
        for start in range(0, width, _COLUMNS):
            count = min(_COLUMNS, width - start)
            _systems(x, r, start, count, sums, slot, a, b, v)
            if ridge > 0.0:
                _add_ridge(a, count, ridge, term)
            _norm(a, count, term, norm)
            _factor(a, count, bad)
            _invert_factor(a, count, inverse)
            _squared(inverse, count, whole)
            _norm(whole, count, term, other)
            for c in range(count):
                if norm[c] * other[c] * least > 1.0 and not bad[c]:
                    bad[c] = norm[c] * _estimate(whole, c, *vectors) * least > 1.0
            _times(whole, b, v, count, bad, predicted, term)
            here = x[r + _MARGIN, start + _MARGIN :]
            for c in range(count):
                e = here[c] - predicted[c]
                size = min(np.floor(abs(e) + (0.5 + _TIE)), 255.0)
                counts[255 + np.int64(size if e > 0 else -size)] += 1


def error_counts(x: np.ndarray, least: float, ridge: float) -> np.ndarray:
    """`(511,)` numbers of pixels of an `(H, W)` float64 plane whose rounded prediction error is -255 to 255.

    A pixel whose normal matrix has a reciprocal condition number (1-norm, as LAPACK estimates it) below `least` is
    predicted by the mean of its neighbours. `ridge` times the mean of the diagonal is added to the diagonal first.
    """
    height, width = x.shape
    index = [padded_index(n, _MARGIN, _MARGIN, "symmetric") for n in (height, width)]
    padded = read_only(x[index[0][:, None], index[1][None, :]])
    counts = np.zeros((strip_count(height, STRIP), LEVELS), np.int64)
    run_strips(lambda a, b, i: _rows(padded, counts[i], a, b, width, least, ridge), height, STRIP)
    return counts.sum(axis=0)
