"""How true a map is to the model: what happens to the score when pixels go, or come, in the map's order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visq.errors import InputError
from visq.explain.cells import Floats

STEPS = 20


@dataclass(frozen=True, slots=True, eq=False)
class Faithfulness:
    """Deletion and insertion curves of a map, on a scale where the empty picture has 0 and the whole one 1.

    Attributes
    ----------
    deletion, insertion : float
        Areas under the curves. A map is faithful where deletion is low and insertion high.
    random_deletion, random_insertion : float
        The same of a random order.
    shares : (steps + 1,) array
        How much was taken away, or put in.
    deleted, inserted : (steps + 1,) array
        The curves.
    """

    deletion: float
    insertion: float
    random_deletion: float
    random_insertion: float
    shares: Floats
    deleted: Floats
    inserted: Floats

    @property
    def gain(self) -> float:
        """One number: how much more the map tells than a random order; 0 for none."""
        return (self.insertion - self.deletion) - (self.random_insertion - self.random_deletion)


def faithfulness(
    score: Callable[[NDArray[Any]], float],
    image: NDArray[Any],
    empty: NDArray[Any],
    values: NDArray[Any],
    *,
    steps: int = STEPS,
    seed: int = 0,
) -> Faithfulness:
    """Take away pixels in the order of a map, and put them in, and look at the score.

    The most important go first. Taken away, a pixel shows what `empty` shows there.

    Parameters
    ----------
    score : callable
        An image to a float.
    image, empty : (H, W) or (H, W, 3) array
        The picture, and what there is of it when nothing is: black, its mean, a blurred copy.
    values : (H, W) array
        Importance of each pixel, of any sign: what raises the difference between the two scores comes first.
    steps : int
    seed : int
        Of the random order, which moves whole cells of 1/16 of the sides: single pixels would be noise, not parts.

    Raises
    ------
    InputError
        Shapes that differ, or pictures with equal scores, between which there is nothing to tell.

    References
    ----------
    V. Petsiuk, A. Das, K. Saenko, "RISE: randomized input sampling for explanation of black-box models", BMVC 2018.

    Examples
    --------
    >>> image = np.zeros((16, 16))
    >>> image[:8] = 1.0
    >>> found = faithfulness(lambda x: float(x.sum()), image, np.zeros_like(image), image, steps=4)
    >>> found.inserted.tolist(), found.gain > 0
    ([0.0, 0.5, 1.0, 1.0, 1.0], True)
    """
    if image.shape != empty.shape or values.shape != image.shape[:2]:
        raise InputError("map and pictures differ in size", expected=str(image.shape[:2]), got=str(values.shape))
    first, last = float(score(empty)), float(score(image))
    if first == last:
        raise InputError("the picture and the empty one have the same score", expected="scores that differ",
                         got=f"{last:g}", hint="Choose another empty picture.")  # fmt: skip

    def curves(order: NDArray[np.intp]) -> tuple[Floats, Floats]:
        gone, come = [1.0], [0.0]
        for n in np.rint(np.linspace(0, order.size, steps + 1)[1:]).astype(int):
            chosen = np.zeros(order.size, dtype=bool)
            chosen[order[:n]] = True
            part = chosen.reshape(values.shape + (1,) * (image.ndim - 2))
            for into, picture in ((gone, np.where(part, empty, image)), (come, np.where(part, image, empty))):
                into.append((float(score(picture)) - first) / (last - first))
        return np.array(gone), np.array(come)

    deleted, inserted = curves(np.argsort(-values.ravel(), kind="stable"))
    other = curves(np.argsort(-_random(values.shape, seed).ravel(), kind="stable"))
    shares = np.linspace(0.0, 1.0, steps + 1)
    a, b, c, d = (float(np.trapezoid(curve, shares)) for curve in (deleted, inserted, *other))
    return Faithfulness(a, b, c, d, shares, deleted, inserted)


def _random(shape: tuple[int, ...], seed: int) -> Floats:
    generator = np.random.default_rng(seed)
    cells = generator.permutation(256).reshape(16, 16).astype(float)
    rows, columns = (np.arange(n) * 16 // n for n in shape)
    return cells[rows[:, None], columns[None, :]]


__all__ = ["STEPS", "Faithfulness", "faithfulness"]
