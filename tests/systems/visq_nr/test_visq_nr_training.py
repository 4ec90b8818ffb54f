"""The recipe of visq-nr: its terms, that runs are put together exactly, and a whole training on made pictures."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from PIL import Image

from samples import picture

torch = pytest.importorskip("torch")

from visq.errors import OptionError  # noqa: E402
from visq.systems.visq_nr.design import SUBSCORES, Design  # noqa: E402
from visq.systems.visq_nr.network import Readout  # noqa: E402
from visq.systems.visq_nr.training import material, objective  # noqa: E402
from visq.systems.visq_nr.training.finish import finished, judged, scored, together  # noqa: E402
from visq.systems.visq_nr.training.recipe import RECIPE  # noqa: E402
from visq.train import load, override  # noqa: E402
from visq.train.data.degradations import COMMON, STEPS  # noqa: E402

SIDE = 64
_SMALL = (
    "options.damaged=2", "options.held_damaged=2", "options.trimmed=4", "options.groups=2", "options.trims=2",
    "options.varied=9", "options.varied_groups=2", "batch=8", "options.validation=0.2", "options.calibration=0.4",
)  # fmt: skip
COUNT, TEST = 30, 4


def drawn(design, seed):
    torch.manual_seed(seed)
    made = Readout(design).eval()
    made.centre.normal_()
    made.spread.uniform_(0.5, 2.0)
    return made


def batch_and_outputs(seed=0):
    """Four rated pictures, a group of each of two types, damaged in every way and in one, a trimmed pair."""
    generator = torch.Generator().manual_seed(seed)
    count = 4 + 2 * STEPS + 2
    stream = torch.tensor(
        [material.RATED] * 4 + [material.DAMAGED] * STEPS + [material.VARIED] * STEPS + [material.TRIMMED] * 2
    )
    nan = float("nan")
    batch = {
        "stream": stream,
        "score": torch.tensor([0.3, 0.4, 0.8, 0.7] + [nan] * (count - 4)),
        "group": torch.tensor([0, 0, 1, 1] + [2] * STEPS + [3] * STEPS + [4, 4]),
        "level": torch.tensor([-1] * 4 + list(range(STEPS)) * 2 + [-1] * 2),
        "type": torch.tensor([-1] * 4 + [3] * STEPS + [6] * STEPS + [-1] * 2),
    }
    outputs = {
        name: torch.rand(count, generator=generator, dtype=torch.float64) for name in ("score", "log_scale", *SUBSCORES)
    }
    return outputs, batch


def test_terms_are_what_their_formulas_say():
    outputs, batch = batch_and_outputs()
    terms = objective.objective(outputs, batch, {"weights": dict.fromkeys(RECIPE.options["weights"], 1.0)})
    score, y = outputs["score"].numpy(), batch["score"].double().numpy()
    errors = np.abs(score[:4] - y[:4])
    smooth = np.where(errors < 0.1, errors**2 / 0.2, errors - 0.05).mean()
    assert terms["value"].item() == pytest.approx(smooth, rel=1e-6)
    assert terms["line"].item() == pytest.approx(1.0 - np.corrcoef(score[:4], y[:4])[0, 1], rel=1e-5)
    assert terms["trim"].item() == pytest.approx(abs(score[-2] - score[-1]), rel=1e-9)
    costs = [
        max(0.0, objective.MARGIN * (j - i) - (score[first + i] - score[first + j]))
        for first in (4, 4 + STEPS) for i in range(STEPS) for j in range(i + 1, STEPS)
    ]  # fmt: skip
    assert terms["order"].item() == pytest.approx(np.mean(costs), rel=1e-6)
    scale = outputs["log_scale"].numpy()[:4]
    width = np.mean((np.exp(-2 * scale) * errors**2 + 2 * scale) / 2)
    assert terms["width"].item() == pytest.approx(width, rel=1e-6)
    # jpeg is of compression, overexposure of exposure: these two fall, the six others are to stay at one.
    assert (COMMON[3].name, COMMON[6].name) == ("jpeg", "overexposure")
    wanted = []
    for first, own in ((4, "compression"), (4 + STEPS, "exposure")):
        for level in range(STEPS):
            for name in SUBSCORES:
                p, t = outputs[name][first + level].item(), 1.0 - (level / 5 if name == own else 0.0)
                wanted.append(-(t * np.log(p) + (1 - t) * np.log(1 - p)))
    assert terms["parts"].item() == pytest.approx(np.mean(wanted), rel=1e-5)


def test_the_width_of_the_interval_moves_no_score_and_a_weight_of_zero_leaves_a_term_out():
    outputs, batch = batch_and_outputs()
    score, scale = outputs["score"].requires_grad_(), outputs["log_scale"].requires_grad_()
    terms = objective.objective(outputs, batch, {"weights": {**RECIPE.options["weights"], "trim": 0.0}})
    assert "trim" not in terms
    terms["width"].backward()
    assert score.grad is None
    assert scale.grad[:4].abs().min() > 0


def test_measures_of_scores_that_are_known():
    rated, damaged, cut = [0.1, 0.2, 0.9, 0.8, 0.5, 0.4], [0.9, 0.8, 0.7, 0.6, 0.5, 0.4], [0.5, 0.52]
    stream = [material.RATED] * 6 + [material.DAMAGED] * 2 * STEPS + [material.TRIMMED] * 2
    batch = {"stream": torch.tensor(stream), "score": torch.tensor([0.3, 0.35, 0.8, 0.7, 0.4, 0.38] + [0.0] * 14)}
    outputs = {"score": torch.tensor(rated + damaged + [0.9, 0.95, *damaged[2:]] + cut)}
    found = objective.measure(outputs, batch)
    assert found["srcc"] == pytest.approx(1.0)
    assert found["trim"] == pytest.approx(2.0, abs=1e-4)
    assert found["falling"] == pytest.approx(9 / 10)


@pytest.mark.parametrize("width", [0, 5])
def test_several_starts_are_one_network_with_the_mean_before_the_logistic_function(width):
    design = Design(native=2, half=1, width=width, dropout=0.5, input_dropout=0.5)
    starts = [drawn(design, seed) for seed in range(3)]
    for one in starts[1:]:
        one.centre, one.spread = starts[0].centre.clone(), starts[0].spread.clone()
    both = together(starts)
    assert both.design.width == 3 * width
    rows = torch.randn(7, design.features)
    for name in ("score", *SUBSCORES):
        wanted = torch.stack([torch.special.logit(one(rows)[name].double()) for one in starts]).mean(0)
        assert torch.special.logit(both(rows)[name].double()).tolist() == pytest.approx(wanted.tolist(), abs=1e-4)
    wanted = torch.stack([one(rows)["log_scale"] for one in starts]).mean(0)
    assert both(rows)["log_scale"].tolist() == pytest.approx(wanted.tolist(), abs=1e-5)


def test_starts_of_other_statistics_are_not_put_together():
    design = Design(native=1, half=0, width=3)
    with pytest.raises(OptionError, match="cannot be put together"):
        together([drawn(design, 0), drawn(design, 1)])


def test_pictures_that_are_damaged_in_one_way_are_damaged_in_turn_and_ranked_by_themselves(tmp_path):
    recipe = override(
        load("visq-nr"), *_SMALL, "options.trunk=random", f"options.cache={tmp_path / 'cache'}",
    )  # fmt: skip
    data = _biq(tmp_path / "data")
    made = material.Material(
        data, Design.of(recipe.options["design"]), material.Amounts.of(recipe.options), folder=tmp_path / "cache",
        trunk="random",
    )  # fmt: skip
    part = material.best_rated(made.parts.fit, 9, after=2)
    better = np.sort(made.parts.fit.scores)[-2:]
    assert part.scores.max() <= better.min()
    rows = made.varied(part).values.reshape(9, STEPS, -1)
    for i, level in ((0, 2), (1, 3), (8, 5)):
        pixels = np.asarray(Image.open(part.paths[i]))
        damaged = COMMON[i % len(COMMON)].apply(pixels, level, seed=0, key=part.names[i])
        assert rows[i, level].tolist() == pytest.approx(made.rows([damaged]).values[0].tolist(), abs=1e-5)
    groups: dict[int, set[int]] = {}
    for batch in material.streams(recipe, data).train.epoch(0):
        ranked = (batch["stream"] == material.DAMAGED) | (batch["stream"] == material.VARIED)
        assert (batch["stream"] == material.VARIED).sum() == 2 * STEPS
        for group, stream in zip(batch["group"][ranked].tolist(), batch["stream"][ranked].tolist(), strict=True):
            groups.setdefault(group, set()).add(stream)
    assert len(groups) > 2
    assert all(len(streams) == 1 for streams in groups.values())


def _biq(root):
    """BIQ2021's layout with made pictures: the softer, the worse."""
    from scipy.ndimage import gaussian_filter

    (root / "Images").mkdir(parents=True)
    rng, rows = np.random.default_rng(0), []
    large = picture(320, 320)
    for i in range(COUNT):
        top, left = rng.integers(0, 256, 2)
        sigma = rng.uniform(0, 3)
        soft = gaussian_filter(large[top : top + SIDE, left : left + SIDE].astype(float), (sigma, sigma, 0))
        Image.fromarray(soft.round().astype(np.uint8)).save(root / "Images" / f"ss01 ({i}).jpg", quality=95)
        rows.append((f"ss01 ({i}).jpg", f"{1 - sigma / 3:.4f}"))
    for name, part in (("Test", rows[:TEST]), ("Train", rows[TEST:])):
        with (root / f"{name} (Images and MOS).csv").open("w", newline="") as file:
            csv.writer(file).writerows([("Image Name", "MOS"), *part])
    return root


@pytest.mark.slow
def test_the_recipe_trains_and_its_runs_become_the_file_that_is_scored_with(tmp_path):
    pytest.importorskip("onnx")
    pytest.importorskip("accelerate")
    from visq.systems.visq_nr import opinion
    from visq.train import fit

    data = _biq(tmp_path / "data")
    recipe = override(
        load("visq-nr"), *_SMALL, "epochs=6", "options.trunk=random", "options.design.width=4",
        f"options.cache={tmp_path / 'cache'}",
    )  # fmt: skip
    folders = []
    for seed in (0, 1):
        folders.append(tmp_path / f"run{seed}")
        fitted = fit(override(recipe, f"seed={seed}"), data, into=folders[-1], tensorboard=False, cpu=True)
        assert fitted.reason == "finished"
        assert set(fitted.best["measures"]) == {"srcc", "plcc", "rmse", "trim", "falling"}
    figures = finished(folders, data, tmp_path / "visq_nr.onnx")
    json.dumps(figures)
    assert [run["seed"] for run in figures["runs"]] == [0, 1]
    made = material.Material(
        data, Design.of(recipe.options["design"]), material.Amounts.of(recipe.options), folder=tmp_path / "cache",
        trunk="random",
    )  # fmt: skip
    held = made.parts.validation
    both = together([_best(folder) for folder in folders])
    score, _ = scored(both, made.rated(held).values)
    assert judged(both, made.rated(held).values, held.scores)["srcc"] == figures["together"]["srcc"]
    # The file says of a picture what the read-outs say of its statistics.
    found = opinion(np.asarray(Image.open(held.paths[0])), model=tmp_path / "visq_nr.onnx")
    assert found.score == pytest.approx(100 * score[0], abs=0.02)
    assert found.lower <= found.score <= found.upper


def _best(folder):
    from visq.systems.visq_nr.training.finish import trained

    return trained(folder)[1]
