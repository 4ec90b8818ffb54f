"""A study of halves: answers that are known by construction, other models' halves, interruption, pictures left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import spearmanr

from halving_models import CELLS, SHAPE, World
from rated_folders import rated
from visq import dataset
from visq.errors import InputError, OptionError, StoreError, WeightsError
from visq.explain.agreements import agreement
from visq.explain.half_reports import report_of
from visq.explain.study import choose, model, run
from visq.explain.study.journal import Journal
from visq.explain.study.tables import as_csv
from visq.probe.cache import Cache

COUNT = 40


@pytest.fixture(scope="module")
def world():
    return World(COUNT)


@pytest.fixture(scope="module")
def found(world):
    """A transformer and two networks that see halves, one whose cells are alike, one that falls; no journal."""
    models = [
        world.model(), world.model("second", "cnn"), world.model("falling", "cnn", lower_is_better=True),
        world.model("alike", "classical", "mean", masks=80),
    ]  # fmt: skip
    return run(models, world.pictures(), samples=400, draws=4)


def test_the_decisive_half_is_found_and_agrees_as_the_whole_does(world, found):
    for name in ("seer", "second", "falling"):
        own = found.own(name)
        for i, picture in enumerate(found.pictures):
            one = found.measured[picture.name].own[name].importance
            assert (one.critical.ravel() == world.decisive[i]).all()
            assert one.stability > 0.7
        assert own.srcc["full"].estimate == pytest.approx(1.0)
        assert own.srcc["critical"].estimate == pytest.approx(1.0)
        wanted = spearmanr(world.noise, world.labels).statistic
        assert own.srcc["trivial"].estimate == pytest.approx(wanted)
        assert own.differences["full - trivial"].estimate == pytest.approx(1 - wanted)
        assert own.srcc["trivial"].estimate < own.srcc["random"].estimate < own.srcc["critical"].estimate
        assert all(own.checks.values())
        # Without the critical half everything is lost, without the trivial one nothing.
        assert np.isnan(own.ratio.estimate) or own.ratio.estimate > 1e6


def test_differences_are_paired_and_hold_their_estimate(found):
    for one in found.splits:
        for pair, interval in one.differences.items():
            first, second = pair.split(" - ")
            assert interval.estimate == pytest.approx(one.srcc[first].estimate - one.srcc[second].estimate)
            assert interval.low - 1e-9 <= interval.estimate <= interval.high + 1e-9
    # A difference of two equal columns has no width, though each of them has.
    assert found.own("seer").differences["full - critical"].high == pytest.approx(0.0, abs=1e-9)


def test_it_is_what_the_report_of_one_model_says(world, found):
    several = [found.measured[p.name].own["falling"] for p in found.pictures]
    report = report_of(several, world.labels, lower_is_better=True, samples=400)
    own = found.own("falling")
    for statistic in ("srcc", "plcc"):
        for part in ("full", "critical", "trivial", "random"):
            mine, theirs = getattr(own, statistic)[part], getattr(report, statistic)[part]
            for end in ("estimate", "low", "high"):
                # Differences of summation: PLCC of a resample by sums here, item by item of the draws there.
                assert getattr(mine, end) == pytest.approx(getattr(theirs, end), abs=1e-9)
    curve = next(m for m in found.models if m.name == "falling").curve
    for share, (wanted, most, least) in zip(curve, report.curve, strict=True):
        assert (share.share, share.most.estimate, share.least.estimate) == pytest.approx((wanted, most, least))
        assert share.most.low <= most + 1e-9


def test_the_curve_reaches_the_whole_where_the_decisive_half_is_kept(found):
    curve = found.models[0].curve
    assert [s.share for s in curve] == pytest.approx(np.arange(1, 11) / 10)
    assert all(s.most.estimate == pytest.approx(1.0) for s in curve[4:])
    assert curve[2].least.estimate == pytest.approx(found.own("seer").srcc["trivial"].estimate)
    assert curve[-1].least.estimate == pytest.approx(1.0)


def test_halves_of_one_model_are_shown_to_another(world, found):
    crossed = {(s.judge, s.chooser): s for s in found.splits if s.crossed}
    assert len(crossed) == 12
    # The same halves, whoever told them apart.
    assert crossed["seer", "second"].srcc["trivial"].estimate == found.own("seer").srcc["trivial"].estimate
    assert crossed["seer", "alike"].srcc["critical"].estimate < 0.99
    for i, picture in enumerate(found.pictures[:5]):
        one = found.measured[picture.name]
        chosen = one.own["alike"].importance.critical.ravel()
        share = (chosen & world.decisive[i]).sum() / (CELLS // 2)
        wanted = world.labels[i] * share + world.noise[i] * (1 - share)
        assert one.cross["seer", "alike"][0] == pytest.approx(wanted)


def test_importance_is_held_against_the_measures(found):
    judged = found.models[0]
    importances = [found.measured[p.name].own["seer"].importance for p in found.pictures]
    meanings = [found.measured[p.name].meanings["seer"] for p in found.pictures]
    assert set(meanings[0]) == {"saliency", "frequency", "objectness", "hf_ratio"}
    assert meanings[0]["saliency"].shape == SHAPE
    assert judged.agreement == agreement(importances, meanings, samples=400)
    assert judged.inside == agreement(importances, meanings, samples=400, border=False)


def test_the_claims_of_a_world_where_they_are_known(found):
    verdicts = [claim.verdict for claim in found.claims]
    # Random cells agree with no measure: the fourth is contradicted.
    assert verdicts == ["confirmed", "confirmed", "confirmed", "contradicted"]
    assert [name for name, _, _ in found.claims[2].evidence] == ["second", "falling"]


def test_cells_that_are_alike_contradict_the_split():
    world = World(COUNT, 1)
    models = [world.model("a", "cnn", "mean", estimator="loo"), world.model("b", "cnn", "mean", estimator="loo")]
    found = run(models, world.pictures(), samples=200, draws=2)
    assert [claim.verdict for claim in found.claims[:3]] == ["not testable", "not testable", "contradicted"]
    assert np.isnan(found.models[0].stability)
    assert found.models[0].degenerate == COUNT
    assert found.models[0].agreement is None


def _stopping(after):
    done = []

    def on_done():
        done.append(1)
        if len(done) == after:
            raise KeyboardInterrupt

    return on_done


def test_a_stopped_study_goes_on_and_ends_the_same(tmp_path):
    world = World(8)
    models = [world.model(), world.model("other", "cnn", "mean")]
    settings = {"samples": 100, "draws": 2}
    whole = run(models, world.pictures(), **settings)
    path = str(tmp_path / "kept.sqlite")
    with pytest.raises(KeyboardInterrupt):
        run(models, world.pictures(), cache=path, on_done=_stopping(7), **settings)
    world.opened.clear()
    again = run(models, world.pictures(), cache=path, **settings)
    # Three pictures and a half were measured by both; of the fourth, `other` was missing.
    assert {i for _, i in world.opened} == {3, 4, 5, 6, 7}
    assert as_csv(again) == as_csv(whole)
    for name, one in whole.measured.items():
        assert again.measured[name].cross == one.cross
        for judge, half in one.own.items():
            other = again.measured[name].own[judge]
            assert (other.importance.map == half.importance.map).all()
            assert (other.random == half.random).all()
    world.opened.clear()
    assert as_csv(run(models, world.pictures(), cache=path, **settings)) == as_csv(whole)
    assert not world.opened


def test_models_and_pictures_only_add_and_settings_share_nothing(tmp_path):
    world, path = World(6), str(tmp_path / "kept.sqlite")
    settings = {"samples": 100, "draws": 2, "cache": path}
    run([world.model()], world.pictures()[:4], **settings)
    world.opened.clear()
    run([world.model()], world.pictures(), **settings)
    assert world.opened == [("seer", 4), ("seer", 5)]
    world.opened.clear()
    run([world.model(), world.model("new")], world.pictures(), **settings)
    # The new one measures; the old one looks again, at halves that the new one told apart.
    assert sorted(world.opened) == sorted([(name, i) for name in ("seer", "new") for i in range(6)])
    for other in (world.model(identity="seer@2"), world.model(masks=40), world.model(estimator="loo")):
        world.opened.clear()
        run([other], world.pictures(), **settings)
        assert len(world.opened) == 6
    world.opened.clear()
    run([world.model()], world.pictures(), **settings | {"seed": 1})
    assert len(world.opened) == 6


def test_pictures_that_a_model_refuses_are_left_out_for_all_and_told(tmp_path):
    world = World(6)
    picky = world.model("picky")

    def opened(picture, on_step):
        if picture[0, 0, 0] in (1, 4):
            raise InputError("the picture is odd")
        return picky.opened(picture, on_step)

    models = [world.model(), replace(picky, opened=opened)]
    done = []
    found = run(models, world.pictures(), samples=50, draws=2, on_done=lambda: done.append(1))
    assert [p.name for p in found.pictures] == ["p000.png", "p002.png", "p003.png", "p005.png"]
    assert [(f.picture, f.model, f.reason) for f in found.failures] == [
        ("p001.png", "picky", "the picture is odd"), ("p004.png", "picky", "the picture is odd"),
    ]  # fmt: skip
    assert len(done) == 12
    with pytest.raises(InputError, match=r"p001.png: the picture is odd; expected 3 or more"):
        run(models, [world.pictures()[i] for i in (0, 1, 2, 4)], samples=50, draws=2)


def test_pictures_are_chosen_by_seed_and_name_alone(tmp_path):
    rated(tmp_path, references=False)
    data = dataset("folder", tmp_path)
    few, more, other = choose(data, 5), choose(data, 9), choose(data, 5, seed=1)
    assert {p.name for p in few} < {p.name for p in more}
    assert {p.name for p in few} != {p.name for p in other}
    assert [p.name for p in few] == sorted(p.name for p in few)
    by_name = {s.image: s.score for s in data.samples}
    assert all(p.label == by_name[p.name] for p in more)
    assert len(choose(data)) == len(choose(data, 999)) == len(data)
    test = data.subset(data.official()["test"])
    assert {p.name for p in choose(test, 5)} <= {data.samples[i].image for i in data.official()["test"]}


def test_labels_that_fall(world):
    models = [world.model()]
    up = run(models, world.pictures(), samples=50, draws=2)
    down = run(models, world.pictures(), labels_lower_is_better=True, samples=50, draws=2)
    assert down.own("seer").srcc["full"].estimate == pytest.approx(-up.own("seer").srcc["full"].estimate)


def test_a_system_without_parameters_of_its_own_takes_a_file(tmp_path):
    torch = pytest.importorskip("torch")
    from visq.systems.pmt import write
    from visq.systems.pmt.design import Design
    from visq.systems.pmt.network import Network

    torch.manual_seed(0)
    write(Network(Design.of({"variant": "small", "tap": "blocks.4.2"}), "random"), tmp_path / "a.safetensors")
    found = model(f"pmt:model={tmp_path / 'a.safetensors'}")
    assert (found.name, found.family, found.level, found.estimator) == (
        "pmt:model=a.safetensors", "transformer", "token", "half",
    )  # fmt: skip
    assert found.identity.startswith("pmt@1#")
    with pytest.raises(OptionError, match=r"ridge comes without parameters\. .* file of your own: ridge:model=FILE"):
        model("ridge")
    with pytest.raises(WeightsError, match=r"gone\.safetensors does not exist"):
        model("pmt:model=gone.safetensors")


def test_trouble_that_is_no_picture_s_ends_the_study():
    world = World(4)

    def opened(picture, on_step):
        raise WeightsError("the parameters are gone")

    with pytest.raises(WeightsError, match="the parameters are gone"):
        run([replace(world.model(), opened=opened)], world.pictures(), samples=50)


def test_mistakes_are_told(world, tmp_path):
    with pytest.raises(OptionError, match="no model was named"):
        run([], world.pictures())
    with pytest.raises(OptionError, match="two models are called seer"):
        run([world.model(), world.model()], world.pictures())
    with pytest.raises(OptionError, match="ssim does not judge an image alone"):
        model("ssim")
    with pytest.raises(OptionError, match="brisque has no tokens"):
        model("brisque", level="token")
    with pytest.raises(OptionError, match="no reference to fill with"):
        model("brisque", fill="reference")
    with pytest.raises(InputError, match="too few pictures"):
        run([world.model()], world.pictures()[:2])
    probe = tmp_path / "probe.sqlite"
    with Cache(str(probe)):
        pass
    with pytest.raises(StoreError, match=r"of another kind; expected visq halves cache 1; got visq probe cache 1"):
        Journal(str(probe))
    (tmp_path / "text.sqlite").write_text("not a database, and long enough to be told from an empty file " * 20)
    with pytest.raises(StoreError, match="no cache of `visq halves`"):
        Journal(str(tmp_path / "text.sqlite"))
