"""The recipes of PMT on small made-up pictures: maps, what moves, going on with, objective, parameters as files."""

from __future__ import annotations

import numpy as np
import pytest

import rated_folders
import samples
from visq.errors import DatasetError, InputError, OptionError, WeightsError

torch = pytest.importorskip("torch")
pytest.importorskip("accelerate")

from visq.api import Metric  # noqa: E402
from visq.backbones import create  # noqa: E402
from visq.catalog.learned.pmt import SPEC  # noqa: E402
from visq.explain import region_importance  # noqa: E402
from visq.systems.pmt import Model, load, pmt, pmt_distribution, write  # noqa: E402
from visq.systems.pmt.design import Design  # noqa: E402
from visq.systems.pmt.network import Network  # noqa: E402
from visq.systems.pmt.training.maps import build  # noqa: E402
from visq.systems.pmt.training.material import divided, streams  # noqa: E402
from visq.systems.pmt.training.objective import measure, objective  # noqa: E402
from visq.systems.pmt.trunk import Trunk  # noqa: E402
from visq.train import fit, override  # noqa: E402
from visq.train import load as load_recipe  # noqa: E402

pytestmark = pytest.mark.usefixtures("one_thread")
FROZEN = ("conv_stem", "bn1", "blocks.0", "blocks.1", "blocks.2", "blocks.3", "blocks.4", "blocks.5.0")
#: Depthwise filters with their normalisation.
SHAPES = (".conv_dw.weight", ".bn2.weight", ".bn2.bias")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rated")
    rated_folders.rated(folder, references=False, contents=9)
    return folder


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


def _recipe(cache, *settings, name="pmt-small"):
    return override(
        load_recipe(name), "options.dataset=folder", "options.scale=fit", "options.validation=0.4",
        "options.calibration=0", f"options.cache={cache}", "options.weights=random", "options.trunk_seed=4", *settings,
    )  # fmt: skip


def _fitted(recipe, root, into, **named):
    return fit(recipe, root, into=into, tensorboard=False, cpu=True, **named)


@pytest.fixture(scope="module")
def trained(root, cache, tmp_path_factory):
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("whole") / "run"
    recipe = _recipe(cache, "epochs=2", "batch=4")
    return recipe, _fitted(recipe, root, folder), folder


def test_a_training_ended_and_gone_on_with_is_the_same_to_the_byte(trained, root, tmp_path):
    recipe, whole, folder = trained
    assert whole.reason == "finished"
    assert len(whole.history) == 2
    left = [3]

    def should_stop():
        left[0] -= 1
        return left[0] <= 0

    ended = _fitted(recipe, root, tmp_path, should_stop=should_stop)
    assert ended.reason == "interrupted"
    _fitted(recipe, root, tmp_path, resume=True)
    for name in ("last.safetensors", "best.safetensors", "log.jsonl"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes(), name


def test_the_frozen_part_stays_and_the_rest_moves(trained):
    network = load(trained[2] / "last.safetensors")
    before = create("efficientnet_lite0", weights="random", seed=4).state_dict()
    state = network.trunk.network.state_dict()
    moved = {name: not torch.equal(value, before[name]) for name, value in state.items()}
    assert not any(v for name, v in moved.items() if name.startswith(FROZEN) or name.endswith(SHAPES))
    later = [name for name in moved if name.startswith(("blocks.5", "blocks.6")) and not name.startswith(FROZEN)]
    weights = [name for name in later if name.endswith("conv_pw.weight")]
    assert len(weights) == 4
    assert all(moved[name] for name in weights)
    statistics = [name for name in moved if "running" in name]
    assert statistics
    assert not any(moved[name] for name in statistics), "statistics of batch normalisations do not move"


def test_depthwise_filters_move_where_that_is_asked_for(root, cache, tmp_path):
    recipe = _recipe(cache, "epochs=1", "batch=9", "options.depthwise=true")
    _fitted(recipe, root, tmp_path)
    state = load(tmp_path / "last.safetensors").trunk.network.state_dict()
    before = create("efficientnet_lite0", weights="random", seed=4).state_dict()
    assert not any(torch.equal(state[f"blocks.6.0{name}"], before[f"blocks.6.0{name}"]) for name in SHAPES)


def test_a_step_is_the_one_of_separate_normalisations(root, cache):
    """Folding changes rounding alone: score, and gradients of all that is trained, within 1e-4 of the largest."""
    recipe = _recipe(cache, "batch=5", "options.design.dropout=0", "options.masked=0")
    network = recipe.call("network", recipe.options).train()
    batch = next(iter(streams(recipe, root).train.epoch(0)))
    found = []
    for folded in (True, False):
        for module in network.trunk.modules():
            if hasattr(module, "folded"):
                module.folded = folded
        network.zero_grad(set_to_none=True)
        outputs = network(batch["maps"])
        sum(objective(outputs, batch, recipe.options).values()).backward()
        gradients = {name: p.grad for name, p in network.named_parameters() if p.requires_grad}
        found.append((outputs["score"].detach(), gradients))
    (score, gradients), (other, others) = found
    torch.testing.assert_close(score, other, rtol=0, atol=1e-5)
    assert any(name.startswith("trunk.") for name in gradients)
    largest = max(float(g.abs().max()) for g in others.values())
    for name, one in gradients.items():
        assert float((one - others[name]).abs().max()) <= 1e-4 * largest, name


def test_maps_are_what_the_trunk_makes_of_the_picture(root, cache):
    """To half precision, which rounds by 2^-11 of a value; of a mirrored picture too; and they are kept."""
    recipe = _recipe(cache)
    part = divided(recipe.options, root).fit
    trunk = Trunk(Design.of(recipe.options["design"]), "random", frozen_to="blocks.5.0", seed=4).eval()
    maps = build(part, trunk, cache, mirrored=True)
    pixels = rated_folders.np.asarray(rated_folders.Image.open(part.paths[3]).convert("RGB"))
    for mirrored in (False, True):
        image = torch.from_numpy((pixels[:, ::-1] if mirrored else pixels).copy()).permute(2, 0, 1)[None]
        network = trunk.network
        wanted = network(network.normalise(image / 255.0), ["blocks.5.0"])["blocks.5.0"][0].permute(1, 2, 0)
        found = torch.from_numpy(maps.view(maps.find_part(part)[3], mirrored=mirrored).astype(np.float32))
        assert ((found - wanted).abs() <= 2.0**-10 * wanted.abs() + 1e-4).all()
    other = Trunk(trunk.design, "random", frozen_to="blocks.5.0", seed=5)
    before = len(list(cache.glob("maps-*")))
    build(part, other, cache, mirrored=True)
    assert len(list(cache.glob("maps-*"))) == before + 1, "other parameters, other maps"


def test_a_batch_of_maps_judged_is_the_pictures_judged(root, cache):
    recipe = _recipe(cache, "batch=5")
    network = recipe.call("network", recipe.options).eval()
    batch = next(iter(streams(recipe, root).validation.epoch(0)))
    part = divided(recipe.options, root).validation
    with torch.no_grad():
        by_maps = network(batch["maps"])["score"]
    network.reads = "images"
    model = Model(network)
    pictures = [np.asarray(rated_folders.Image.open(part.paths[i])) for i in batch["index"].tolist()]
    np.testing.assert_allclose(by_maps.numpy(), [model.score(p) for p in pictures], atol=5e-3)


def test_half_of_the_pictures_are_mirrored_and_every_epoch_others(root, cache):
    recipe = _recipe(cache, "batch=4")
    stream = streams(recipe, root).train
    flips = []
    for epoch in range(12):
        for batch in stream.epoch(epoch):
            for values, index in zip(batch["maps"], batch["index"].tolist(), strict=True):
                own = stream.cache.view(stream._place[index])
                flips.append(not np.array_equal(values.permute(1, 2, 0).numpy(), own))
    assert 0.35 < np.mean(flips) < 0.65


def test_the_whole_trunk_is_trained_on_pictures(root, cache, tmp_path):
    """The recipe of the full network, on a small one; its distribution comes from mean and spread."""
    small = [f"options.design.{k}={v}" for k, v in Design.of({"variant": "small"}).options().items()]
    recipe = _recipe(cache, *small, "options.labels=", "epochs=1", "batch=9", name="pmt")
    found = _fitted(recipe, root, tmp_path)
    assert found.steps == 2
    state = load(tmp_path / "last.safetensors").trunk.network.state_dict()
    before = create("efficientnet_lite0", weights="random", seed=4).state_dict()
    assert not torch.equal(state["conv_stem.weight"], before["conv_stem.weight"])


def test_a_second_run_begins_where_the_first_one_ended(trained, root, cache, tmp_path):
    best = trained[2] / "best.safetensors"
    recipe = _recipe(cache, "epochs=1", "batch=4", f"options.start={best}", "optimiser.rate=0")
    _fitted(recipe, root, tmp_path)
    first, second = load(best).state_dict(), load(tmp_path / "last.safetensors").state_dict()
    assert all(torch.equal(value, second[name]) for name, value in first.items())


def test_a_spread_that_lacks_is_refused(tmp_path, cache):
    rows = rated_folders.rated(tmp_path, references=False, contents=9)
    rated_folders.write_csv(tmp_path, [{k: v for k, v in row.items() if k != "std"} for row in rows])
    recipe = _recipe(cache, "options.labels=", "options.target=distribution")
    with pytest.raises(DatasetError, match="spread of opinions"):
        streams(recipe, tmp_path)


def test_the_terms_are_their_formulae():
    score, opinions = torch.tensor([2.0, 4.5]), torch.tensor([0.5, 0.75])  # grades 3 and 4
    found = objective({"score": score}, {"score": opinions}, {"target": "mean"})
    assert found["square"].item() == pytest.approx((1.0 + 0.25) / 2)
    logits, spread = torch.tensor([[0.0, 1.0, 2.0, 1.0, 0.5]]), torch.tensor([0.8])
    batch = {"score": torch.tensor([0.6]), "spread": spread}
    votes = np.exp(-((np.arange(1, 6) - 3.4) ** 2) / (2 * 0.8**2))
    shares = np.exp([0.0, 1.0, 2.0, 1.0, 0.5])
    wanted = -(votes / votes.sum()) @ np.log(shares / shares.sum())
    found = objective({"score": score[:1], "logits": logits}, batch, {"target": "distribution"})
    assert found["votes"].item() == pytest.approx(wanted, abs=1e-6)
    outputs = {"score": score, "whole": torch.tensor([3.0, 4.0])}
    found = objective(outputs, {"score": opinions}, {"target": "mean", "consistency": 0.1})
    assert found["consistency"].item() == pytest.approx(0.1 * (1.0 + 0.25) / 2)
    with pytest.raises(OptionError, match="no distribution"):
        objective({"score": score[:1]}, batch, {"target": "distribution"})
    found = measure({"score": torch.tensor([1.0, 2.0, 3.5])}, {"score": torch.tensor([0.0, 0.25, 0.5])})
    assert found["srcc"] == 1.0
    assert found["rmse"] == pytest.approx(0.5 / 3**0.5)


def test_consistency_draws_the_part_to_the_whole_alone():
    network = Network(Design.of({"variant": "small"}), "random", masked=1.0, paired=True).train()
    outputs = network(torch.rand(2, 3, 64, 128))
    outputs["score"].retain_grad()
    outputs["whole"].retain_grad()
    batch = {"score": torch.tensor([0.5, 0.5])}
    objective(outputs, batch, {"target": "mean", "consistency": 0.1})["consistency"].backward()
    assert outputs["whole"].grad is None
    assert outputs["score"].grad is not None


def test_parameters_as_a_file_and_as_a_checkpoint(trained, tmp_path):
    picture = samples.picture(96, 128)
    network = load(trained[2] / "best.safetensors")
    write(network, tmp_path / "kept.safetensors", {"seed": 0})
    by_file, by_checkpoint = (Model(load(p)) for p in (tmp_path / "kept.safetensors", trained[2] / "best.safetensors"))
    assert by_file.score(picture) == by_checkpoint.score(picture)
    assert load(tmp_path / "kept.safetensors").design == network.design
    write(network, tmp_path / "half.safetensors", half=True)
    rounded = load(tmp_path / "half.safetensors").state_dict()
    floats = {name: value for name, value in network.state_dict().items() if value.is_floating_point()}
    assert all(torch.equal(rounded[name], value.half().float()) for name, value in floats.items())
    assert (tmp_path / "half.safetensors").stat().st_size < (tmp_path / "kept.safetensors").stat().st_size / 1.9
    for broken, said in (("none", "does not exist"), ("damaged", "no network")):
        path = tmp_path / f"{broken}.safetensors"
        if broken == "damaged":
            path.write_bytes((tmp_path / "kept.safetensors").read_bytes()[:5000])
        with pytest.raises(WeightsError, match=said):
            load(path)


def test_the_metric_and_its_explanation(trained, tmp_path):
    """With a file of one's own in the place of the one that ships."""
    path = tmp_path / "kept.safetensors"
    write(load(trained[2] / "best.safetensors"), path)
    picture = samples.picture(96, 128)
    metric = Metric(SPEC, {"model": str(path)})
    score = metric(picture)
    assert float(score) == pmt(picture, model=path)
    assert 1 <= float(score) <= 5
    shares = pmt_distribution(picture, model=path)
    assert shares @ np.arange(1, 6) == pytest.approx(float(score), abs=1e-5)
    steps = []
    found = region_importance(metric, samples.noise(96, 128, seed=8), level="token", on_step=lambda: steps.append(1))
    assert found.map.shape == (3, 4)
    assert found.critical.sum() == 6
    assert len(steps) == 1
    with pytest.raises(InputError, match="64"):
        metric(picture[:63])
