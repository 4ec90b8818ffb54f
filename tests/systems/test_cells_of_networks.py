"""NIMA and CNNIQA by parts of a picture: the whole is their score, parts are means over what is kept."""

from __future__ import annotations

import numpy as np
import pytest

import samples
import shared_data
import visq
from visq.errors import InputError, OptionError
from visq.explain.masking import as_metric, levels, prepared
from visq.explain.study import model

torch = pytest.importorskip("torch")


@pytest.fixture(autouse=True)
def weights(monkeypatch):
    for name in ("nima_mobilenetv1_ava.safetensors", "cnniqa_live.safetensors"):
        shared_data.shared(f"weights/{name}")
    monkeypatch.setenv("VISQ_WEIGHTS", str(shared_data.WEIGHTS))


@pytest.fixture(scope="module")
def picture():
    return samples.picture(130, 200)


def all_of(masker):
    return np.ones((1, *masker.cells.shape), dtype=bool)


@pytest.mark.parametrize("name", ["nima", "nima:resize=none", "cnniqa", "cnniqa:patches=all"])
def test_the_whole_is_the_score(picture, name):
    metric = as_metric(name)
    assert levels(metric) == ("token", "pixel")
    for cells in (192, 7, 4):
        masker = prepared(metric, picture, cells=cells)
        assert masker.cells.count <= cells
        assert masker.cells.size == picture.shape[:2]
        # float32 on one side, sums in float64 on the other.
        assert masker(all_of(masker))[0] == pytest.approx(float(metric(picture)), rel=2e-6)


def test_a_part_of_cnniqa_is_what_it_says_of_the_patches_alone(picture):
    masker = prepared("cnniqa", picture)
    assert masker.cells.shape == (4, 6)
    assert masker.cells.columns.tolist() == [0, 32, 64, 96, 128, 160, 200]
    alone = visq.metric("cnniqa", patches="all")
    values = np.array([
        [float(alone(picture[32 * i : 32 * i + 32, 32 * j : 32 * j + 32])) for j in range(6)] for i in range(4)
    ])  # fmt: skip
    keeps = np.random.default_rng(0).random((5, 4, 6)) < 0.5
    wanted = [values[keep].mean() for keep in keeps]
    assert masker(keeps) == pytest.approx(wanted, rel=1e-5)


def test_a_part_of_nima_is_the_head_on_the_mean_of_what_is_kept(picture):
    from visq.systems.nima import _network, sized

    masker = prepared("nima", picture)
    assert masker.cells.shape == (7, 7)
    network = _network("cpu", torch.float32)
    planes = torch.from_numpy(np.moveaxis(picture, -1, 0)[None].astype(np.float32) / 255)
    with torch.no_grad():
        maps = network.maps(sized(planes, "nearest"))[0].double().numpy()
    weight, bias = (p.detach().double().numpy() for p in (network.fc.weight, network.fc.bias))
    keeps = np.random.default_rng(1).random((3, 7, 7)) < 0.5
    for keep, found in zip(keeps, masker(keeps), strict=True):
        z = np.exp(weight @ maps[:, keep].mean(axis=1) + bias)
        assert found == pytest.approx(np.arange(1, 11) @ z / z.sum(), rel=1e-5)


def test_merged_cells_are_kept_together(picture):
    fine, coarse = prepared("cnniqa", picture), prepared("cnniqa", picture, cells=7)
    assert coarse.cells.shape == (2, 3)
    assert coarse.factor == 2
    keep = np.array([[[True, False, False], [False, False, True]]])
    single = np.zeros((1, 4, 6), dtype=bool)
    single[0, :2, :2] = single[0, 2:, 4:] = True
    assert coarse(keep)[0] == pytest.approx(fine(single)[0], rel=1e-12)


def test_halves_tell_nothing_of_a_mean_so_that_single_cells_are_left_out(picture):
    """The two halves of a mean lie equally far from the whole, on either side."""
    masker = prepared("cnniqa", picture)
    half = np.random.default_rng(2).permutation(24).reshape(1, 4, 6) < 12
    full, one, other = (float(masker(m)[0]) for m in (all_of(masker), half, ~half))
    assert abs(one - full) == pytest.approx(abs(other - full), rel=1e-9)
    assert abs(one - full) > 1e-3
    assert [model(name).estimator for name in ("cnniqa", "nima", "brisque")] == ["loo", "loo", "half"]
    assert model("cnniqa", estimator="half").estimator == "half"
    assert model("nima", level="pixel").estimator == "half"
    assert {model(name).family for name in ("cnniqa", "nima")} == {"cnn"}


def test_bad_input(picture):
    masker = prepared("cnniqa", picture)
    with pytest.raises(InputError, match="mask 0 keeps no cell"):
        masker(np.zeros((1, 4, 6), dtype=bool))
    with pytest.raises(InputError, match="another grid"):
        masker(np.ones((1, 3, 3), dtype=bool))
    with pytest.raises(OptionError, match="nothing fills them"):
        prepared("nima", picture, fill="blur")


def test_an_exported_network_cannot_be_looked_into(picture, tmp_path):
    pytest.importorskip("onnx")
    from visq.systems.graph_export import export

    path = tmp_path / "cnniqa.onnx"
    export("cnniqa", path)
    metric = visq.metric("cnniqa", model=str(path))
    assert levels(metric) == ("pixel",)
    with pytest.raises(OptionError, match="no tokens"):
        prepared(metric, picture, level="token")


def test_an_explanation_of_a_mean_leaves_out_single_cells(picture):
    from visq.explain import explain

    found = explain("cnniqa", picture, cells=24, maps=False, measures=["frequency"])
    assert (found.importance.level, found.importance.estimator, found.importance.calls) == ("token", "loo", 24 + 3)
    assert explain("cnniqa", picture, estimator="half", maps=False, measures=[]).importance.estimator == "half"
