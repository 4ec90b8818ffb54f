"""The made-up pictures of PMT's checks, and that what is measured on them can tell."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from visq.api import Metric
from visq.systems.pmt import protocol


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("made")
    assert protocol.make(root, contents=4, test=2) == 60
    return root


def _rows(folder):
    with (folder / "visq.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_scenes_differ_and_come_again():
    assert np.array_equal(protocol.scene(3), protocol.scene(3))
    assert not np.array_equal(protocol.scene(3), protocol.scene(4))
    assert protocol.scene(3).std() > 15


def test_damage_of_a_quadrant_stays_in_it():
    pristine = protocol.scene(1)
    for quadrant in range(4):
        found = protocol.damaged(pristine, "gaussian_noise", 5, quadrant)
        changed = (found != pristine).any(axis=2)
        rows, columns = np.nonzero(changed)
        assert (rows // 64 * 2 + columns // 64 == quadrant).all()
        assert changed.sum() > 0.9 * 64 * 64


def test_the_label_is_the_blurred_error():
    """Loops for the middle: a single wrong pixel gives its squared error times the weights, all within the picture."""
    reference = np.full((64, 64, 3), 100, np.uint8)
    image = reference.copy()
    image[32, 32] = 151  # 51 / 255 is 0.2 in luma
    # The window has weight 1 in all and lies within the picture, so that the mean is that of the squared error.
    assert protocol.error_energy(reference, image) == pytest.approx(0.04 / 64**2, rel=1e-5)
    assert protocol.error_energy(reference, reference) == 0


def test_labels_are_ranks_of_the_error_and_parts_hold_whole_scenes(folder):
    rows = _rows(folder)
    np.testing.assert_allclose(sorted(float(r["score"]) for r in rows), np.arange(60) / 59, atol=1e-6)
    assert {r["part"] for r in rows if r["group"] in ("c000", "c001")} == {"train"}
    assert {r["part"] for r in rows if r["group"] in ("c002", "c003")} == {"test"}
    by_level = {(r["group"], r["distortion"], int(r["level"])): float(r["score"]) for r in rows}
    whole = [
        (by_level[g, d, a], by_level[g, d, b]) for g, d, a in by_level for b in range(a + 1, 6) if (g, d, b) in by_level
    ]
    assert whole
    assert np.mean([mild > severe for mild, severe in whole]) > 0.95
    share = np.mean([":" in r["distortion"] for r in rows])
    assert 0.25 < share < 0.75


def test_a_ridge_is_its_equation():
    generator = np.random.default_rng(0)
    given, asked = generator.normal(size=(50, 3)), generator.normal(size=(7, 3))
    wanted = given @ [1.0, -2.0, 0.5] + 3.0
    np.testing.assert_allclose(
        protocol.ridge(given, wanted, asked, alpha=0.0), asked @ [1.0, -2.0, 0.5] + 3.0, atol=1e-9
    )
    assert np.ptp(protocol.ridge(given, wanted, asked, alpha=1e9)) < 1e-6


@pytest.mark.parametrize("quadrant", [0, 3])
def test_importance_finds_a_damaged_quadrant_where_a_model_sees_nothing_else(quadrant, monkeypatch):
    """T5 can be reached and missed: a model of the noise there, and one of the opposite quadrant."""
    pristine = protocol.scene(5)
    image = protocol.damaged(pristine, "gaussian_noise", 5, quadrant)

    def judging(there):
        part = protocol.inside(there, (128, 128))
        return lambda _, filled, *__, **___: float((filled[part].astype(float) - pristine[part]).std())

    for there, told in ((quadrant, True), (3 - quadrant, False)):
        monkeypatch.setattr(Metric, "__call__", judging(there))
        assert (protocol.quadrant_auc("tv", image, quadrant, "loo") > 0.9) == told
        moved, seen = protocol.moves("tv", image, "pixel"), protocol.inside(there, (8, 8))
        assert not moved[~seen].any()  # the model sees nothing of what is filled there
        assert moved[seen].any()


@pytest.mark.usefixtures("one_thread")
def test_everything_is_measured_of_two_models(folder, capsys, tmp_path):
    """With random parameters: the figures are there, and the claim is not made."""
    torch = pytest.importorskip("torch")
    from visq.systems.pmt import Model, load, write
    from visq.systems.pmt.design import Design
    from visq.systems.pmt.network import Network

    torch.manual_seed(0)
    design = Design.of({"variant": "small", "tap": "blocks.4.2"})
    runs = [str(tmp_path / f"{k}.safetensors") for k in range(2)]
    for run in runs:
        write(Network(design, "random"), run)
    assert Model(load(runs[0])).grid(protocol.scene(0)) == (8, 8)
    code = protocol.main(["measure", str(folder), *runs, "--pictures", "4", "--quadrants", "1", "--samples", "50"])
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert set(found) == set(protocol.PROPOSED)
    assert all(-1 <= found["T8"][name] <= 1 for name in ("full", "critical", "trivial", "random"))
    assert found["T7"]["k"] > 0
    assert found["T5"]["pictures"] == found["T9"]["pictures"] == 1
    assert all(0 <= found["T5"][name] <= 1 for name in ("auc", "auc_loo_pixel", "auc_loo_token"))
    for where in ("pixel_damaged", "pixel_untouched", "token_damaged", "token_untouched"):
        assert 0 <= found["T5"][f"{where}_rises"] <= 1
        assert found["T5"][f"{where}_moves"] > 0
    assert -1 <= found["T9"]["stability"] <= 1
    assert code == (0 if all(found["T8"]["checks"].values()) else 1)
    assert ("not reproduced" in said.err) == bool(code)
