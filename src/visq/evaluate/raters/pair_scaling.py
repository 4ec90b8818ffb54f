"""A scale from choices between two items: Bradley-Terry and Thurstone Case V, by maximum likelihood."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from visq.errors import InputError
from visq.evaluate.raters.pairs import Pairs

# Of twice the log-likelihood that the last step gains; what is left after it is of the order of its square.
_CLOSE = 1e-12
_ROUNDS = 200
#: The difference in standard deviations at which 75 % choose the better one: one just-objectionable difference.
_JOD = 0.6744897501960817

# (log-likelihood, its gradient, observed information), of the scale's differences and the tie parameter
_Pieces = tuple[float, np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class Scale:
    """Values of items on an interval scale with mean 0, and how well they are known.

    Attributes
    ----------
    model : str
        `bradley-terry` or `thurstone`.
    unit : str
        Of the values: `logit`, `difference sd` or `jod`.
    items : tuple of str
        What was compared.
    values : ndarray
        Higher is better; their mean is 0.
    covariance : ndarray
        Of the values, from the inverse of the observed information. Rows sum to 0.
    log_likelihood : float
        Of the answers given their order, at the maximum, without the prior.
    tie, tie_error : float or None
        Davidson's nu and the standard error of its logarithm; None in other models.
    prior : float
        Pseudo-comparisons; 0 is plain maximum likelihood.
    comparisons : float
        Answers in all.
    rounds : int
        Newton steps taken.
    """

    model: str
    unit: str
    items: tuple[str, ...]
    values: np.ndarray
    covariance: np.ndarray
    log_likelihood: float
    tie: float | None
    tie_error: float | None
    prior: float
    comparisons: float
    rounds: int

    @property
    def errors(self) -> np.ndarray:
        """Standard error of each value, as a distance from the mean of all items."""
        return np.sqrt(np.diag(self.covariance))

    def interval(self, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
        """Wald's interval of each value. Two items are compared by `difference`, not by whether intervals overlap."""
        half = _normal(level) * self.errors
        return self.values - half, self.values + half

    def difference(self, one: str, other: str, level: float = 0.95) -> tuple[float, float, float, float]:
        """(value of `one` less that of `other`, its standard error, low, high)."""
        i, j = self._place(one), self._place(other)
        estimate = float(self.values[i] - self.values[j])
        variance = self.covariance[i, i] + self.covariance[j, j] - 2 * self.covariance[i, j]
        error = float(np.sqrt(max(variance, 0.0)))
        half = _normal(level) * error
        return estimate, error, estimate - half, estimate + half

    def probability(self, one: str, other: str) -> float:
        """The model's probability that `one` is preferred to `other`, ties aside."""
        from scipy.special import expit, ndtr

        gap = self.values[self._place(one)] - self.values[self._place(other)]
        if self.model == "bradley-terry":
            return float(expit(gap))
        return float(ndtr(gap * _JOD if self.unit == "jod" else gap))

    def _place(self, item: str) -> int:
        if item not in self.items:
            raise InputError(f"no item is called {item!r}")
        return self.items.index(item)


def bradley_terry(pairs: Pairs | object, *, ties: Literal["half", "davidson"] = "half", prior: float = 0.0) -> Scale:
    r"""The scale on which `P(i preferred to j) = 1 / (1 + exp(-(v_i - v_j)))`.

    Parameters
    ----------
    pairs : Pairs or array-like
        Counts; a plain matrix is `wins`.
    ties : {"half", "davidson"}
        What a tie is: half a win for each, or an answer of its own with probability proportional to
        `nu sqrt(p_i p_j)`, where `p = exp(v)` (Davidson 1970).
    prior : float
        So many wins and as many losses of every item against one that lies at 0: draws the values together, and
        makes them finite where an item won or lost all. 0.5 is weak. 0: none.

    Returns
    -------
    Scale
        In logits.

    Raises
    ------
    InputError
        Comparisons that do not join all items and no prior.

    Notes
    -----
    Bradley, Terry, Biometrika 39, 1952; existence: Ford, American Mathematical Monthly 64, 1957; ties: Davidson, JASA
    65, 1970. Solved by Newton's method on the concave likelihood; time and memory grow with the third and second power
    of the number of items, which is fine up to a few thousand.

    Examples
    --------
    >>> scale = bradley_terry([[0, 8], [2, 0]])
    >>> round(scale.probability("1", "2"), 6)
    0.8
    """
    if ties not in ("half", "davidson"):
        raise InputError("ties cannot be taken so", expected="'half' or 'davidson'", got=repr(ties))
    counted = Pairs.of(pairs)
    own = ties == "davidson"
    if own:
        _check_ties(counted, prior)
    return _fit(counted, _davidson if own else _logistic, "bradley-terry", "logit", prior)


def _check_ties(pairs: Pairs, prior: float) -> None:
    """Refuse answers whose likelihood under Davidson's model grows without end as nu does.

    It does where values exist that lie 2 or more apart for every preference and 2 or less for every tie: then both can
    be stretched together with log nu, each answer becoming more likely. Such values are a solution of difference
    constraints, and there is none where the constraints have a cycle of negative length.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import NegativeCycleError, bellman_ford

    got = ""
    if not (pairs.ties.any() and pairs.wins.any()):
        got = "preferences only" if pairs.wins.any() else "ties only"
    elif prior == 0:
        pairs.check_connected()
        bounds = np.where(pairs.wins > 0, -2.0, np.where(pairs.ties > 0, 2.0, 0.0))
        try:
            bellman_ford(csr_array(bounds), indices=0)
            got = "preferences that form no cycle, and ties that could all be between neighbours"
        except NegativeCycleError:
            return
    if got:
        hint = "Use ties='half', or give a prior, as prior=0.5." if prior == 0 else "Use ties='half'."
        raise InputError(
            "nu cannot be estimated", expected="both ties and preferences, that overlap", got=got, hint=hint
        )


def thurstone(pairs: Pairs | object, *, unit: Literal["sd", "jod"] = "sd", prior: float = 0.0) -> Scale:
    r"""Thurstone's Case V: the scale on which `P(i preferred to j) = Phi(v_i - v_j)`.

    The unit is the standard deviation of the difference between two items; in Thurstone's own, that of one item, all
    numbers are `sqrt(2)` times as large. A JOD is the distance at which 75 % choose the better one. Ties count as half
    a win for each.

    Parameters
    ----------
    pairs : Pairs or array-like
        Counts; a plain matrix is `wins`.
    unit : {"sd", "jod"}
        Standard deviations of the difference, or just-objectionable differences (0.6745 of the former).
    prior : float
        As in `bradley_terry`.

    Returns
    -------
    Scale

    Raises
    ------
    InputError
        As `bradley_terry`.

    Notes
    -----
    Thurstone, Psychological Review 34, 1927; maximum likelihood as a probit model: Critchlow, Fligner, Psychometrika
    56, 1991; JOD: Perez-Ortiz, Mantiuk, arXiv 1712.03686. Averaging normal deviates of shares, the older solution, has
    no answer for shares of 0 or 1 and weighs all pairs alike.

    Examples
    --------
    >>> scale = thurstone([[0, 75], [25, 0]], unit="jod")
    >>> round(scale.difference("1", "2")[0], 6)
    1.0
    """
    if unit not in ("sd", "jod"):
        raise InputError("no such unit", expected="'sd' or 'jod'", got=repr(unit))
    scale = _fit(Pairs.of(pairs), _normal_ogive, "thurstone", "difference sd", prior)
    if unit == "sd":
        return scale
    fields: dict[str, Any] = {name: getattr(scale, name) for name in scale.__dataclass_fields__}
    fields |= {"unit": "jod", "values": scale.values / _JOD, "covariance": scale.covariance / _JOD**2}
    return Scale(**fields)


@dataclass(frozen=True, eq=False)
class _Answers:
    """The pairs that were compared: places of both items, and how often each won or neither did."""

    one: np.ndarray
    other: np.ndarray
    won: np.ndarray
    lost: np.ndarray
    tied: np.ndarray

    @classmethod
    def of(cls, pairs: Pairs) -> _Answers:
        one, other = np.nonzero(np.triu(pairs.wins + pairs.wins.T + pairs.ties))
        return cls(one, other, pairs.wins[one, other], pairs.wins[other, one], pairs.ties[one, other])

    def halved(self) -> _Answers:
        """Ties as half a win for each."""
        half = self.tied / 2
        return _Answers(self.one, self.other, self.won + half, self.lost + half, np.zeros_like(half))


def _logistic(gap: np.ndarray, answers: _Answers, tie: float) -> _Pieces:  # noqa: ARG001
    from scipy.special import expit, log_expit

    share = expit(gap)
    count = answers.won + answers.lost
    value = answers.won @ log_expit(gap) + answers.lost @ log_expit(-gap)
    return float(value), answers.won - count * share, count * share * (1 - share)


def _normal_ogive(gap: np.ndarray, answers: _Answers, tie: float) -> _Pieces:  # noqa: ARG001
    from scipy.special import log_ndtr

    above, below = log_ndtr(gap), log_ndtr(-gap)
    density = -(gap**2) / 2 - np.log(2 * np.pi) / 2
    up, down = np.exp(density - above), np.exp(density - below)
    gradient = answers.won * up - answers.lost * down
    information = answers.won * up * (up + gap) + answers.lost * down * (down - gap)
    return float(answers.won @ above + answers.lost @ below), gradient, information


def _davidson(gap: np.ndarray, answers: _Answers, tie: float) -> _Pieces:
    """Gradient and information have three parts one after the other: of the gaps, of log nu, and of both together."""
    norm = np.logaddexp(np.logaddexp(gap / 2, -gap / 2), tie)
    up, down, even = np.exp(gap / 2 - norm), np.exp(-gap / 2 - norm), np.exp(tie - norm)
    count = answers.won + answers.lost + answers.tied
    value = answers.won @ (gap / 2) - answers.lost @ (gap / 2) + answers.tied.sum() * tie - count @ norm
    drift = (up - down) / 2
    gradient = np.concatenate([(answers.won - answers.lost) / 2 - count * drift, answers.tied - count * even])
    information = np.concatenate([
        count * ((up + down) / 4 - drift**2), count * even * (1 - even), -count * drift * even,
    ])  # fmt: skip
    return float(value), gradient, information


def _fit(
    pairs: Pairs, model: Callable[[np.ndarray, _Answers, float], _Pieces], name: str, unit: str, prior: float
) -> Scale:
    if not (np.isfinite(prior) and prior >= 0):
        raise InputError("no such prior", expected="0 or more pseudo-comparisons", got=repr(prior))
    if prior == 0:
        pairs.check_connected()
    own_ties = model is _davidson
    answers = _Answers.of(pairs) if own_ties else _Answers.of(pairs).halved()
    problem = _Problem(answers, len(pairs.items), model, own_ties, prior)
    point, rounds = _newton(problem, np.zeros(len(pairs.items) + own_ties))
    value, _, information = problem.pieces(point, with_prior=False)
    covariance = np.linalg.inv(problem.pieces(point)[2] if prior else problem.pinned(information))
    size = len(pairs.items)
    centre = np.eye(size) - 1 / size
    return Scale(
        model=name, unit=unit, items=pairs.items, values=point[:size] - point[:size].mean(),
        covariance=centre @ covariance[:size, :size] @ centre, log_likelihood=value,
        tie=float(np.exp(point[size])) if own_ties else None,
        tie_error=float(np.sqrt(covariance[size, size])) if own_ties else None,
        prior=prior, comparisons=pairs.comparisons, rounds=rounds,
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Problem:
    """The log-likelihood as a function of values and, in Davidson's model, log nu at the end."""

    answers: _Answers
    size: int
    model: Callable[[np.ndarray, _Answers, float], _Pieces]
    own_ties: bool
    prior: float

    def pieces(self, point: np.ndarray, *, with_prior: bool = True) -> _Pieces:
        """Value, gradient and observed information at a point."""
        values, tie = point[: self.size], float(point[-1]) if self.own_ties else 0.0
        one, other, number = self.answers.one, self.answers.other, len(self.answers.one)
        value, slope, bend = self.model(values[one] - values[other], self.answers, tie)
        gradient = np.zeros(len(point))
        np.add.at(gradient, one, slope[:number])
        np.add.at(gradient, other, -slope[:number])
        information = np.zeros((len(point), len(point)))
        for row, column, sign in ((one, one, 1), (other, other, 1), (one, other, -1), (other, one, -1)):
            np.add.at(information, (row, column), sign * bend[:number])
        if self.own_ties:
            gradient[-1] = slope[number:].sum()
            information[-1, -1] = bend[number : 2 * number].sum()
            cross = bend[2 * number :]
            np.add.at(information[-1], one, cross)
            np.add.at(information[-1], other, -cross)
            information[:-1, -1] = information[-1, :-1]
        if with_prior and self.prior:
            value += self._add_prior(values, gradient, information)
        return value, gradient, information

    def _add_prior(self, values: np.ndarray, gradient: np.ndarray, information: np.ndarray) -> float:
        place = np.arange(self.size)
        weight = np.full(self.size, self.prior)
        ghost = _Answers(place, place, weight, weight, np.zeros(self.size))
        value, slope, bend = (_normal_ogive if self.model is _normal_ogive else _logistic)(values, ghost, 0.0)
        gradient[: self.size] += slope
        information[place, place] += bend
        return value

    def pinned(self, information: np.ndarray) -> np.ndarray:
        """Information that can be inverted: that all values may move together is stopped, which changes no difference.

        The pin is scaled like the rest, so that the sum is well conditioned.
        """
        if self.prior:
            return information
        fixed = information.copy()
        fixed[: self.size, : self.size] += np.trace(information[: self.size, : self.size]) / self.size**2
        return fixed


def _newton(problem: _Problem, point: np.ndarray) -> tuple[np.ndarray, int]:
    """Newton's method with halved steps: the likelihood is concave, so it cannot miss the maximum."""
    value, gradient, information = problem.pieces(point)
    for number in range(1, _ROUNDS + 1):
        step = np.linalg.solve(problem.pinned(information), gradient)
        share = 1.0
        while True:
            there = point + share * step
            found = problem.pieces(there)
            if found[0] >= value - 1e-12 * abs(value) or share < 1e-6:
                break
            share /= 2
        gain = float(gradient @ step)
        point, (value, gradient, information) = there, found
        if gain < _CLOSE:
            return point, number
    raise InputError(
        f"the scale did not settle in {_ROUNDS} steps",
        hint="Some item won or lost nearly everything: give a prior, as prior=0.5.",
    )


def _normal(level: float) -> float:
    from scipy.special import ndtri

    if not 0 < level < 1:
        raise InputError("the level is no share", expected="between 0 and 1, as 0.95", got=repr(level))
    return float(ndtri((1 + level) / 2))
