"""Read-outs: how two responses of a tap become one distance. All are 0 for identical images and rise with damage.

========================  ===========================================================================================
`l2`                      sqrt(sum over space and channels of (f - g)^2), the plain read-out: nothing is weighted
`rms`                     the same over the root of the number of elements: for images of several sizes
`cosine`                  1 - <f,g> / (|f| |g|) of the whole response
`l2_norm`                 sqrt(mean_c D_c / mean(D_c)), D_c the mean squared difference of channel c, its mean over the
                          whole set: **transductive**, as it uses the statistics of the images it is tested on
`minkowski_1`, `_2`, `_4` (sum |f - g|^p)^(1/p)
`lpips_style`             mean over space of the squared difference of responses of unit length across channels
`stats_mean`, `stats_std`,
`stats_ms`                L2 between the channels' means, standard deviations, both
`gram`                    L2 between the upper triangles of F F^T / (HW)
`hist`                    L2 between 16-bin histograms of the channels, bins from the reference's own response
`concat`                  sqrt(sum over taps of l2^2), over the chosen taps up to this one, without the input; or
                          `concat(TAP+TAP+...)`
`relevance`               sqrt(sum_c w_c D_c), w fitted on other contents; `relevance_nnls` and `relevance_greedy` are
                          other ways to find w (see `visq.probe.fit_relevance`)
========================  ===========================================================================================
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from visq.errors import OptionError
from visq.probe.reductions import HEAD

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ReadOut:
    """One read-out.

    Attributes
    ----------
    name : str
    needs : str
        The reduction it is made from.
    of : callable or None
        `(P, k)` vectors of that reduction to `(P,)` distances; None where other taps or scores are needed too.
    kind : str
        `tap`, `concat` or `relevance`.
    transductive : bool
        Whether it uses statistics of the very images it is tested on.
    taps : tuple of str
        Of an explicit concatenation.
    """

    name: str
    needs: str
    of: Callable[[Floats], Floats] | None = None
    kind: Literal["tap", "concat", "relevance"] = "tap"
    transductive: bool = False
    taps: tuple[str, ...] = ()


def l2(base: Floats) -> Floats:
    """Euclidean distance from the vectors of `base`."""
    return np.sqrt(base[:, 0] * base[:, HEAD:].sum(1))


def sizes_differ(base: Floats) -> bool:
    """Whether the vectors of `base` are of images of several sizes."""
    return bool(np.unique(base[:, 0]).size > 1)


def rms(base: Floats) -> Floats:
    """Root of the mean squared difference."""
    return np.sqrt(base[:, HEAD:].mean(1))


def cosine(base: Floats) -> Floats:
    """1 minus the cosine; 0 for two responses that are all zero, 1 where one is."""
    inner, lengths = base[:, 1], np.sqrt(base[:, 2] * base[:, 3])
    silent = (base[:, 2] == 0) & (base[:, 3] == 0)
    found = 1 - np.divide(inner, lengths, out=np.zeros_like(inner), where=lengths > 0)
    return np.where(silent, 0.0, np.maximum(found, 0.0))


def l2_norm(base: Floats) -> Floats:
    """Root of the mean over channels of D_c by its mean over all pairs; channels that never differ are left out."""
    D = base[:, HEAD:]
    mean = D.mean(0)
    alive = mean > 0
    return np.sqrt((D[:, alive] / mean[alive]).mean(1)) if alive.any() else np.zeros(len(D))


def _column(place: int, power: float = 1.0) -> Callable[[Floats], Floats]:
    def of(vectors: Floats) -> Floats:
        return vectors[:, place] ** power

    return of


_ALL = (
    ReadOut("l2", "base", l2),
    ReadOut("rms", "base", rms),
    ReadOut("cosine", "base", cosine),
    ReadOut("l2_norm", "base", l2_norm, transductive=True),
    ReadOut("minkowski_1", "base", _column(4)),
    ReadOut("minkowski_2", "base", l2),
    ReadOut("minkowski_4", "base", _column(5, 0.25)),
    ReadOut("lpips_style", "unit", _column(0)),
    ReadOut("stats_mean", "stats", _column(0)),
    ReadOut("stats_std", "stats", _column(1)),
    ReadOut("stats_ms", "stats", _column(2)),
    ReadOut("gram", "gram", _column(0)),
    ReadOut("hist", "hist", _column(0)),
    ReadOut("concat", "base", kind="concat"),
    ReadOut("relevance", "base", kind="relevance"),
    ReadOut("relevance_nnls", "base", kind="relevance"),
    ReadOut("relevance_greedy", "base", kind="relevance"),
)
BY_NAME = {one.name: one for one in _ALL}
#: Distances between statistics of single images.
DESCRIPTORS = ("stats_mean", "stats_std", "stats_ms", "gram", "hist")
_GROUPS = {
    "all": tuple(BY_NAME),
    "stats": DESCRIPTORS,
    "minkowski_p": ("minkowski_1", "minkowski_2", "minkowski_4"),
    "minkowski": ("minkowski_1", "minkowski_2", "minkowski_4"),
}


def readouts(names: str | Iterable[str]) -> tuple[ReadOut, ...]:
    """Read-outs by name, by commas or one by one: `all`, `stats` and `minkowski_p` are several.

    Raises
    ------
    OptionError
        An unknown one.

    Examples
    --------
    >>> [one.name for one in readouts("minkowski_p,concat(relu1_2+relu2_2)")]
    ['minkowski_1', 'minkowski_2', 'minkowski_4', 'concat(relu1_2+relu2_2)']
    """
    texts = [names] if isinstance(names, str) else list(names)
    found: dict[str, ReadOut] = {}
    for name in (part.strip() for text in texts for part in text.split(",")):
        explicit = re.fullmatch(r"concat\((.+)\)", name)
        if explicit:
            taps = tuple(tap.strip() for tap in explicit.group(1).split("+"))
            found[name] = ReadOut(name, "base", kind="concat", taps=taps)
            continue
        several = _GROUPS.get(name, (name,))
        if name and several[0] not in BY_NAME:
            raise OptionError(f"no read-out is called {name!r}", expected=", ".join((*BY_NAME, "stats", "all")))
        found |= {one: BY_NAME[one] for one in several if name}
    if not found:
        raise OptionError("no read-out was named", expected=", ".join(BY_NAME))
    return tuple(found.values())


__all__ = ["BY_NAME", "DESCRIPTORS", "ReadOut", "cosine", "l2", "l2_norm", "readouts", "rms", "sizes_differ"]
