"""Verdicts on the four claims: their rules, condition by condition."""

from __future__ import annotations

import pytest

from visq.evaluate import Interval
from visq.explain.agreements import Agreement, Row, Verdict
from visq.explain.study.claims import CLAIMS, FEWEST, RULES, Told, claims, has_split
from visq.explain.study.splits import DIFFERENCES, Split


def around(estimate, width=0.01):
    return Interval(estimate, estimate - width, estimate + width, 0.95, 100, 0, 50, "items", "percentile", 0)


def split(full=0.8, critical=0.78, trivial=0.5, random=0.7, width=0.01):
    parts = {"full": full, "critical": critical, "trivial": trivial, "random": random}
    differences = {f"{a} - {b}": around(parts[a] - parts[b], width) for a, b in DIFFERENCES}
    intervals = {part: around(value, width) for part, value in parts.items()}
    return Split("a", "a", intervals, intervals, differences, around(2.0))


def meanings(saliency=0.6, frequency=0.6, objectness=0.6, centre=0.2, shuffled=0.3, width=0.01):
    own = {"saliency": saliency, "frequency": frequency, "objectness": objectness}
    rows = tuple(Row(name, "", "srcc", around(value, width), value, 50) for name, value in own.items())
    verdicts = tuple(
        Verdict(name, baseline, "srcc", around(value - other, width))
        for name, value in own.items()
        for baseline, other in (("centre", centre), ("shuffled", shuffled))
    )
    return Agreement(rows, verdicts, 50)


def told(family="transformer", own=None, stability=0.9, agreement=None, name="a"):
    return Told(name, family, stability, own or split(), agreement or meanings())


def verdicts(*models, pictures=200):
    return [claim.verdict for claim in claims(models, pictures)]


NETWORKS = (told("cnn", name="b"), told("cnn", name="c"))


def test_all_are_confirmed_where_every_condition_is_met():
    found = claims((told(), *NETWORKS), 200)
    assert [one.verdict for one in found] == ["confirmed"] * 4
    assert [(one.number, one.claim, one.rule) for one in found] == list(zip((1, 2, 3, 4), CLAIMS, RULES, strict=True))
    assert [len(one.evidence) for one in found] == [1, 1, 2, 3]


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        ({}, "confirmed"),
        # Each of the four conditions, with the whole interval on the other side.
        ({"critical": 0.72}, "contradicted"),
        ({"trivial": 0.75}, "contradicted"),
        ({"random": 0.45}, "contradicted"),
        ({"random": 0.795}, "contradicted"),
        # The same estimates, too wide to tell.
        ({"width": 0.2}, "undecided"),
        ({"critical": 0.72, "width": 0.04}, "undecided"),
        # What agrees with nobody has nothing to lose.
        ({"full": 0.1, "critical": 0.09, "trivial": -0.3, "random": 0.0}, "undecided"),
    ],
)
def test_conditions_of_the_split(given, verdict):
    assert has_split(split(**given), 0.9)[0] == verdict
    assert verdicts(told(own=split(**given)))[1] == verdict


def test_maps_that_are_chance_contradict_nothing():
    bad = split(critical=0.6)
    assert has_split(bad, 0.9)[0] == "contradicted"
    verdict, text = has_split(bad, 0.5)
    assert verdict == "undecided"
    assert text.endswith("its maps are not stable (0.50)")
    assert has_split(split(), 0.5)[0] == "confirmed"
    # Nothing was drawn: nothing is chance.
    assert has_split(bad, float("nan"))[0] == "contradicted"
    assert verdicts(told(agreement=meanings(saliency=0.1), stability=0.5))[3] == "undecided"


def test_a_transformer_must_agree_with_people_while_masked():
    assert verdicts(told(own=split(random=0.05)))[0] == "contradicted"
    assert verdicts(told(own=split(random=0.105)))[0] == "undecided"


def test_several_networks_are_two():
    assert verdicts(told(), NETWORKS[0])[2] == "not testable"
    bad = told("cnn", split(critical=0.6), name="d")
    assert verdicts(*NETWORKS, bad)[2] == "undecided"
    assert verdicts(NETWORKS[0], bad)[2] == "undecided"
    assert verdicts(bad, bad)[2] == "contradicted"
    weak = told("cnn", split(width=0.3), name="e")
    assert verdicts(*NETWORKS, weak)[2] == "confirmed"
    # Classical metrics and transformers are not asked.
    assert verdicts(told("classical"), told(), told())[2] == "not testable"


def test_two_transformers_that_differ_leave_it_undecided():
    assert verdicts(told(), told(own=split(critical=0.6)))[1] == "undecided"
    assert verdicts(told(), told(own=split(width=0.3)))[1] == "confirmed"


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        ({"objectness": 0.4}, "contradicted"),
        ({"objectness": 0.5, "width": 0.05}, "undecided"),
        ({"centre": 0.7}, "contradicted"),
        ({"shuffled": 0.6}, "undecided"),
    ],
)
def test_measures_must_be_strong_and_beat_both_baselines(given, verdict):
    assert verdicts(told(agreement=meanings(**given)))[3] == verdict


def test_without_an_order_nothing_is_said_of_measures():
    claim = claims([Told("a", "cnn", 0.9, split(), None)], 200)[3]
    assert (claim.verdict, claim.evidence[0][2]) == ("undecided", "its importance has no order")


def test_few_pictures_decide_nothing():
    found = claims((told(), *NETWORKS), FEWEST - 1)
    assert {one.verdict for one in found} == {"undecided"}
    assert found[1].reason == "29 pictures decide nothing; 30 are the fewest"
    assert {verdict for one in found for _, verdict, _ in one.evidence} == {"undecided"}
    assert verdicts(told("classical"), pictures=5) == ["not testable"] * 4
