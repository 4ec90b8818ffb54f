"""What tells DeepWSD of 2022, of 2024 and its two siblings apart, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

from visq.ops.arrays import namespace
from visq.ops.numeric import safe_power

Measure = Literal["transport", "jsd", "skld"]
MEASURES: tuple[str, ...] = get_args(Measure)


@dataclass(frozen=True, slots=True)
class Variant:
    """One published form.

    Attributes
    ----------
    entry : str
        Its name in the catalogue.
    backbone : str
        Network, built with L2 pooling.
    taps : tuple of str
        Its stages that are compared, after the picture itself.
    measure : str
        How the vectors are compared as distributions.
    window : int or None
        Side of the windows; None: by the size of the pictures.
    mean : bool
        The mean over the vectors of a stage instead of their sum.
    power : float or None
        Of ``ln(1 + D)``; None: 1, and 2 where the pictures were pooled.
    """

    entry: str
    backbone: str
    taps: tuple[str, ...]
    measure: Measure
    window: int | None
    mean: bool
    power: float | None


_VGG16 = ("relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_3")
_VGG19 = ("relu1_2", "relu2_2", "relu3_4", "relu4_4", "relu5_4")

#: The form of 2022.
ORIGINAL = Variant("deepwsd", "vgg16", _VGG16, "transport", None, False, None)
#: Those of 2024, by their measure.
LATER = {
    "transport": Variant("deepwsd2024", "vgg19", _VGG19, "transport", 8, True, 0.25),
    "jsd": Variant("deepjsd", "vgg19", _VGG19, "jsd", 8, True, 0.25),
    "skld": Variant("deepskld", "vgg19", _VGG19, "skld", 8, True, 0.25),
}


def score(distance: Any, variant: Variant, factor: int) -> Any:
    """The score of a mean distance of the stages, NumPy or torch, of pictures that were pooled by `factor`.

    0 at 0; the gradient is 0 there, where the exact one is infinite.

    >>> import numpy as np
    >>> [round(float(score(np.float64(np.e - 1), ORIGINAL, f)), 6) for f in (1, 2)], score(np.zeros(1), LATER["jsd"], 1)
    ([1.0, 1.0], array([0.]))
    """
    xp = namespace(distance)
    value = xp.log1p(distance)
    power = variant.power if variant.power is not None else (1.0 if factor == 1 else 2.0)
    return value if power == 1.0 else safe_power(value, power)


__all__ = ["LATER", "MEASURES", "ORIGINAL", "Measure", "Variant", "score"]
