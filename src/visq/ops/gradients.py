"""Image gradients by 3 x 3 kernels on the last two axes of `(..., H, W)` arrays, NumPy or torch.

A kernel is a smoothing across the derivative times the difference `x[i + 1] - x[i - 1]`, not halved. The
smoothing taps sum to 1, so a ramp of one level a pixel has a gradient of 2 with every kernel:

- `prewitt`: 1 1 1, divided by 3 (GMSD, MDSI)
- `scharr`: 3 10 3, divided by 16 (FSIM, VSI)
- `sobel`: 1 2 1, divided by 4
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from visq.errors import OptionError
from visq.ops import filters
from visq.ops.arrays import is_torch
from visq.ops.borders import Border
from visq.ops.numeric import safe_sqrt

Kernel = Literal["prewitt", "scharr", "sobel"]

#: Smoothing taps of each kernel.
SMOOTHING: dict[str, np.ndarray] = {
    "prewitt": np.array([1.0, 1.0, 1.0]) / 3,
    "scharr": np.array([3.0, 10.0, 3.0]) / 16,
    "sobel": np.array([1.0, 2.0, 1.0]) / 4,
}
DIFFERENCE = np.array([-1.0, 0.0, 1.0])


def _smoothing(kernel: str) -> np.ndarray:
    if kernel not in SMOOTHING:
        raise OptionError("unknown gradient kernel", expected=", ".join(SMOOTHING), got=repr(kernel))
    return SMOOTHING[kernel]


def components(x: Any, kernel: Kernel = "prewitt", *, border: Border = "zero") -> tuple[Any, Any]:
    """Horizontal and vertical derivative, positive where the image brightens to the right and downwards.

    Parameters
    ----------
    x : array
        `(..., H, W)`, float.
    kernel : {"prewitt", "scharr", "sobel"}
    border : str
        See `visq.ops.borders`. `zero` is MATLAB's ``conv2(x, kernel, 'same')``.

    Returns
    -------
    (array, array)
        Each `(..., H, W)`, or two rows and columns smaller for ``border="valid"``.

    Examples
    --------
    >>> import numpy as np
    >>> ramp = np.tile(np.arange(5.0), (5, 1))
    >>> across, down = components(ramp, "scharr", border="valid")
    >>> across[0].tolist(), down[0].tolist()
    ([2.0, 2.0, 2.0], [0.0, 0.0, 0.0])
    """
    smooth = _smoothing(kernel)
    across = filters.separable(x, smooth, DIFFERENCE, border=border)
    down = filters.separable(x, DIFFERENCE, smooth, border=border)
    return across, down


def magnitude(x: Any, kernel: Kernel = "prewitt", *, border: Border = "zero") -> Any:
    """Length of the gradient, ``sqrt(across^2 + down^2)``; in torch its gradient at 0 is 0.

    Parameters and result as `components`.
    """
    if is_torch(x):
        across, down = components(x, kernel, border=border)
        return safe_sqrt(across * across + down * down)
    from visq.ops import _numba_gradients

    return _numba_gradients.magnitude(x, _smoothing(kernel), border)
