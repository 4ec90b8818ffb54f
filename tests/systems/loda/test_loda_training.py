"""LoDa's recipes under the engine: what moves and what does not, resuming, losses, streams, measures."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("accelerate")

import loda_small  # noqa: E402
from PIL import Image  # noqa: E402

import samples  # noqa: E402
import visq  # noqa: E402
from visq.errors import InputError, OptionError, WeightsError  # noqa: E402
from visq.systems.loda.data import Chained, Upended, judging, rated, streams  # noqa: E402
from visq.systems.loda.photographs import resized_cache  # noqa: E402
from visq.systems.loda.pictures import crops_of  # noqa: E402
from visq.systems.loda.training import measure, objective  # noqa: E402
from visq.train.checkpoints import read  # noqa: E402
from visq.train.data.crops import take  # noqa: E402
from visq.train.data.splits import held_out  # noqa: E402

SAME = ("last.safetensors", "best.safetensors", "log.jsonl", "train.csv", "validation.csv")


def _frozen(network):
    return {n: p.detach().clone() for n, p in network.named_parameters() if n.startswith(("vit.", "cnn."))}


def _statistics(network):
    return {n: b.clone() for n, b in network.cnn.named_buffers() if "running" in n}


# L4 -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bn", ["adapt", "frozen"])
def test_twenty_steps_leave_every_frozen_tensor_as_it_was(bn, rated_pictures, tmp_path):
    """L4: bitwise, of the very network that was trained; running statistics move if and only if they adapt."""
    folder, caches = rated_pictures
    made = []

    def network(options):
        from visq.systems.loda.network import network as build

        made.append(build(options))
        return made[-1]

    network.__qualname__ = "network"
    one = loda_small.recipe("loda-mini", caches, design={"bn": bn}, epochs=20)
    one = replace(one, network=network, validation=replace(one.validation, every=20))
    begun = one.call("network", one.options)
    before, statistics = _frozen(begun), _statistics(begun)
    fitted = loda_small.fitted(one, tmp_path / "run", data=folder)
    assert fitted.step == 20
    trained = made[1]
    after = _frozen(trained)
    assert before.keys() == after.keys()
    assert len(before) > 100
    assert all(torch.equal(before[n], after[n]) for n in before)
    moved = [not torch.equal(value, statistics[n]) for n, value in _statistics(trained).items()]
    # What lies behind the last map is not computed.
    assert sum(moved) == (0 if bn == "frozen" else len(moved) - 2)
    assert all(not torch.equal(p, begun.get_parameter(n)) for n, p in trained.named_parameters() if p.requires_grad)
    kept = read(fitted.folder / "last.safetensors").part("weights")
    assert not any(n.startswith("vit.") for n in kept)
    assert all("running" in n or "num_batches" in n for n in kept if n.startswith("cnn."))
    again = fitted.network("last")
    assert all(torch.equal(value, _statistics(trained)[n]) for n, value in _statistics(again).items())


def test_ended_and_gone_on_with_is_the_same_to_the_byte(rated_pictures, tmp_path):
    folder, caches = rated_pictures
    one = loda_small.recipe("loda-mini", caches, options={"crops": 3})
    loda_small.fitted(one, tmp_path / "whole", data=folder)
    left = [2]

    def should_stop():
        left[0] -= 1
        return left[0] <= 0

    ended = loda_small.fitted(one, tmp_path / "ended", data=folder, should_stop=should_stop)
    assert ended.reason == "interrupted"
    loda_small.fitted(one, tmp_path / "ended", data=folder, resume=True)
    for name in SAME:
        assert (tmp_path / "ended" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name


def test_another_frozen_network_is_not_gone_on_with(rated_pictures, tmp_path):
    folder, caches = rated_pictures
    one = loda_small.recipe("loda-mini", caches, epochs=1)
    fitted = loda_small.fitted(one, tmp_path / "run", data=folder)
    state = read(fitted.folder / "last.safetensors").network_state()
    other = loda_small.network()
    with torch.no_grad():
        next(other.vit.parameters()).add_(1e-3)
    other.seal("vit", "cnn")
    with pytest.raises(WeightsError, match="beside other frozen networks"):
        other.load_state_dict(state)


@pytest.mark.parametrize("variant", ["probe", "no-tokens", "add"])
def test_ablations_are_options_of_the_same_recipe(variant, rated_pictures, tmp_path):
    from visq.train import override

    folder, caches = rated_pictures
    one = override(loda_small.recipe("loda-mini", caches, epochs=1), f"options.design.variant={variant}")
    fitted = loda_small.fitted(one, tmp_path / "run", data=folder)
    begun, ended = one.call("network", one.options), fitted.network("last")
    assert ended.design.variant == variant
    learned = {n for n, p in begun.named_parameters() if p.requires_grad}
    assert learned == {n for n, p in ended.named_parameters() if not n.startswith(("vit.", "cnn."))}
    assert not torch.equal(begun.head.weight, ended.head.weight)


# L5 -----------------------------------------------------------------------------------------------------------


def test_the_released_loss_is_its_closed_form_and_the_papers_is_linear():
    """L5, within 1e-6: two standardised errors, written out, against (1 - r)(3 + r)/8; blind to scale and offset."""
    rng = np.random.default_rng(0)
    for _ in range(5):
        x, y = rng.normal(size=(2, 40))
        r = np.corrcoef(x, y)[0, 1]
        p, t = ((v - v.mean()) / (v.std() + 1e-8) for v in (x, y))
        rho = (p * t).mean()
        released = (((p - t) ** 2).mean() / 4 + ((rho * p - t) ** 2).mean() / 4) / 2
        assert released == pytest.approx((1 - r) * (3 + r) / 8, abs=1e-6)
        given = {"score": torch.from_numpy(y)}
        for scale, offset in ((1.0, 0.0), (7.5, -3.0), (1e-3, 10.0)):
            outputs = torch.from_numpy(scale * x + offset)
            found = objective(outputs, given, {"loss": "plcc"})
            assert float(found["plcc_induced"]) == pytest.approx(released, abs=1e-6)
            assert float(objective(outputs, given, {"loss": "plcc-linear"})["plcc"]) == pytest.approx(
                (1 - r) / 2, abs=1e-6
            )


def test_constant_ratings_and_unknown_losses_are_refused():
    outputs, given = torch.randn(16), {"score": torch.full((16,), 0.5)}
    with pytest.raises(InputError, match="all equal"):
        objective(outputs, given, {"loss": "plcc"})
    with pytest.raises(OptionError, match="loss"):
        objective(outputs, given, {"loss": "l2"})


def test_measures_are_of_the_means_over_crops():
    picture = torch.tensor([2, 0, 1, 0, 2, 1, 3, 3])
    outputs = torch.tensor([0.5, 0.1, 0.2, 0.3, 0.7, 0.4, 0.0, 0.2])
    score = torch.tensor([0.9, 0.2, 0.6, 0.2, 0.9, 0.6, 0.4, 0.4])
    found = measure(outputs, {"picture": picture, "score": score})
    means, wanted = np.array([0.2, 0.3, 0.6, 0.1]), np.array([0.2, 0.6, 0.9, 0.4])
    assert found["plcc"] == pytest.approx(np.corrcoef(means, wanted)[0, 1], abs=1e-6)
    assert found["srcc"] == pytest.approx(1 - 6 * (1 + 1) / (4 * 15), abs=1e-9)  # ranks 2 3 4 1 and 1 3 4 2
    assert found["spread"] == pytest.approx(0.1, abs=1e-6)


# Streams ------------------------------------------------------------------------------------------------------


def test_the_test_part_is_never_opened_and_small_batches_are_refused(rated_pictures):
    folder, caches = rated_pictures
    one = loda_small.recipe("loda-mini", caches)
    train, validation = streams(one, folder)
    dataset = visq.dataset("folder", str(folder))
    names = set(held_out(dataset, like=rated(dataset, one.options).fit).names)
    read_now = {*train.stream.part.names, *validation.streams[0].part.names}
    assert names
    assert not names & read_now
    with pytest.raises(OptionError, match="batch=16 or more"):
        streams(replace(one, batch=15), folder)


def test_half_of_the_crops_are_upside_down_and_the_same_ones_again(rated_pictures):
    folder, caches = rated_pictures
    train, _ = streams(loda_small.recipe("loda-mini", caches, options={"crops": 8}), folder)
    assert isinstance(train, Upended)
    turned = []
    for plain, upended in zip(train.stream.epoch(1), train.epoch(1), strict=True):
        for one, other in zip(plain["image"], upended["image"], strict=True):
            turned.append(torch.equal(one.flip(1), other))
            assert turned[-1] or torch.equal(one, other)
    # 96 fair coins: outside of 30..66 once in ten thousand times.
    assert 30 <= sum(turned) <= 66
    late = next(iter(train.epoch(1, 3)))
    *_, wanted = (b for _, b in zip(range(4), train.epoch(1), strict=False))
    assert torch.equal(late["image"], wanted["image"])
    assert train.identity != train.stream.identity
    plainer, _ = streams(loda_small.recipe("loda-mini", caches, options={"upside_down": False}), folder)
    assert not isinstance(plainer, Upended)


def _mixed(folder):
    """Landscape, portrait and square pictures, each of a content of its own."""
    sizes = [(80, 120), (120, 80), (90, 90), (100, 160), (160, 100), (75, 72)]
    rows = []
    (folder / "images").mkdir(parents=True)
    for i, (height, width) in enumerate(sizes * 2):
        Image.fromarray(np.roll(samples.picture(height, width), 7 * i, axis=0)).save(folder / f"images/p{i:02}.png")
        part = "test" if i >= 10 else "train"
        rows.append({"image": f"images/p{i:02}.png", "score": f"{i % 7}", "group": f"g{i}", "part": part})
    with (folder / "visq.csv").open("w", newline="", encoding="utf-8") as file:
        lines = csv.DictWriter(file, list(rows[0]))
        lines.writeheader()
        lines.writerows(rows)
    return visq.dataset("folder", str(folder))


def test_pictures_are_judged_by_the_crops_of_the_metric_whichever_way_they_lie(tmp_path):
    dataset = _mixed(tmp_path / "mixed")
    options = {"split": -1, "validation": 0.5, "calibration": 0.0, "split_seed": 0}
    part = rated(dataset, options).validation
    cache = resized_cache(part, tmp_path / "cache", short=72)
    stream = judging(part, cache, 64, "grid15", 32, 0)
    assert isinstance(stream, Chained)
    found: dict[int, list] = {}
    for batch in stream.epoch(0):
        assert len(batch["image"]) % 15 == 0
        for picture, image in zip(batch["picture"].tolist(), batch["image"], strict=True):
            found.setdefault(picture, []).append(image)
    assert sorted(found) == list(range(len(part)))
    assert len(stream.streams) > 1
    for number, place in enumerate(cache.find_part(part)):
        pixels = cache[place]
        wanted = [take(pixels, c) for c in crops_of(pixels.shape[:2], 64, "grid15")]
        assert all(np.array_equal(a.permute(1, 2, 0).numpy(), b) for a, b in zip(found[number], wanted, strict=True))
    # Begun in the middle it goes on where it was left.
    for start in range(len(stream)):
        late = next(iter(stream.epoch(0, start)))
        *_, batch = (b for _, b in zip(range(start + 1), stream.epoch(0), strict=False))
        assert torch.equal(late["picture"], batch["picture"])


def test_kept_pictures_are_pillows_and_another_resize_is_another_cache(tmp_path):
    part = rated(_mixed(tmp_path / "mixed"), {"split": -1, "validation": 0.2, "calibration": 0, "split_seed": 0}).fit
    one = resized_cache(part, tmp_path / "cache", short=72)
    again, other = (resized_cache(part, tmp_path / "cache", short=s) for s in (72, 80))
    assert one.shards.folder == again.shards.folder != other.shards.folder
    assert one.identity != other.identity
    for name, path, place in zip(part.names, part.paths, one.find_part(part), strict=True):
        with Image.open(path) as file:
            width, height = file.size
            size = (72, 72 * height // width) if width <= height else (72 * width // height, 72)
            wanted = np.asarray(file.resize(size, Image.BICUBIC)) if size != file.size else np.asarray(file)
        assert np.array_equal(one[place], wanted), name
