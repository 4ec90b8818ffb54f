"""Reading the table: curves, comparisons, conclusions; what a row says; how it is written."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import replace

import numpy as np
import pytest

from probe_nets import rated, tiny
from visq.errors import OptionError
from visq.evaluate import agreement, bootstrap, compare_metrics
from visq.probe import compare, conclusions, curve, made_pairs, run
from visq.probe.comparing import difference
from visq.probe.networks import Network
from visq.probe.table import COLUMNS, Table, row_of
from visq.probe.verdicts import MAJOR, RULES, plain_readout

SPECIFIED = (
    "net", "goal", "train_data", "arch", "layer", "depth_fraction", "readout", "dataset", "n", "srcc", "plcc",
    "plcc_logistic", "krcc", "ci_low", "ci_high", "seconds",
)  # fmt: skip


@pytest.fixture(scope="module")
def table():
    return run(tiny(), readouts="l2,stats_mean", dataset=rated(contents=4), baselines=["psnr"], samples=300, seed=3)


def test_the_columns_are_those_of_the_specification_and_more(table):
    assert COLUMNS[: len(SPECIFIED)] == SPECIFIED
    lines = list(csv.DictReader(io.StringIO(table.as_csv())))
    assert len(lines) == len(table.rows) == 1 + 2 * 7
    assert tuple(lines[0]) == COLUMNS
    assert [float(line["depth_fraction"]) for line in lines[1:8]] == pytest.approx(np.arange(7) / 6, abs=1e-6)


def test_numbers_are_those_of_visq_evaluate(table):
    pairs = table.sets["made"]
    for row in table.rows:
        distances = table.distances[row.key]
        found = agreement(distances, pairs.scores, lower_is_better=True, samples=0)
        interval = bootstrap("srcc", -distances, pairs.scores, groups=pairs.groups, samples=300, seed=3)
        assert (row.srcc, row.krcc) == pytest.approx((found.srcc, found.krcc), abs=1e-12)
        assert (row.plcc, row.plcc_logistic) == pytest.approx((found.plcc, found.plcc_fitted), abs=1e-6)
        assert (row.ci_low, row.ci_high) == pytest.approx((interval.low, interval.high), abs=1e-12)
        assert row.ci_low <= row.srcc <= row.ci_high


def test_scores_that_fall_with_quality_give_the_same_numbers(table):
    pairs = table.sets["made"]
    turned = made_pairs(
        [p.reference for p in pairs.pairs], [p.image for p in pairs.pairs], -pairs.scores, groups=pairs.groups,
        scores_lower_is_better=True, name="made",
    )  # fmt: skip
    other = run(tiny(), dataset=turned, samples=300, seed=3)
    for row in other.rows:
        [same] = table.where(layer=row.layer, readout="l2")
        assert (row.srcc, row.plcc, row.ci_low) == (same.srcc, same.plcc, same.ci_low)


def test_a_table_is_written_as_csv_json_and_parquet(table, tmp_path):
    import polars as pl

    for ending in (".csv", ".json", ".parquet"):
        table.write(tmp_path / f"table{ending}")
    assert (tmp_path / "table.csv").read_text() == table.as_csv()
    found = json.loads((tmp_path / "table.json").read_text())
    assert found["rows"][3]["srcc"] == table.rows[3].srcc
    assert found["networks"][0]["parameters"] == 2844
    assert found["networks"][0]["depth"] == 3
    said = [(c.number, c.dataset, c.verdict, list(c.evidence)) for c in conclusions(table)]
    assert [(c["number"], c["dataset"], c["verdict"], c["evidence"]) for c in found["conclusions"]] == said
    assert found["conclusions"][0]["rule"] == RULES[0]
    frame = pl.read_parquet(tmp_path / "table.parquet")
    assert frame.columns == list(COLUMNS)
    assert frame["srcc"].to_list() == [row.srcc for row in table.rows]
    with pytest.raises(OptionError, match="unknown kind of file"):
        table.write(tmp_path / "table.xlsx")


def test_distances_of_every_pair_are_written(table):
    lines = list(csv.DictReader(io.StringIO(table.distances_as_csv())))
    assert len(lines) == 80
    assert float(lines[7]["tiny/relu2/l2"]) == table.distances["made", "tiny", "relu2", "l2"][7]
    assert lines[7]["distortion"] == "noise"


def test_a_curve_runs_over_layers_or_depth(table):
    [line] = curve(table)
    assert line.x == ("input", "relu1", "pool1", "relu2", "pool2", "relu3", "pool3")
    assert line.srcc == tuple(row.srcc for row in table.where(readout="l2"))
    [line] = curve(table, "depth", readout="stats_mean")
    assert line.x[-1] == 1.0
    with pytest.raises(OptionError, match="no such rows"):
        curve(table, readout="gram")
    with pytest.raises(OptionError, match="layer or depth"):
        curve(table, "time")


# A table without networks: distances that are made up.


def observer(noise, seed, pairs):
    """Distances of somebody who sees what people see, with noise."""
    return pairs.impairment + np.random.default_rng(seed).normal(0, noise, len(pairs))


def made_table(lines, *, surrogate=False, contents=20, sets=("rated",)):
    """A table of (net, layer, readout, noise); `metric` is the read-out of baselines."""
    nets = {}
    rows, distances, databases = [], {}, {}
    for number, name in enumerate(sets):
        rng = np.random.default_rng(number)
        blank = [np.full((4, 4), i, np.uint8) for i in range(contents * 10)]
        pairs = made_pairs(
            [blank[i // 10] for i in range(contents * 10)], blank, rng.uniform(1, 5, contents * 10),
            groups=np.arange(contents * 10) // 10, name=name, surrogate=surrogate,
        )  # fmt: skip
        databases[name] = pairs
        for seed, (net, layer, readout, noise, known) in enumerate(lines):
            found = observer(noise, 100 * number + seed, pairs)
            facts = {"goal": "classification", "train_data": "ImageNet-1k", "arch": net, "depth": 16, **known}
            if readout == "metric":
                facts = {"goal": "baseline", "train_data": "", "arch": "", "depth": None}
            else:
                nets[net] = Network(net, None, depth=facts["depth"], arch=facts["arch"])
            place = known.get("place", 0.5)
            facts.pop("place", None)
            row = row_of(
                found, pairs, samples=200, seed=0, net=net, layer=layer, readout=readout, depth_fraction=place,
                seconds=0.0, random=net.endswith("-random"), **facts,
            )  # fmt: skip
            rows.append(row)
            distances[row.key] = found
    return Table(tuple(rows), databases, tuple(nets.values()), (), distances, 200, 0, {})


def verdicts(table):
    return {one.number: one.verdict for one in conclusions(table) if not one.dataset}


def layers(net, noises, **known):
    count = len(noises)
    return [(net, f"relu{i + 1}", "l2", n, {**known, "place": (i + 1) / count}) for i, n in enumerate(noises)]


GOOD = [
    ("ssim", "", "metric", 2.0, {}), ("lpips", "", "metric", 1.0, {}),
    *layers("vgg16", [2.0, 1.4, 0.9, 0.6, 0.3]), *layers("alexnet", [2.0, 1.5, 1.0, 0.7, 0.3]),
    *layers("deep", [0.8, 1.0, 1.3, 1.6, 2.0], depth=152),
    ("vgg16", "relu5", "concat", 0.3, {}), ("vgg16", "relu5", "stats_mean", 0.32, {}),
    ("alexnet", "relu5", "gram", 0.31, {}),
    *layers("vgg16-places", [2.0, 1.4, 0.9, 0.6, 0.3], arch="vgg16", train_data="Places"),
]  # fmt: skip


def test_conclusions_are_confirmed_where_the_distances_say_so():
    found = verdicts(made_table(GOOD))
    assert found == {
        1: "confirmed", 2: "confirmed", 3: "undecided", 4: "confirmed", 5: "confirmed", 6: "confirmed", 7: "confirmed",
    }  # fmt: skip


def test_conclusions_are_contradicted_where_the_distances_say_so():
    bad = [
        ("ssim", "", "metric", 0.2, {}), ("lpips", "", "metric", 0.2, {}), ("dists", "", "metric", 0.1, {}),
        *layers("vgg16", [0.9, 1.2, 1.6, 2.2, 3.0]), *layers("deep", [3.0, 2.0, 1.5, 1.1, 0.8], depth=152),
        ("vgg16", "relu5", "hist", 3.0, {}),
        *layers("vgg16-places", [3.0, 3.0, 3.0, 3.0, 3.0], arch="vgg16", train_data="Places"),
    ]  # fmt: skip
    table = made_table(bad)
    assert verdicts(table) == dict.fromkeys(range(1, 8), "contradicted")
    [first] = [one for one in conclusions(table) if one.number == 1 and one.dataset]
    assert any("vgg16 relu1" in line and "against ssim" in line for line in first.evidence)


BOTH_KINDS = [
    ("lpips", "", "metric", 2.0, {}), *layers("vgg16", [1.0, 0.3]), *layers("puzzle", [1.0, 0.3], goal="jigsaw"),
]  # fmt: skip
UNTAUGHT = layers("puzzle-random", [3.0, 2.0], goal="random weights")


def test_what_random_weights_give_too_is_no_merit_of_the_goal():
    twins = {"equal": [1.0, 0.32], "worse": [3.0, 2.0]}
    found = {}
    for name, noises in twins.items():
        table = made_table([*BOTH_KINDS, *UNTAUGHT, *layers("vgg16-random", noises, goal="random weights")])
        found[name] = verdicts(table)[3]
    assert found == {"equal": "undecided", "worse": "confirmed"}


def told(lines, number, **known):
    """One claim's conclusion over all."""
    return next(one for one in conclusions(made_table(lines, **known)) if one.number == number and not one.dataset)


def test_without_a_random_twin_nothing_is_a_merit_of_the_goal():
    found = told([*BOTH_KINDS, *UNTAUGHT], 3)
    assert found.verdict == "undecided"
    assert "no twin with random weights was measured of vgg16" in found.reason


def test_networks_of_which_nobody_knows_the_goal_have_no_part_in_it():
    twins = [*UNTAUGHT, *layers("vgg16-random", [3.0, 2.0], goal="random weights")]
    others = [*layers("mine", [3.0, 3.0], goal="unknown"), *layers("mine-random", [3.0, 3.0], goal="random weights")]
    found = told([*BOTH_KINDS, *twins, *others], 3)
    assert found.verdict == "confirmed"
    [each] = [one for one in conclusions(made_table([*BOTH_KINDS, *twins, *others])) if one.number == 3 and one.dataset]
    assert not any("mine" in line for line in each.evidence)


def test_half_a_claim_is_confirmed_in_part_at_best():
    twin = layers("vgg16-random", [3.0, 2.0], goal="random weights")
    half = told([("lpips", "", "metric", 2.0, {}), *layers("vgg16", [1.0, 0.3]), *twin], 3)
    assert half.verdict == "in part"
    assert "of classifiers alone" in half.reason
    assert told([("lpips", "", "metric", 0.1, {}), *layers("vgg16", [3.0, 2.0]), *twin], 3).verdict == "contradicted"
    grown = told(layers("vgg16", [2.0, 1.4, 0.9, 0.6, 0.3]), 5)
    assert grown.verdict == "in part"
    assert "of simple networks alone" in grown.reason
    assert told(layers("vgg16", [2.0, 1.4, 0.9, 0.6, 0.3]), 5, sets=("one", "two")).verdict == "in part"


def test_the_input_does_not_make_agreement_grow():
    # From the input on it rises, among the layers it falls.
    lines = [("vgg16", "input", "l2", 9.0, {"place": 0.0}), *layers("vgg16", [0.3, 0.5, 0.9, 1.6])]
    assert told(lines, 5).verdict == "contradicted"


def test_a_major_change_is_one_threshold():
    """Worse for certain, and by less than a major change or not: undecided, and there is no better of one metric."""
    lines = [("lpips", "", "metric", 0.1, {}), *layers("vgg16", [1.0, 0.45])]
    table = made_table(lines)
    [each] = [one for one in conclusions(table) if one.number == 2 and one.dataset]
    gap = difference(table, table.where(net="vgg16", layer="relu2")[0], table.baseline("rated", "lpips"))
    assert gap.low < -MAJOR < gap.high < 0
    assert each.verdict == "undecided"
    assert "the better of them" not in each.evidence[0]
    both = made_table([*lines, ("dists", "", "metric", 0.2, {})])
    [each] = [one for one in conclusions(both) if one.number == 2 and one.dataset]
    assert "lpips, the better of them" in each.evidence[0]


def test_which_networks_are_very_deep_is_said():
    assert "very deep, with 40 layers with weights or more: deep (152)" in told(GOOD, 4).reason
    assert "deep (152)" in told(GOOD, 5).reason


def test_every_claim_has_its_rule():
    rules = [one.rule for one in conclusions(made_table(GOOD)) if not one.dataset]
    assert len(rules) == 7
    assert all("Confirmed: " in rule and "Contradicted: " in rule for rule in rules)
    for number in (2, 3, 6, 7):
        assert f"{MAJOR:g}" in rules[number - 1]


@pytest.mark.parametrize("samples", [0, 9])
def test_without_draws_there_are_neither_intervals_nor_verdicts(samples):
    table = replace(made_table(GOOD), samples=samples)
    assert set(verdicts(table).values()) == {"not testable"}
    assert "10 draws or more" in next(one for one in conclusions(table) if one.dataset).reason
    found = next(one for one in compare(table, "net") if one.against).against["ssim"]
    assert math.isfinite(found.value)
    assert math.isnan(found.low)
    few = run(tiny(), layers="relu1,relu2", readouts="relevance", dataset=rated(contents=4), samples=samples)
    assert [row.ci_low for row in few.rows] == [None, None]
    assert all("(no interval)" in row.note for row in few.rows)


def test_a_trial_says_so_in_every_output():
    few = rated(contents=5).first_contents(3)
    table = run(tiny(), layers="relu1", dataset=few, baselines=["psnr"], samples=0)
    assert len(table.rows) == 2
    assert all("a trial on the first 3 of 5 contents" in row.note for row in table.rows)
    lines = list(csv.DictReader(io.StringIO(table.distances_as_csv())))
    assert {line["note"] for line in lines} == {few.trial}


def test_images_of_several_sizes_are_compared_by_rms():
    small, large = rated(contents=3, kinds=("blur",)), rated(contents=2, kinds=("blur",), side=48)
    both = [*small.pairs, *large.pairs]
    mixed = made_pairs([p.reference for p in both], [p.image for p in both], [p.score for p in both])
    table = run(tiny(), layers="relu1,relu2", readouts="l2,rms,concat,relevance", dataset=mixed, samples=50)
    for name, noted in {"l2": True, "concat": True, "rms": False}.items():
        assert all(("images of several sizes" in row.note) is noted for row in table.where(readout=name))
    [row] = table.where(readout="relevance", layer="relu1")
    [plain] = table.where(readout="rms", layer="relu1")
    assert f"gain over rms {row.srcc - plain.srcc:+.3f}" in row.note
    assert plain_readout(table) == "rms"


def test_conclusions_that_lack_what_they_need_are_not_testable():
    found = conclusions(made_table(layers("vgg16", [1.0, 0.5])))
    assert {one.verdict for one in found} == {"not testable"}
    assert all(one.reason for one in found if one.dataset)


def test_a_surrogate_decides_nothing():
    table = made_table(GOOD, surrogate=True)
    assert set(verdicts(table).values()) == {"not testable"}
    beside = {one.number: one for one in conclusions(table) if one.dataset}
    assert beside[1].verdict == "confirmed"
    assert beside[1].surrogate


def test_databases_that_disagree_leave_a_claim_undecided():
    table = made_table(GOOD, sets=("one", "two"))
    pairs = table.sets["two"]
    for row in table.where(dataset="two", net="ssim"):
        table.distances[row.key] = observer(0.01, 0, pairs)
    [old] = table.where(dataset="two", net="ssim")
    known = {name: getattr(old, name) for name in ("net", "layer", "readout", "goal", "train_data", "arch", "seconds")}
    new = row_of(table.distances[old.key], pairs, samples=200, seed=0, depth_fraction=None, **known)
    rows = tuple(new if row is old else row for row in table.rows)
    found = [one for one in conclusions(Table(**{**vars(table), "rows": rows})) if one.number == 1]
    assert [one.verdict for one in found] == ["undecided", "confirmed", "contradicted"]


def test_comparisons_are_paired_and_name_a_fixed_layer_and_one_from_elsewhere():
    lines = [*GOOD, *layers("vgg16-random", [2.0, 2.0, 2.0, 2.0, 2.0])]
    table = made_table(lines, sets=("one", "two"))
    standing = next(s for s in compare(table, "net") if (s.dataset, s.value) == ("one", "vgg16"))
    assert (standing.best.layer, standing.fixed.layer, standing.elsewhere.layer) == ("relu5", "relu3", "relu5")
    pairs = table.sets["one"]
    expected = compare_metrics(
        table.distances["one", "vgg16", "relu5", "l2"], table.distances["one", "ssim", "", "metric"], pairs.scores,
        groups=pairs.groups, lower_is_better=True, samples=200,
    )  # fmt: skip
    found = standing.against["ssim"]
    assert (found.value, found.low, found.high) == pytest.approx((expected.difference, *expected.interval))
    assert standing.over_random.above
    assert "dists" not in standing.against
    with pytest.raises(OptionError, match="unknown factor"):
        compare(table, "colour")
    assert {s.value for s in compare(table, "readout")} == {"l2", "concat", "stats_mean", "gram"}


def test_the_input_is_no_layer_of_a_network():
    lines = [("vgg16", "input", "l2", 0.01, {"place": 0.0}), *layers("vgg16", [1.0, 0.8])]
    [standing] = compare(made_table(lines), "net")
    assert standing.best.layer == "relu2"
