"""The CIEDE2000 difference of two colours in CIELab (CIE 142-2001), NumPy or torch, with finite gradients."""

from __future__ import annotations

import math
from typing import Any

from visq.errors import InputError
from visq.ops.arrays import namespace
from visq.ops.numeric import safe_sqrt

_25_7 = 25.0**7


def ciede2000(first: Any, second: Any) -> Any:
    """Colour difference with unit weights (kL = kC = kH = 1); 0 for equal colours.

    Parameters
    ----------
    first, second : array
        `(..., 3, H, W)` CIELab: L* in 0..100, a*, b*.

    Returns
    -------
    array
        `(..., H, W)`, about 1 where the difference is just noticeable.

    Raises
    ------
    visq.errors.InputError
        No axis of three planes.

    References
    ----------
    G. Sharma, W. Wu, E. N. Dalal, "The CIEDE2000 color-difference formula: implementation notes, supplementary test
    data, and mathematical observations", Color Research and Application 30(1), 2005.

    Examples
    --------
    >>> import numpy as np
    >>> one, two = (np.array(lab).reshape(3, 1, 1) for lab in ([50, 2.6772, -79.7751], [50, 0, -82.7485]))
    >>> ciede2000(one, two).round(4).item()
    2.0425
    """
    for planes in (first, second):
        if planes.ndim < 3 or planes.shape[-3] != 3:
            raise InputError("not three planes of CIELab", expected="(..., 3, H, W)", got=str(tuple(planes.shape)))
    xp = namespace(first)
    l1, a1, b1 = (first[..., k, :, :] for k in range(3))
    l2, a2, b2 = (second[..., k, :, :] for k in range(3))
    mean7 = (0.5 * (safe_sqrt(a1 * a1 + b1 * b1) + safe_sqrt(a2 * a2 + b2 * b2))) ** 7
    stretch = 1.0 + 0.5 * (1.0 - safe_sqrt(mean7 / (mean7 + _25_7)))
    a1, a2 = stretch * a1, stretch * a2
    c1, c2 = safe_sqrt(a1 * a1 + b1 * b1), safe_sqrt(a2 * a2 + b2 * b2)
    h1, h2 = _hue(a1, b1), _hue(a2, b2)
    coloured = (c1 * c2) > 0
    turn = xp.where(coloured, h2 - h1, 0.0 * h1)
    wide = xp.abs(turn) > math.pi
    turn = xp.where(wide, turn - 2 * math.pi * xp.sign(turn), turn)
    # The mean hue lies on the shorter arc; where one of the two is grey it is that of the other, whose sum it is.
    total = h1 + h2
    around = xp.where(total < 2 * math.pi, total + 2 * math.pi, total - 2 * math.pi)
    hue = xp.where(coloured, 0.5 * xp.where(wide, around, total), total)
    chroma = 0.5 * (c1 + c2)
    hue_step = 2.0 * safe_sqrt(c1 * c2) * xp.sin(0.5 * turn)
    return _combined(l2 - l1, c2 - c1, hue_step, 0.5 * (l1 + l2), chroma, hue)


def _hue(a: Any, b: Any) -> Any:
    """Angle in 0..2 pi; 0 for a colour without hue."""
    xp = namespace(a)
    grey = (a == 0) & (b == 0)
    angle = xp.atan2(b, xp.where(grey, xp.ones_like(a), a))
    return xp.where(angle < 0, angle + 2 * math.pi, angle)


def _combined(dl: Any, dc: Any, dh: Any, lightness: Any, chroma: Any, hue: Any) -> Any:
    xp = namespace(hue)
    degree = math.pi / 180
    t = (
        1.0
        - 0.17 * xp.cos(hue - 30 * degree)
        + 0.24 * xp.cos(2 * hue)
        + 0.32 * xp.cos(3 * hue + 6 * degree)
        - 0.20 * xp.cos(4 * hue - 63 * degree)
    )
    angle = 30 * degree * xp.exp(-(((hue - 275 * degree) / (25 * degree)) ** 2))
    seventh = chroma**7
    rotation = -2.0 * safe_sqrt(seventh / (seventh + _25_7)) * xp.sin(2 * angle)
    from_middle = (lightness - 50.0) ** 2
    dl = dl / (1.0 + 0.015 * from_middle / xp.sqrt(20.0 + from_middle))
    dc = dc / (1.0 + 0.045 * chroma)
    dh = dh / (1.0 + 0.015 * chroma * t)
    square = dl * dl + dc * dc + dh * dh + rotation * dc * dh
    return safe_sqrt(xp.where(square > 0, square, 0.0 * square))
