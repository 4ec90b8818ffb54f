"""What a probe refuses, leaves out, and says of it."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from probe_nets import damaged, picture, rated, tiny
from visq.errors import (
    DatasetError,
    InputError,
    InputTypeError,
    OptionError,
    RangeError,
    SizeError,
    VisqWarning,
    WeightsError,
)  # fmt: skip
from visq.probe import Net, Network, made_pairs, network, open_net, pairs, readouts, run


def some(count=12, change=lambda images: images, side=32):
    reference = [picture(i, side) for i in range(4) for _ in range(count // 4)]
    images = [damaged(r, "noise", 1 + i % 5, i) for i, r in enumerate(reference)]
    return made_pairs(reference, change(images), [float(i % 5) for i in range(count)])


def replaced(place, image):
    return lambda images: [*images[:place], image, *images[place + 1 :]]


def test_sizes_that_differ_are_named_with_the_pair():
    with pytest.raises(SizeError, match=r"pairs 7: reference and image differ in size; expected 32x32; got 24x32"):
        run(tiny(), dataset=some(change=replaced(7, picture(1)[:, :24])))
    assert issubclass(SizeError, ValueError)


def test_layers_that_images_are_too_small_for_are_listed_and_in_no_row():
    net = tiny()
    net.least["relu3"] = net.least["pool3"] = 64
    table = run(net, readouts="l2,concat", dataset=some(), samples=0)
    assert {s.layer for s in table.skipped} == {"relu3", "pool3"}
    assert all("smaller" in s.reason for s in table.skipped)
    assert not table.where(layer="pool3")
    numbers = [v for row in table.rows for v in (row.srcc, row.plcc, row.krcc) if isinstance(v, float)]
    assert numbers
    assert not any(math.isnan(v) for v in numbers)


def test_an_unknown_tap_lists_those_there_are():
    with pytest.raises(OptionError, match=r"tiny has no tap relu9; expected .*relu1, pool1"):
        run(tiny(), layers="relu1,relu9", dataset=some())
    with pytest.raises(OptionError, match="no tap nothing"):
        run(tiny(), readouts="concat(relu1+nothing)", dataset=some())


def test_an_unknown_read_out_lists_those_there_are():
    with pytest.raises(OptionError, match=r"no read-out is called 'l3'; expected l2, rms"):
        readouts("l2,l3")


@pytest.fixture
def no_weights(monkeypatch, tmp_path):
    monkeypatch.setenv("VISQ_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))


def test_missing_weights_are_an_error_unless_random_ones_will_do(no_weights):
    with pytest.raises(WeightsError, match="alexnet"):
        open_net("alexnet")
    found = open_net("alexnet", allow_random=True)
    assert (found.name, found.random, found.goal, found.train_data) == (
        "alexnet-random",
        True,
        "random weights",
        "none",
    )
    assert found.parameters == 2_469_696


@pytest.mark.parametrize("scores", [[3.0] * 12, [1.0, 2.0] * 5 + [np.nan, 1.0]])
def test_scores_that_say_nothing_are_refused(scores):
    given = some()
    with pytest.raises(InputError, match=r"equal|NaN"):
        run(tiny(), dataset=made_pairs([p.reference for p in given.pairs], [p.image for p in given.pairs], scores))


def test_fewer_than_ten_pairs_are_refused():
    with pytest.raises(InputError, match="too few pairs; expected 10 or more; got 8"):
        run(tiny(), dataset=some(8))


def test_a_dead_layer_has_no_correlation_and_says_why():
    net = tiny()
    net.module.convolutions[2].weight.data.zero_()
    table = run(net, readouts="l2,cosine,relevance", dataset=some(), samples=50)
    dead = [row for row in table.where(layer="relu3") if row.readout != "relevance"]
    assert [(row.srcc, row.ci_low, row.note) for row in dead] == [(None, None, "constant")] * 2
    assert "channel" in next(s.reason for s in table.skipped if (s.layer, s.readout) == ("relu3", "relevance"))
    assert all(row.defined for row in table.where(layer="relu2"))
    line = next(line for line in table.as_csv().splitlines() if ",relu3," in line)
    assert "nan" not in line.lower()


def test_pairs_that_are_there_twice_are_passed_over_with_a_warning():
    one = picture(0)
    with pytest.warns(VisqWarning, match="1 pairs are there twice"):
        found = made_pairs([one, one, one], [damaged(one, "blur", 1)] * 2 + [one], [4.0, 3.0, 5.0])
    assert [p.score for p in found.pairs] == [4.0, 5.0]


@pytest.mark.parametrize("readout", ["l2", "lpips_style", "stats_mean", "gram", "hist"])
def test_nan_in_a_response_names_network_and_layer(readout):
    net = tiny()
    net.module.convolutions[1].weight.data[0, 0, 0, 0] = math.nan
    with pytest.raises(WeightsError, match="tiny: the responses at conv2 are NaN"):
        run(net, layers="every", readouts=readout, dataset=some())


@pytest.mark.parametrize(
    ("image", "error"),
    [
        (np.full((32, 32, 3), np.nan), RangeError),
        (np.full((32, 32, 3), np.inf), RangeError),
        (np.full((32, 32, 3), 2.0), RangeError),
        (np.zeros((32, 32, 3), np.int64), InputTypeError),
        (np.zeros((32, 32, 5), np.uint8), InputError),
    ],
    ids=["nan", "inf", "range", "dtype", "channels"],
)
def test_images_that_are_none_are_refused_with_the_pair(image, error):
    with pytest.raises(error, match="pairs 5"):
        run(tiny(), layers="relu1", dataset=some(change=replaced(5, image)))


@pytest.mark.parametrize(
    ("text", "match"),
    [("vgg1999", "no network"), ("@file", "names no network"), ("", "no network was named")],
)
def test_networks_that_there_are_none_of(text, match):
    with pytest.raises(OptionError, match=match):
        run(text, dataset=some())


def test_two_networks_of_one_name_are_told_apart_or_refused():
    same = run([tiny(), tiny()], layers="relu1", dataset=some(), samples=0)
    assert len(same.nets) == 1
    with pytest.raises(OptionError, match="two networks are called tiny"):
        run([tiny(), tiny(seed=1)], layers="relu1", dataset=some())


def test_what_a_network_computes_is_in_its_identity():
    pairs = some()
    plain = open_net(Net("squeezenet1_1", "random"))
    averaged = open_net(Net("squeezenet1_1", "random", options=(("pooling", "average"),)))
    assert plain.identity != averaged.identity
    again = open_net(Net("squeezenet1_1", "random"))
    assert plain.identity == again.identity
    # A scheme in no parameter, and a network that was put together by hand.
    assert tiny(mean=0.0).identity != tiny(mean=0.5).identity
    by_hand = [Network(name, tiny(seed=seed).module) for seed, name in enumerate(("one", "two"))]
    table = run(by_hand, layers="relu1", dataset=pairs, samples=0)
    alone = run(tiny(seed=1), layers="relu1", dataset=pairs, samples=0)
    assert table.rows[0].identity != table.rows[1].identity
    assert (table.distances["pairs", "two", "relu1", "l2"] == alone.distances["pairs", "tiny", "relu1", "l2"]).all()
    assert network("mine", tiny().module).identity == Network("mine", tiny().module).identity


def test_depth_counts_no_depthwise_convolutions():
    depths = {name: open_net(f"{name}-random").depth for name in ("resnet50", "mobilenet_v1", "mobilenet_v2")}
    # ResNet-50: 49 and 4 short cuts. MobileNet: the stem, 13 blocks; the stem, 17 blocks, the last 1x1.
    assert depths == {"resnet50": 53, "mobilenet_v1": 14, "mobilenet_v2": 19}


def test_random_weights_in_place_of_public_ones_are_those_of_the_twin(no_weights):
    table = run(
        "alexnet", layers="relu1", dataset=some(side=64), allow_random=True, random_twin=True, seed=5, samples=0
    )
    assert [(net.name, net.seed) for net in table.nets] == [("alexnet-random", 5)]


def test_tokens_are_a_response_like_any_other():
    kept = open_net(Net("vit_tiny", "random", options=(("class_token", "keep"),)))
    table = run(kept, layers="blocks.0", readouts="l2,lpips_style,gram,hist,stats", dataset=some(), samples=0)
    assert all(row.defined for row in table.rows)
    pair = some().pairs[3]
    planes = [torch.from_numpy(p.transpose(2, 0, 1)[None] / np.float32(255)) for p in (pair.reference, pair.image)]
    f, g = (kept.module(kept.module.normalise(p), ["blocks.0"])["blocks.0"].double() for p in planes)
    assert table.distances["pairs", kept.name, "blocks.0", "l2"][3] == pytest.approx(float((f - g).norm()), rel=1e-5)
    assert table.distances["pairs", kept.name, "blocks.0", "hist"].shape == (12,)


def test_sides_that_a_network_cannot_cut_are_listed_and_end_nothing():
    table = run(["vit_tiny-random", tiny()], layers="input,blocks.0,relu1", dataset=some(side=40), samples=0)
    [skipped] = table.skipped
    assert (skipped.layer, skipped.net) == ("blocks.0", "vit_tiny-random")
    assert "multiples of 16" in skipped.reason
    assert [(row.net, row.layer) for row in table.rows] == [
        ("vit_tiny-random", "input"), ("tiny", "input"), ("tiny", "relu1"),
    ]  # fmt: skip


def test_a_database_without_references_is_refused(tmp_path):
    (tmp_path / "visq.csv").write_text("image,score\n" + "".join(f"{i}.png,{i}\n" for i in range(12)))
    with pytest.raises(DatasetError, match="compares images with their references"):
        pairs(str(tmp_path))
    with pytest.raises(DatasetError, match="does not say which database"):
        pairs(str(tmp_path.parent))
    with pytest.raises(DatasetError, match="no database in 'nowhere'"):
        pairs("nowhere")
    with pytest.raises(DatasetError, match="no database in '~no_such_user_at_all/set'"):
        pairs("~no_such_user_at_all/set")


def test_contents_are_left_out_by_name_or_number():
    given = rated(contents=5)
    kept = given.without(["content 3", 0])
    assert kept.contents == ("content 1", "content 2", "content 4")
    assert kept.notes == ("without the contents content 0, content 3, as asked",)
    with pytest.raises(OptionError, match="no content '25' to exclude"):
        given.without([25])


def test_a_baseline_must_compare_two_images():
    with pytest.raises(OptionError, match="niqe compares no two images"):
        run(tiny(), layers="relu1", dataset=some(), baselines=["niqe"])


def test_a_net_says_what_it_is():
    assert Net("vgg16").twin().label == "vgg16-random"
    assert Net("vgg16", options=(("pooling", "l2"),)).label == "vgg16:pooling=l2"
    assert torch.equal(tiny(seed=3).module.convolutions[0].weight, tiny(seed=3).module.convolutions[0].weight)
