"""The paper's seven conclusions, asked of a table: confirmed, in part, contradicted, undecided, not testable.

Each is asked of every database apart, by paired intervals over contents; `RULES` says when each counts as confirmed and
when as contradicted, and otherwise it is undecided. Of a claim of two halves one of which alone was measured the best
that can be said is: in part. Verdicts on databases whose score is a surrogate stand beside, and decide nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from visq.probe.comparing import Difference, difference, fixed, twin_of
from visq.probe.networks import VERY_DEEP
from visq.probe.reading import DESCRIPTORS
from visq.probe.table import BASELINE, FEWEST_DRAWS, SEVERAL_SIZES, Row, Table, best

Verdict = Literal["confirmed", "in part", "contradicted", "undecided", "not testable"]
#: Metrics of the catalogue that were made to agree with people by learning from images or from people.
DEDICATED = ("lpips", "dists")
#: A change of SRCC that counts as major, and as worth a claim about what was learned.
MAJOR = 0.05
# Of fewer layers nobody can tell a trend.
_FEWEST_LAYERS = 4
CLAIMS = (
    "Every network studied beats SSIM.",
    "Some networks match dedicated metrics untouched.",
    "Supervised classifiers beat LPIPS clearly; self-supervised networks beat it too.",
    "Simple architectures beat very deep ones.",
    "In simple networks agreement grows with depth; in very deep ones it does not.",
    "Small changes of the training images matter little.",
    "Statistical descriptors and concatenated layers bring no major change.",
)
#: When each claim counts as confirmed, and when as contradicted: differences of SRCC with their 95 % intervals.
RULES = (
    "Confirmed: the best layer of every network lies above SSIM with the whole interval. Contradicted: one lies below "
    "with the whole interval.",
    f"Confirmed: the best layer of one network or more is worse than the best dedicated metric by less than {MAJOR:g} "
    f"with the whole interval. Contradicted: all are worse by more than {MAJOR:g} with the whole interval.",
    "Confirmed: the best layer of every classifier and every self-supervised network lies above LPIPS with the whole "
    f"interval, and by {MAJOR:g} or more above its twin with random weights. Contradicted: one lies below LPIPS with "
    "the whole interval. In part: one of the two kinds alone was measured. Without a twin: undecided.",
    "Confirmed: the best layer of every simple network lies above that of every very deep one with the whole interval. "
    "Contradicted: one lies below with the whole interval.",
    "Asked of the rank correlation of the layers' SRCC with their order, the input left out. Confirmed: with the whole "
    "interval above 0 in every simple network, and not above 0 in every very deep one. Contradicted: one has the whole "
    "interval on the other side. In part: one of the two kinds alone was measured.",
    f"Confirmed: every difference lies within {MAJOR:g} either way with the whole interval. Contradicted: one lies "
    "beyond with the whole interval.",
    f"Confirmed: every difference lies within {MAJOR:g} either way with the whole interval. Contradicted: one lies "
    "beyond with the whole interval.",
)


@dataclass(frozen=True, slots=True)
class Conclusion:
    """One claim on one database.

    Attributes
    ----------
    number : int
        1 to 7.
    claim : str
    dataset : str
        Empty: all databases that people rated.
    verdict : str
    evidence : tuple of str
        What was compared, with intervals.
    reason : str
        Why it is not testable, or what to know of the verdict.
    surrogate : bool
        Whether the score is no opinion of people.
    """

    number: int
    claim: str
    dataset: str
    verdict: Verdict
    evidence: tuple[str, ...] = ()
    reason: str = ""
    surrogate: bool = False

    @property
    def rule(self) -> str:
        """Of `RULES`."""
        return RULES[self.number - 1]


def conclusions(table: Table, *, readout: str = "l2") -> tuple[Conclusion, ...]:
    """The seven claims on every database of the table, each first over all databases that people rated.

    Parameters
    ----------
    table : Table
        With the baselines `ssim` and `lpips` (and `dists`), several networks, and read-outs beside `readout`, as far as
        there are any; a claim that lacks what it needs is not testable, and none is with fewer than 10 draws.
    readout : str
        The plain one.

    Returns
    -------
    tuple of Conclusion
        By number; with an empty `dataset` first.
    """
    result: list[Conclusion] = []
    for number, (claim, ask) in enumerate(zip(CLAIMS, _ASK, strict=True), 1):
        each = []
        for dataset, pairs in table.sets.items():
            answer: Answer = ("not testable", [], f"intervals need {FEWEST_DRAWS} draws or more, not {table.samples}")
            verdict, evidence, reason = answer if table.samples < FEWEST_DRAWS else ask(table, dataset, readout)
            each.append(Conclusion(number, claim, dataset, verdict, tuple(evidence), reason, pairs.surrogate))
        result += [_over_all(number, claim, each), *each]
    return tuple(result)


def plain_readout(table: Table) -> str:
    """The read-out that is asked about: `l2` where it was measured; for images of several sizes `rms`."""
    names = dict.fromkeys(row.readout for row in table.rows if row.goal != BASELINE)
    if "rms" in names and any(SEVERAL_SIZES in row.note for row in table.rows if row.readout == "l2"):
        return "rms"
    return "l2" if "l2" in names or not names else next(iter(names))


def answers(table: Table) -> list[dict[str, Any]]:
    """`conclusions` by the plain read-out, with their rules, as plain data: what JSON has of them."""
    readout = plain_readout(table)
    return [{"readout": readout, **asdict(one), "rule": one.rule} for one in conclusions(table, readout=readout)]


Answer = tuple[Verdict, list[str], str]


def _over_all(number: int, claim: str, each: Sequence[Conclusion]) -> Conclusion:
    rated = [one for one in each if not one.surrogate]
    told = [one for one in rated if one.verdict != "not testable"]
    if not told:
        reasons = dict.fromkeys(one.reason for one in rated if one.reason)
        why = "; ".join(reasons) if rated else "no database here was rated by people"
        return Conclusion(number, claim, "", "not testable", (), why)
    verdicts = {one.verdict for one in told}
    verdict: Verdict = "undecided"
    if verdicts <= {"confirmed", "in part"}:
        verdict = "in part" if "in part" in verdicts else "confirmed"
    elif "contradicted" in verdicts:
        verdict = "undecided" if verdicts & {"confirmed", "in part"} else "contradicted"
    reason = f"over {len(told)} databases that people rated: " + ", ".join(f"{o.dataset} {o.verdict}" for o in told)
    notes = dict.fromkeys(one.reason for one in told if one.reason)
    return Conclusion(number, claim, "", verdict, (), "; ".join((reason, *notes)))


def _learned(table: Table, dataset: str, readout: str) -> list[tuple[str, list[Row]]]:
    """Networks that were trained, with their rows of a read-out."""
    found: dict[str, list[Row]] = {}
    for row in table.where(dataset=dataset, readout=readout, random=False):
        if row.goal != BASELINE and row.defined:
            found.setdefault(row.net, []).append(row)
    return list(found.items())


def _judged(differences: Iterable[Difference]) -> Verdict:
    found = list(differences)
    if found and all(one.above for one in found):
        return "confirmed"
    return "contradicted" if any(one.below for one in found) else "undecided"


def _beats(table: Table, dataset: str, readout: str, metric: str, goals: tuple[str, ...] = ()) -> Answer:
    """Whether the best layer of every network (of these goals) beats a metric; the fixed layer is told beside."""
    line = table.baseline(dataset, metric)
    if line is None:
        return "not testable", [], f"{metric} was not measured"
    differences, evidence = [], []
    for net, rows in _learned(table, dataset, readout):
        top, middle = best(rows), fixed(rows)
        if top is None or (goals and top.goal not in goals):
            continue
        differences.append(difference(table, top, line))
        text = f"{net} {top.layer} {top.srcc:.3f} against {metric} {line.srcc:.3f}: {differences[-1]}"
        if middle is not None and middle is not top:
            text += f"; fixed layer {middle.layer}: {difference(table, middle, line)}"
        evidence.append(text)
    if not differences:
        return "not testable", [], "no such network was measured"
    return _judged(differences), evidence, "the best layer was chosen on the same pairs"


def _ssim(table: Table, dataset: str, readout: str) -> Answer:
    return _beats(table, dataset, readout, "ssim")


def _dedicated(table: Table, dataset: str, readout: str) -> Answer:
    lines = [row for row in (table.baseline(dataset, name) for name in DEDICATED) if row is not None]
    top = best(lines)
    nets = _learned(table, dataset, readout)
    if top is None or not nets:
        missing = "networks were not measured" if top else f"none of {', '.join(DEDICATED)} was measured"
        return "not testable", [], missing
    evidence, found = [], []
    for net, rows in nets:
        row = best(rows)
        if row is not None:
            found.append(difference(table, row, top))
            which = ", the better of them" if len(lines) > 1 else ""
            evidence.append(f"{net} {row.layer} against {top.net}{which}: {found[-1]}")
    # To match is to be no worse by a major change, with the whole interval.
    if any(one.low > -MAJOR for one in found):
        return "confirmed", evidence, f"matched: no worse by {MAJOR:g} within the interval"
    return ("contradicted" if all(one.high < -MAJOR for one in found) else "undecided"), evidence, ""


def _classifiers(table: Table, dataset: str, readout: str) -> Answer:
    goals = {rows[0].goal for _, rows in _learned(table, dataset, readout)} - {"unknown", ""}
    halves = {"classifiers": goals & {"classification"}, "self-supervised networks": goals - {"classification"}}
    answers = {kind: _beats(table, dataset, readout, "lpips", tuple(some)) for kind, some in halves.items() if some}
    told = {kind: answer for kind, answer in answers.items() if answer[0] != "not testable"}
    if not told:
        return next(iter(answers.values()), ("not testable", [], "no such network was measured"))
    verdict = _together([answer[0] for answer in told.values()])
    evidence = [line for answer in told.values() for line in answer[1]]
    reasons = list(dict.fromkeys(answer[2] for answer in told.values()))
    # What untrained weights give as well is no merit of the goal.
    nets = [net for net, rows in _learned(table, dataset, readout) if rows[0].goal in goals]
    learned = {net: found for net, found in _over_random(table, dataset, readout) if net in nets}
    evidence += [f"{net} over its twin with random weights: {d}" for net, d in learned.items()]
    alone = [net for net in nets if net not in learned]
    if alone and verdict == "confirmed":
        verdict = "undecided"
        reasons.append(f"no twin with random weights was measured of {', '.join(alone)}")
    if verdict == "confirmed" and any(d.value < MAJOR for d in learned.values()):
        verdict = "undecided"
        reasons.append(f"a twin with random weights is within {MAJOR:g}")
    return _half(verdict, list(told), len(halves), evidence, reasons)


def _together(verdicts: Sequence[Verdict]) -> Verdict:
    """Of comparisons each of which has to hold."""
    if all(one == "confirmed" for one in verdicts):
        return "confirmed"
    return "contradicted" if "contradicted" in verdicts else "undecided"


def _half(verdict: Verdict, kinds: Sequence[str], halves: int, evidence: list[str], reasons: list[str]) -> Answer:
    """The answer to a claim about several kinds of networks, of which these were measured."""
    if len(kinds) < halves:
        verdict = "in part" if verdict == "confirmed" else verdict
        reasons = [f"of {kinds[0]} alone: the other half of the claim was not measured", *reasons]
    return verdict, evidence, "; ".join(reasons)


def _over_random(table: Table, dataset: str, readout: str) -> list[tuple[str, Difference]]:
    """The best layer of each network minus that of its twin."""
    found = []
    for net, rows in _learned(table, dataset, readout):
        top = best(rows)
        twin = twin_of(table, top) if top is not None else None
        if top is not None and twin is not None:
            found.append((net, difference(table, top, twin)))
    return found


def _simple(table: Table, dataset: str, readout: str) -> Answer:
    nets = _learned(table, dataset, readout)
    simple = [best(rows) for _, rows in nets if not _deep(rows)]
    deep = [best(rows) for _, rows in nets if _deep(rows)]
    if not simple or not deep:
        lacking = "very deep" if simple else "simple"
        return "not testable", [], f"no {lacking} network was measured ({VERY_DEEP} layers with weights or more)"
    differences, evidence = [], []
    for a in simple:
        for b in deep:
            if a is not None and b is not None:
                differences.append(difference(table, a, b))
                evidence.append(
                    f"{a.net} ({a.depth} layers) {a.layer} {a.srcc:.3f} against {b.net} ({b.depth}) {b.layer} "
                    f"{b.srcc:.3f}: {differences[-1]}"
                )
    return _judged(differences), evidence, _held([rows for _, rows in nets])


def _deep(rows: Sequence[Row]) -> bool:
    return (rows[0].depth or 0) >= VERY_DEEP


def _held(nets: Iterable[Sequence[Row]]) -> str:
    """Which networks were held to be very deep."""
    names = [f"{rows[0].net} ({rows[0].depth})" for rows in nets if _deep(rows)]
    return f"very deep, with {VERY_DEEP} layers with weights or more: {', '.join(names) or 'none'}"


def _grows(table: Table, dataset: str, readout: str) -> Answer:
    verdicts: list[Verdict] = []
    evidence = []
    asked: list[list[Row]] = []
    for net, rows in _learned(table, dataset, readout):
        # What a network is fed is no layer of it.
        along = [row for row in rows if row.depth_fraction is not None and row.layer != "input"]
        if len(along) < _FEWEST_LAYERS:
            continue
        asked.append(along)
        value, low, high = _trend(table, along)
        kind = "very deep" if _deep(along) else "simple"
        evidence.append(f"{net} ({kind}): rank correlation of SRCC with depth {Difference(value, low, high)}")
        if math.isnan(low):
            verdicts.append("undecided")
        elif _deep(along):
            verdicts.append("contradicted" if low > 0 else "confirmed" if high <= 0 else "undecided")
        else:
            verdicts.append("confirmed" if low > 0 else "contradicted" if high < 0 else "undecided")
    if not verdicts:
        return "not testable", [], "fewer than four layers of each network were measured"
    kinds = list(dict.fromkeys("very deep networks" if _deep(rows) else "simple networks" for rows in asked))
    return _half(_together(verdicts), kinds, 2, evidence, [_held(asked)])


def _trend(table: Table, rows: Sequence[Row]) -> tuple[float, float, float]:
    """Spearman's correlation of the layers' SRCC with their order, with an interval over contents."""
    from visq.evaluate.correlation import spearman
    from visq.evaluate.resampling import Resampler, Statistic, limits

    pairs = table.sets[rows[0].dataset]
    order = np.arange(len(rows), dtype=np.float64)
    value = spearman(np.array([row.srcc for row in rows], dtype=np.float64), order)
    if len(pairs.contents) < 2 or not table.samples:
        return value, math.nan, math.nan
    resampler = Resampler(len(pairs), pairs.groups, table.samples, table.seed)
    of = [Statistic("srcc", table.distances[row.key], pairs.impairment, resampler) for row in rows]
    drawn = np.concatenate([np.stack([one.of(counts) for one in of], 1) for counts in resampler.counts()])
    trends = [spearman(line, order) if np.isfinite(line).all() else math.nan for line in drawn]
    low, high = limits(np.array(trends), 0.95)
    return value, low, high


def _data(table: Table, dataset: str, readout: str) -> Answer:
    groups: dict[tuple[str, str], list[Row]] = {}
    for _, rows in _learned(table, dataset, readout):
        top = best(rows)
        if top is not None:
            groups.setdefault((top.arch, top.goal), []).append(top)
    pairs = [(a, b) for rows in groups.values() for i, a in enumerate(rows) for b in rows[i + 1 :]
             if a.train_data != b.train_data]  # fmt: skip
    if not pairs:
        return "not testable", [], "no architecture was measured with weights from several sets of images"
    found = [difference(table, a, b) for a, b in pairs]
    evidence = [f"{a.net} against {b.net}: {d}" for (a, b), d in zip(pairs, found, strict=True)]
    return _small(found), evidence, f"little: within {MAJOR:g}"


def _change(table: Table, dataset: str, readout: str) -> Answer:
    evidence, found = [], []
    for net, rows in _learned(table, dataset, readout):
        plain = best(rows)
        names = {row.readout for row in table.where(dataset=dataset, net=net)}
        for name in sorted(n for n in names if n in DESCRIPTORS or n.startswith("concat")):
            other = best(table.where(dataset=dataset, net=net, readout=name))
            if plain is not None and other is not None:
                found.append(difference(table, other, plain))
                evidence.append(f"{net}: {name} {other.layer} against {readout} {plain.layer}: {found[-1]}")
    if not found:
        return "not testable", [], "neither descriptors nor concatenations were measured"
    return _small(found), evidence, f"no major change: within {MAJOR:g} either way"


def _small(found: Iterable[Difference]) -> Verdict:
    """Whether every difference is within the bound; contradicted where one lies outside with its whole interval."""
    several = list(found)
    if all(one.low > -MAJOR and one.high < MAJOR for one in several):
        return "confirmed"
    return "contradicted" if any(one.low > MAJOR or one.high < -MAJOR for one in several) else "undecided"


_ASK: tuple[Callable[[Table, str, str], Answer], ...] = (
    _ssim, _dedicated, _classifiers, _simple, _grows, _data, _change,
)  # fmt: skip


__all__ = ["CLAIMS", "MAJOR", "RULES", "Conclusion", "conclusions"]
