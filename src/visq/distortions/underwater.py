"""What water takes of light and puts before it: attenuation by wavelength, and light scattered back."""

from __future__ import annotations

import numpy as np

from visq.distortions.light import distance, encoded_light, linear_light
from visq.errors import OptionError

# Diffuse attenuation of downward light, 1/m, at these wavelengths in nm: N. G. Jerlov, "Marine Optics", 2nd ed.,
# Elsevier 1976, table XXVII; open ocean I to III, coast 1C to 9C. Two transcriptions agree in every digit.
_WAVELENGTHS = (450.0, 475.0, 525.0, 550.0, 600.0, 625.0)
JERLOV: dict[str, tuple[float, ...]] = {
    "I": (0.019, 0.018, 0.043, 0.063, 0.235, 0.305),
    "IA": (0.026, 0.025, 0.048, 0.067, 0.24, 0.31),
    "IB": (0.036, 0.033, 0.054, 0.072, 0.245, 0.315),
    "II": (0.068, 0.062, 0.076, 0.089, 0.26, 0.335),
    "III": (0.135, 0.116, 0.116, 0.12, 0.295, 0.375),
    "1C": (0.25, 0.17, 0.13, 0.12, 0.3, 0.37),
    "3C": (0.39, 0.29, 0.2, 0.19, 0.33, 0.4),
    "5C": (0.56, 0.43, 0.31, 0.3, 0.4, 0.48),
    "7C": (0.89, 0.71, 0.49, 0.46, 0.48, 0.54),
    "9C": (1.6, 1.23, 0.78, 0.63, 0.6, 0.65),
}
# Dominant wavelengths of the primaries of BT.709 and sRGB under D65.
_PRIMARIES = (611.4, 549.1, 464.3)


def attenuation(water: str) -> np.ndarray:
    """Attenuation of R, G and B in 1/m in a Jerlov water type, read off the table at sRGB's dominant wavelengths.

    Raises
    ------
    OptionError
        No such water type.

    Examples
    --------
    >>> attenuation("II").round(3).tolist()
    [0.294, 0.089, 0.065]
    """
    if water not in JERLOV:
        raise OptionError("unknown water type", expected=", ".join(JERLOV), got=repr(water))
    return np.interp(_PRIMARIES, _WAVELENGTHS, JERLOV[water])


def underwater(
    pixels: np.ndarray,
    amount: float,
    *,
    rng: np.random.Generator,
    water: str = "II",
    depth: float = 0.5,
    veil: float = 0.35,
) -> np.ndarray:
    """A picture taken under water: ``I = E (J t + B (1 - t))`` in linear light, channel by channel.

    With the attenuation `K` of the water, ``E = exp(-K depth amount)`` is what is left of daylight at the depth of the
    scene, ``t = exp(-K d)`` what is left of that on the way to the camera, with `d` up to `amount` metres as
    `visq.distortions.light.distance` has it, and `B` the light of endless water, proportional to ``1 / K`` because
    scattering hardly depends on the wavelength: blue in the ocean, green at a coast.

    Parameters
    ----------
    pixels : numpy.ndarray
        `(H, W, C)`, 0..1, sRGB: `J`, the picture in air. Grey is treated as light of G alone.
    amount : float
        Metres to the farthest point.
    rng : numpy.random.Generator
        Shape of the surrogate of the distance, the same at all levels.
    water : str
        Jerlov's type: I, IA, IB, II, III of the ocean, 1C, 3C, 5C, 7C, 9C of coasts, from clear to turbid.
    depth : float
        Depth of the scene, in units of `amount`.
    veil : float
        Greatest of the three values of `B`, linear.

    References
    ----------
    J. S. Jaffe, "Computer modeling and the design of optimal underwater imaging systems", IEEE J. Oceanic Engineering
    15(2), 1990; M. G. Solonenko, C. D. Mobley, "Inherent optical properties of Jerlov water types", Applied Optics
    54(17), 2015. Diffuse attenuation stands for that of a beam, which is greater: distances are effective ones.

    Examples
    --------
    >>> white = np.ones((4, 4, 3))
    >>> deep = underwater(white, 10.0, rng=np.random.default_rng(0))[0, 0]
    >>> bool(deep[0] < deep[1] < deep[2])
    True
    """
    coefficients = attenuation(water)
    background = veil * coefficients.min() / coefficients
    if pixels.shape[2] == 1:
        coefficients, background = coefficients[1:2], background[1:2]
    way = amount * distance(pixels.shape[:2], rng)[..., None]
    through = np.exp(-coefficients * way)
    daylight = np.exp(-coefficients * depth * amount)
    return encoded_light(daylight * (linear_light(pixels) * through + background * (1.0 - through)))


__all__ = ["JERLOV", "attenuation", "underwater"]
