"""Which channels matter to people: weights of the channels of one tap, fitted on some contents, tested on others.

With D the mean squared difference of each channel, (pairs, channels), the distance is sqrt(D w), w >= 0. Three ways to
find w, all of them proposals (the paper tells no details):

- `relevance`: minimise 1 - r(sqrt(D w), impairment) + lambda mean((u / mean(u) - 1)^2) with w = u / mean(D) and
  u = softplus(v), from u = 1, by Adam (0.01, 500 steps on all training pairs); lambda of {0, 0.001, 0.01, 0.1, 1} by
  the validation contents. Pearson's r has a sign here: which way a distance should run is known.
- `relevance_nnls`: non-negative least squares of D on (best score - score); the distance is D w.
- `relevance_greedy`: channels in the order of their own correlation, the first 1, 2, 4, ... of them unweighted, as many
  as the validation contents like best.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visq.errors import InputError, OptionError
from visq.evaluate.correlation import pearson, spearman
from visq.probe.cache import Cache
from visq.probe.measuring import Work, measure, too_small
from visq.probe.networks import Net, Network, open_net
from visq.probe.pairsets import PairSet
from visq.probe.reading import l2, rms, sizes_differ
from visq.probe.reductions import HEAD
from visq.probe.table import FEWEST_DRAWS

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
PENALTIES = (0.0, 1e-3, 1e-2, 1e-1, 1.0)
STEPS, RATE = 500, 0.01
FOLDS = 5
_TINY = 1e-12


@dataclass(frozen=True)
class Fitted:
    """Weights of channels, `(C,)`, which power of D w is the distance, and what was chosen by validation."""

    weights: Floats
    power: float
    chosen: str

    def __call__(self, D: Floats) -> Floats:
        return (D @ self.weights) ** self.power


@dataclass(frozen=True)
class Relevance:
    """What fitted weights are worth on contents they have not seen.

    Attributes
    ----------
    net, layer, method : str
    train, test : str
        The sets; the same where contents were rotated.
    n, contents : int
        Pairs and contents tested on.
    srcc, plain : float
        With the weights, and of the plain distance on the same pairs: `l2`, or `rms` for images of several sizes.
    gain : float
    interval : (float, float)
        95 % of the gain, paired, over contents; NaN with one content or fewer than 10 draws.
    chosen : tuple of str
        Penalty, or number of channels, of each rotation.
    distances : (P,)
        Of the tested pairs, in their order.
    """

    net: str
    layer: str
    method: str
    train: str
    test: str
    n: int
    contents: int
    srcc: float
    plain: float
    gain: float
    interval: tuple[float, float]
    chosen: tuple[str, ...]
    distances: Floats


def rotations(groups: NDArray[Any], seed: int = 0) -> list[tuple[Mask, Mask, Mask]]:
    """Train, validation and test part, as masks, of each rotation: every content is tested once.

    Five folds of contents (as many as there are contents where those are fewer): one is tested, the next validates.

    Raises
    ------
    InputError
        Fewer than 3 contents.
    """
    names = list(dict.fromkeys(groups.tolist()))
    if len(names) < 3:
        raise InputError("fitted relevance needs contents to learn from and others to be tested on",
                         expected="3 contents or more", got=str(len(names)))  # fmt: skip
    order = np.random.default_rng(seed).permutation(len(names))
    folds = np.array_split(order, min(FOLDS, len(names)))
    place = {names[i]: k for k, fold in enumerate(folds) for i in fold}
    fold_of = np.array([place[g] for g in groups.tolist()])
    result = []
    for k in range(len(folds)):
        test, validation = fold_of == k, fold_of == (k + 1) % len(folds)
        result.append((~(test | validation), validation, test))
    return result


def learn(X: Floats, y: Floats, penalties: tuple[float, ...] = PENALTIES) -> Floats:
    """Weights u `(C, penalties)` of the first method; `X` is D by its mean over the pairs, `(P, C)`."""
    penalty = np.array(penalties)
    v = np.full((X.shape[1], penalty.size), math.log(math.e - 1))
    first, second = np.zeros_like(v), np.zeros_like(v)
    for step in range(1, STEPS + 1):
        gradient = _slope(X, y, np.logaddexp(0, v), penalty) / (1 + np.exp(-v))
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        v -= RATE * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
    return np.logaddexp(0, v)


def loss(X: Floats, y: Floats, u: Floats, penalty: Floats) -> Floats:
    """What `learn` minimises, for each column of `u`."""
    d = np.sqrt(X @ u + _TINY)
    d, t = d - d.mean(0), (y - y.mean())[:, None]
    r = (d * t).sum(0) / (np.sqrt((d * d).sum(0) * (t * t).sum()) + _TINY)
    return 1 - r + penalty * ((u / u.mean(0) - 1) ** 2).mean(0)


def _slope(X: Floats, y: Floats, u: Floats, penalty: Floats) -> Floats:
    """Gradient of `loss` by `u`."""
    d = np.sqrt(X @ u + _TINY)
    e, t = d - d.mean(0), (y - y.mean())[:, None]
    across, along = np.sqrt((e * e).sum(0)) + _TINY, math.sqrt(float((t * t).sum())) + _TINY
    r = (e * t).sum(0) / (across * along)
    by_distance = r * e / across**2 - t / (across * along)
    mean = u.mean(0)
    z = u / mean - 1
    return X.T @ (by_distance / (2 * d)) + penalty * 2 / (len(u) * mean) * (z - (z * u / mean).mean(0))


def _relevance(D: Floats, y: Floats, seen: NDArray[np.bool_], validation: NDArray[np.bool_]) -> Fitted:
    mean = D[seen].mean(0)
    alive = mean > 0
    if not alive.any():
        raise InputError("no channel of this tap ever differs", expected="one that does")
    u = learn(D[seen][:, alive] / mean[alive], y[seen])
    weights = np.zeros((D.shape[1], len(PENALTIES)))
    weights[alive] = u / mean[alive, None]
    best = _best([np.sqrt(D[validation] @ w) for w in weights.T], y[validation])
    return Fitted(weights[:, best], 0.5, f"lambda {PENALTIES[best]:g}")


def _nnls(D: Floats, y: Floats, seen: NDArray[np.bool_], validation: NDArray[np.bool_]) -> Fitted:
    from scipy.optimize import nnls

    both = seen | validation
    scale = D[both].mean(0)
    scale[scale == 0] = 1.0
    try:
        weights, _ = nnls(D[both] / scale, y[both] - y[both].min())
    except RuntimeError as error:
        raise InputError("non-negative least squares found no end", got=str(error)) from error
    return Fitted(weights / scale, 1.0, f"{int((weights > 0).sum())} channels")


def _greedy(D: Floats, y: Floats, seen: NDArray[np.bool_], validation: NDArray[np.bool_]) -> Fitted:
    own = np.array([pearson(np.sqrt(column), y[seen]) for column in D[seen].T])
    order = np.argsort(-np.nan_to_num(own, nan=-1.0), kind="stable")
    counts = sorted({min(2**k, D.shape[1]) for k in range(D.shape[1].bit_length() + 1)})
    best = _best([np.sqrt(D[validation][:, order[:n]].sum(1)) for n in counts], y[validation])
    weights = np.zeros(D.shape[1])
    weights[order[: counts[best]]] = 1.0
    return Fitted(weights, 0.5, f"{counts[best]} channels")


_METHODS: dict[str, Callable[..., Fitted]] = {
    "relevance": _relevance, "relevance_nnls": _nnls, "relevance_greedy": _greedy,
}  # fmt: skip


def _best(distances: list[Floats], y: Floats) -> int:
    """Which distance validation likes best; the first where it cannot tell."""
    found = [pearson(d, y) if y.size > 1 else math.nan for d in distances]
    return int(np.argmax(np.nan_to_num(found, nan=-2.0)))


def cross_validated(
    D: Floats, impairment: Floats, groups: NDArray[Any], method: str = "relevance", seed: int = 0
) -> tuple[Floats, tuple[str, ...]]:
    """Distances of every pair with weights that its content had no part in, and what each rotation chose.

    Rotations are brought to one scale by the root mean square of their training distances.
    """
    result, chosen = np.zeros(len(D)), []
    for seen, validation, test in rotations(groups, seed):
        fitted = _METHODS[method](D, impairment, seen, validation)
        reach = float(np.sqrt(np.mean(fitted(D[seen]) ** 2))) or 1.0
        result[test] = fitted(D[test]) / reach
        chosen.append(fitted.chosen)
    return result, tuple(chosen)


def fit_relevance(
    net: str | Net | Network,
    layer: str,
    train: PairSet,
    test: PairSet | None = None,
    *,
    split: str = "content",
    method: str = "relevance",
    seed: int = 0,
    samples: int = 2000,
    cache: str = "",
) -> tuple[Floats, Relevance]:
    """Weigh the channels of a layer by what people said, and test the weights on other contents.

    Parameters
    ----------
    net, layer
        A network as `run` takes it, and one of its taps.
    train, test : PairSet
        Fitted on the one and tested on the other. Without `test`, contents of `train` are rotated in five folds: each
        is tested once, by weights it had no part in. Two sets that share references are not independent.
    split : str
        `content` is the only way: pairs of one content are never on both sides.
    method : str
        `relevance`, `relevance_nnls`, `relevance_greedy`.
    seed, samples : int
        Of the rotation; draws of the paired bootstrap.
    cache : str
        File of measurements as `run` has it.

    Returns
    -------
    (C,) ndarray, Relevance
        Weights fitted on all of `train` (a fifth of its contents validates), and what such weights are worth.

    Raises
    ------
    InputError
        Too few contents, constant scores.
    OptionError
        An unknown tap, method or split.
    """
    if split != "content" or method not in _METHODS:
        raise OptionError("no such way to fit", expected=f"split content, method {' or '.join(_METHODS)}",
                          got=f"{split}, {method}")  # fmt: skip
    opened = open_net(net)
    [tap] = opened.choose([layer])
    sets = [train] if test is None else [train, test]
    vectors = []
    with Cache(cache) as store:
        for one in sets:
            one.check()
            measure(opened, one, [tap], ["base"], store, Work())
            found, _, small = store.vectors(opened.identity, tap, "base", one.keys)
            if found is None:
                raise InputError(f"{one.id}: {small} pairs cannot be had at {tap}", got=too_small(opened))
            vectors.append(found)
    D = vectors[0][:, HEAD:]
    seen, validation, last = rotations(train.groups, seed)[0]
    whole = _METHODS[method](D, train.impairment, seen | last, validation)
    if test is None:
        distances, chosen = cross_validated(D, train.impairment, train.groups, method, seed)
    else:
        distances, chosen = whole(vectors[1][:, HEAD:]), (whole.chosen,)
    tested = sets[-1]
    _, plain = plain_of(vectors[-1])
    gain, interval = gained(distances, plain, tested, samples=samples, seed=seed)
    report = Relevance(
        opened.name, tap, method, train.id, tested.id, len(tested), len(tested.contents),
        spearman(distances, tested.impairment), spearman(plain, tested.impairment), gain, interval, chosen, distances,
    )  # fmt: skip
    return whole.weights, report


def plain_of(base: Floats) -> tuple[str, Floats]:
    """The plain distance that weights are compared with, by its name: `rms` where images are of several sizes."""
    return ("rms", rms(base)) if sizes_differ(base) else ("l2", l2(base))


def gained(
    distances: Floats, plain: Floats, tested: PairSet, *, samples: int, seed: int
) -> tuple[float, tuple[float, float]]:
    """SRCC gained over the plain distance on the same pairs, with its paired interval over contents."""
    from visq.evaluate import compare_metrics

    one_sided = len(tested.contents) < 2 or samples < FEWEST_DRAWS
    if one_sided or np.ptp(distances) == 0 or np.ptp(plain) == 0:
        return spearman(distances, tested.impairment) - spearman(plain, tested.impairment), (math.nan, math.nan)
    found = compare_metrics(distances, plain, tested.impairment, groups=tested.groups, samples=samples, seed=seed)
    return found.difference, found.interval


__all__ = [
    "FOLDS",
    "PENALTIES",
    "Relevance",
    "cross_validated",
    "fit_relevance",
    "gained",
    "learn",
    "loss",
    "plain_of",
    "rotations",
]
