"""Parts: by content, by a seeded rule, and the test part for evaluations alone."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pytest
import tiny_database

from visq.datasets import get
from visq.errors import DatasetError, InputError, OptionError
from visq.train.data.splits import held_out, parts


@pytest.fixture(scope="module")
def rated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rated")
    tiny_database.make(folder)
    return tiny_database.opened(folder)


def test_parts_hold_everything_but_the_test_part_once(rated):
    found = parts(rated, validation=0.2, calibration=0.2, seed=1)
    chosen = [i for part in found for i in part.indices]
    assert sorted(chosen) == rated.official()["train"].tolist()
    assert not set(chosen) & set(held_out(rated).indices)


def test_parts_follow_the_rule_that_is_written_down(rated):
    # The rule of the docstring as a loop of its own.
    contents = sorted({rated.samples[i].group for i in rated.official()["train"]})
    ordered = sorted(contents, key=lambda c: hashlib.sha256(f"folder/training/5/{c}".encode()).hexdigest())
    wanted = {"calibration": set(ordered[-2:]), "validation": set(ordered[-3:-2]), "fit": set(ordered[:-3])}
    found = parts(rated, validation=0.1, calibration=0.2, seed=5)  # of 9 contents: round(0.9) = 1, round(1.8) = 2
    assert {part.role: set(part.groups.tolist()) for part in found} == wanted


def test_another_seed_draws_other_parts(rated):
    drawn = {parts(rated, validation=0.3, seed=seed).validation.indices for seed in range(6)}
    assert len(drawn) > 3


def test_shares_of_nothing_are_empty(rated):
    found = parts(rated, validation=0.2, calibration=0.0)
    assert len(found.calibration) == 0
    assert len(found.fit) + len(found.validation) == len(rated.official()["train"])


def test_scores_run_from_0_to_1_by_the_ends_of_the_scale(rated):
    part = parts(rated).fit
    assert part.scores.dtype == np.float32
    np.testing.assert_allclose(part.scores, [rated.samples[i].score / 5 for i in part.indices], rtol=1e-6)


def test_scores_by_the_fit_part_do_not_depend_on_the_others(rated):
    endless = replace(rated, spec=replace(rated.spec, low=float("-inf"), high=float("inf")))
    with pytest.raises(DatasetError, match="0 to 1"):
        parts(endless)
    found = parts(endless, scale="fit")
    assert (found.fit.scores.min(), found.fit.scores.max()) == (0.0, 1.0)
    raw = np.array([endless.samples[i].score for i in found.fit.indices])
    test = held_out(endless, like=found.fit)
    wanted = [(endless.samples[i].score - raw.min()) / (raw.max() - raw.min()) for i in test.indices]
    np.testing.assert_allclose(test.scores, wanted, rtol=1e-5)


def test_scores_like_those_of_a_part_that_has_others_are_refused(rated):
    by_ends, by_fit = parts(rated), parts(rated, scale="fit")
    for like in (by_ends.fit, by_fit.validation, by_fit.fit.only(range(2, 6))):
        with pytest.raises(OptionError, match="scores of like"):
            held_out(rated, like=like)
    assert held_out(rated, like=by_fit.fit).scores.tolist() != held_out(rated).scores.tolist()
    with pytest.raises(OptionError, match="scale"):
        parts(rated, scale="range")


def test_a_mask_is_no_choice_of_pictures(rated):
    part = parts(rated).fit
    for wrong in ([True] * len(part), np.ones(len(part), bool), [len(part)], [-1], [0.5]):
        with pytest.raises(OptionError, match="number of a picture"):
            part.only(wrong)


def test_the_test_part_is_for_evaluations_alone(rated):
    test, found = held_out(rated), parts(rated)
    assert test.for_purpose("evaluation") is test
    for purpose in ("training", "validation"):
        with pytest.raises(OptionError, match="the test part of folder is not for " + purpose):
            test.for_purpose(purpose)
    with pytest.raises(OptionError, match="calibration part"):
        found.calibration.for_purpose("validation")
    with pytest.raises(OptionError, match="validation part"):
        found.validation.for_purpose("training")
    with pytest.raises(OptionError, match="purpose"):
        found.fit.for_purpose("fun")


def test_a_subset_of_test_pictures_gives_no_parts(rated):
    with pytest.raises(DatasetError, match="nothing but its test part"):
        parts(rated.subset(rated.official()["test"]))


def test_a_part_made_by_hand_holds_nothing_of_the_test_part(rated):
    test = held_out(rated)
    with pytest.raises(OptionError, match="6 pictures of the test part of folder are not for fit"):
        replace(test, role="fit")


def test_a_content_on_both_sides_is_refused(rated):
    samples = list(rated.samples)
    samples[-1] = replace(samples[-1], group=samples[0].group)
    with pytest.raises(DatasetError, match="1 contents lie in its training and in its test part"):
        parts(replace(rated, samples=tuple(samples)))


def test_databases_without_an_official_split_want_a_fixed_one(rated):
    plain = replace(rated, samples=tuple(replace(s, part="") for s in rated.samples))
    with pytest.raises(DatasetError, match="no official split"):
        parts(plain)
    found, test = parts(plain, split=3), held_out(plain, split=3)
    assert set(test.indices) == set(plain.split(3)["test"].tolist())
    assert sorted(i for part in found for i in part.indices) == sorted({*range(len(plain))} - set(test.indices))


def test_identities_tell_parts_apart(rated):
    found = parts(rated)
    same = parts(rated)
    assert found.fit.identity == same.fit.identity
    assert len({found.fit.identity, found.validation.identity, found.fit.only([0, 1]).identity}) == 3
    changed = list(rated.samples)
    changed[found.fit.indices[0]] = replace(changed[found.fit.indices[0]], score=2.5)
    assert parts(replace(rated, samples=tuple(changed))).fit.identity != found.fit.identity


@pytest.mark.parametrize("shares", [(0.6, 0.4), (-0.1, 0.1), (1.0, 0.0), (True, 0.0), ("a", 0.1), (0.95, 0.01)])
def test_shares_that_leave_nothing_are_refused(rated, shares):
    with pytest.raises(OptionError):
        parts(rated, validation=shares[0], calibration=shares[1])


def test_pairs_are_no_pictures_with_scores(rated):
    pairs = replace(rated, spec=replace(get("folder"), kind="pairs"))
    with pytest.raises(InputError, match="no images with scores"):
        parts(pairs)
