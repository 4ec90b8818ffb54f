"""The paper's four claims: confirmed, contradicted, undecided, or not testable, by rules fixed before any picture.

`RULES` says when; they were written down before a study was run, and no output of one changes them. Of the paper only
the abstract was found: what "little", "decisive" and "strongly" mean in numbers was proposed here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from visq.evaluate import Interval
from visq.explain.agreements import Agreement
from visq.explain.estimators import STABLE
from visq.explain.half_reports import BELOW, NEAR
from visq.explain.measures import CHOSEN
from visq.explain.study.splits import Split

Verdict = Literal["confirmed", "contradicted", "undecided", "not testable"]
Answer = tuple[Verdict, str]

#: Of fewer pictures nothing is decided.
FEWEST = 30
#: Models that "several" are.
SEVERAL = 2
#: Mean rank correlation of importance and a measure that is called strong.
STRONG = 0.5
#: The four differences of SRCC that the split rests on, in the order of its rule.
ASKED = ("full - critical", "full - trivial", "random - trivial", "critical - random")

CLAIMS = (
    "A transformer that judges images without reference can have positions masked.",
    "In it, about half of an image contributes little to the predicted quality, and the other half is decisive.",
    "The same split exists in several other models, based on CNNs.",
    "Saliency, frequency and objectness of a region agree strongly with how important it is.",
)
_SPLIT = (
    f"A model has the split where, of differences of SRCC with people, each with its whole 95 % interval: whole less "
    f"critical half is at most {NEAR:g}, whole less trivial half at least {BELOW:g}, random less trivial half and "
    f"critical less random half are above 0. It contradicts the split where one of the four lies beyond with the whole "
    f"interval: above {NEAR:g}, below {BELOW:g}, below 0. It does not count where SRCC of wholes is not above "
    f"{BELOW:g} with the whole interval: what agrees with nobody has nothing to lose; nor does it contradict where "
    f"two disjoint sets of masks give different maps (median rank correlation below {STABLE:g}): its halves are chance."
)
_WORDS = {"centre": "the centre", "shuffled": "another picture"}
_OVER = "Confirmed: {n} or more of them do, and none contradicts. Contradicted: {n} or more contradict, and none does."
#: When each claim counts as confirmed, and when as contradicted; otherwise it is undecided.
RULES = (
    f"Asked of every transformer whose positions can be masked: SRCC with people of whole pictures and of random "
    f"halves, both above {BELOW:g} with the whole interval; contradicting, where one lies below {BELOW:g} with the "
    f"whole interval. "
    + _OVER.format(n="one"),
    f"Asked of every transformer whose positions can be masked, of the halves it told apart itself. {_SPLIT} "
    + _OVER.format(n="one"),
    f"Asked of every other network, of the halves it told apart itself. {_SPLIT} " + _OVER.format(n="two")
    + " Halves that another model told apart have a table of their own, and decide nothing.",
    f"Asked of every network. Spearman's correlation of importance and measure, the mean over pictures: at least "
    f"{STRONG:g} with the whole interval, and above both baselines (nearness to the centre, the same measure of "
    f"another picture) with the whole paired intervals, for each of the three measures. Contradicting, where one of "
    f"the three lies below {STRONG:g}, or below a baseline, with the whole interval, unless two disjoint sets of masks "
    f"give different maps (median rank correlation below {STABLE:g}). " + _OVER.format(n="one"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Told:
    """What the claims are asked of: a model, how stable its maps are, its own halves, its agreement with measures."""

    name: str
    family: str
    stability: float
    own: Split
    agreement: Agreement | None


@dataclass(frozen=True, slots=True)
class Claim:
    """One of the four.

    Attributes
    ----------
    number : int
        1 to 4.
    claim, rule : str
    verdict : str
    evidence : tuple of (model, verdict, text)
        Of each model that was asked.
    reason : str
        Why it is not testable or undecided, where the evidence does not say it.
    """

    number: int
    claim: str
    rule: str
    verdict: Verdict
    evidence: tuple[tuple[str, Verdict, str], ...] = ()
    reason: str = ""


def claims(models: Sequence[Told], pictures: int) -> tuple[Claim, ...]:
    """The four verdicts.

    Parameters
    ----------
    models : sequence of Told
    pictures : int
        How many there are.
    """
    transformers = [one for one in models if one.family == "transformer"]
    others = [one for one in models if one.family == "cnn"]
    asked: tuple[tuple[Sequence[Told], Callable[[Told], Answer], int, str], ...] = (
        (transformers, _maskable, 1, "no transformer whose positions can be masked was in the study"),
        (transformers, _halves, 1, "no transformer whose positions can be masked was in the study"),
        (others, _halves, SEVERAL, "fewer than two networks other than transformers were in the study"),
        (transformers + others, _meanings, 1, "no network was in the study"),
    )
    found = []
    for number, (some, ask, wanted, lacking) in enumerate(asked, 1):
        evidence = tuple((one.name, *few(ask(one), pictures)) for one in some)
        verdict, reason = _over([v for _, v, _ in evidence], wanted, lacking, pictures)
        found.append(Claim(number, CLAIMS[number - 1], RULES[number - 1], verdict, evidence, reason))
    return tuple(found)


def few(answer: Answer, pictures: int) -> Answer:
    """Of too few pictures the figures alone, whatever they would say."""
    return answer if pictures >= FEWEST else ("undecided", answer[1])


def has_split(one: Split, stability: float) -> Answer:
    """Whether halves decide as the second claim says, and the figures behind it."""
    differences = (f"{k.replace('full', 'whole')} {_shown(d)}" for k, d in one.differences.items())
    text = "; ".join([f"whole {_shown(one.srcc['full'])}", *differences])
    if not one.srcc["full"].low > BELOW:
        return "undecided", f"{text}; it hardly agrees with people in the first place"
    near, far, above, order = (one.differences[k] for k in ASKED)
    if near.high <= NEAR and far.low >= BELOW and above.low > 0 and order.low > 0:
        return "confirmed", text
    if near.low > NEAR or far.high < BELOW or above.high < 0 or order.high < 0:
        if stability < STABLE:
            return "undecided", f"{text}; its maps are not stable ({stability:.2f})"
        return "contradicted", text
    return "undecided", text


def _maskable(one: Told) -> Answer:
    full, random = one.own.srcc["full"], one.own.srcc["random"]
    text = f"whole {_shown(full)}; random halves {_shown(random)}"
    if min(full.low, random.low) > BELOW:
        return "confirmed", text
    return ("contradicted" if min(full.high, random.high) < BELOW else "undecided"), text


def _halves(one: Told) -> Answer:
    return has_split(one.own, one.stability)


def _meanings(one: Told) -> Answer:
    if one.agreement is None:
        return "undecided", "its importance has no order"
    verdicts, texts = [], []
    for name in CHOSEN:
        verdict, text = measure_agrees(one.agreement, name)
        verdicts.append(verdict)
        texts.append(f"{name} {text}")
    text = "; ".join(texts)
    if all(v == "confirmed" for v in verdicts):
        return "confirmed", text
    if "contradicted" in verdicts:
        if one.stability < STABLE:
            return "undecided", f"{text}; its maps are not stable ({one.stability:.2f})"
        return "contradicted", text
    return "undecided", text


def measure_agrees(agreement: Agreement, name: str) -> Answer:
    """Whether one measure agrees strongly with importance, more than both baselines."""
    mean = next(r.mean for r in agreement.rows if (r.measure, r.baseline, r.statistic) == (name, "", "srcc"))
    against = [v for v in agreement.verdicts if (v.measure, v.statistic) == (name, "srcc")]
    text = f"{_shown(mean)}, " + ", ".join(
        f"over {_WORDS[v.baseline]} {_shown(v.difference, sign='+')}" for v in against
    )
    if mean.low >= STRONG and agreement.explains(name):
        return "confirmed", text
    if mean.high < STRONG or agreement.claim(name) == "contradicted":
        return "contradicted", text
    return "undecided", text


def _over(verdicts: Sequence[Verdict], wanted: int, lacking: str, pictures: int) -> tuple[Verdict, str]:
    if len(verdicts) < wanted:
        return "not testable", lacking
    if pictures < FEWEST:
        return "undecided", f"{pictures} pictures decide nothing; {FEWEST} are the fewest"
    confirming, contradicting = verdicts.count("confirmed"), verdicts.count("contradicted")
    if confirming >= wanted and not contradicting:
        return "confirmed", ""
    if contradicting >= wanted and not confirming:
        return "contradicted", ""
    return "undecided", f"of {len(verdicts)} asked, {confirming} confirm it and {contradicting} contradict it"


def _shown(one: Interval, sign: str = "") -> str:
    estimate, low, high = (f"{round(v, 3) + 0.0:{sign}.3f}" for v in (one.estimate, one.low, one.high))
    return f"{estimate} ({low} to {high})"


__all__ = [
    "CLAIMS", "FEWEST", "RULES", "SEVERAL", "STRONG", "Claim", "Told", "Verdict", "claims", "few",
    "has_split",
    "measure_agrees",
]  # fmt: skip
