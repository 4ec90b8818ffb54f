"""visq-nr from its file: onnxruntime against torch, tiles, batches, threads, maps, files that are refused."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

import samples
from visq import weights
from visq.catalog.learned.visq_nr import WEIGHTS
from visq.errors import InputError, SizeError, WeightsError
from visq.ops.arrays import read_one
from visq.systems.visq_nr import grid, opinion, statistics, visq_nr

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

from visq.systems.graph_files import annotated  # noqa: E402
from visq.systems.visq_nr.calibration import Calibration, calibrate  # noqa: E402
from visq.systems.visq_nr.design import Design  # noqa: E402
from visq.systems.visq_nr.export import content, write  # noqa: E402
from visq.systems.visq_nr.model import load  # noqa: E402
from visq.systems.visq_nr.network import Network  # noqa: E402

# Of 0..1; what is asked of two engines.
WITHIN = 1e-4


@pytest.fixture(autouse=True)
def _one_thread():
    from visq.ops.threads import set_threads

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    set_threads(1)
    yield
    torch.set_num_threads(before)
    set_threads(None)


@pytest.fixture(scope="module")
def network():
    """Random numbers, the statistics brought to mean 0 and deviation 1 on a few pictures, so that scores differ."""
    torch.manual_seed(3)
    made = Network(Design(width=16), weights="random").eval()
    pictures = [samples.picture(96, 96), samples.noise(96, 96), samples.blurred(samples.picture(96, 96), 3)]
    pictures += [samples.noisy(samples.picture(96, 96), 20), samples.constant(96, 96, 90)]
    with torch.no_grad():
        made.readout.fit_scale(made.statistics(_tensors(*pictures)))
    return made


@pytest.fixture(scope="module")
def path(network, tmp_path_factory):
    file = tmp_path_factory.mktemp("nr") / "visq_nr.onnx"
    write(network, file, Calibration(0.9, 0.2), {"seed": 3})
    return file


def _tensors(*pictures):
    return torch.stack([torch.from_numpy(np.moveaxis(p, -1, 0).copy()) for p in pictures])


def _pictures():
    yield samples.picture(64, 64)
    yield samples.noisy(samples.picture(130, 97), 12)
    yield samples.jpeg(samples.picture(111, 256), 20)
    yield samples.constant(80, 70, 255)


def test_the_file_gives_what_torch_gives_with_every_normalisation_in_its_place(network, path):
    for picture in _pictures():
        with torch.no_grad():
            wanted = network(_tensors(picture))
        found = opinion(picture, model=path)
        assert found.score / 100 == pytest.approx(float(wanted["score"]), abs=WITHIN)
        half = 0.2 * float(wanted["log_scale"].exp())
        assert found.lower / 100 == pytest.approx(max(0.0, float(wanted["score"]) - half), abs=3 * WITHIN)
        assert found.upper / 100 == pytest.approx(min(1.0, float(wanted["score"]) + half), abs=3 * WITHIN)
        for name in ("sharpness", "noise", "exposure", "compression"):
            assert getattr(found, name) / 100 == pytest.approx(float(wanted[name]), abs=WITHIN)


def test_scores_differ_so_that_the_other_tests_say_something(path):
    scores = [visq_nr(p, model=path) for p in _pictures()]
    assert np.ptp(scores) > 2


def test_tensors_give_the_score_of_arrays_and_gradients_where_they_are_wanted(path):
    picture = samples.picture(97, 80)
    score = visq_nr(picture, model=path)
    tensor = _tensors(picture)
    assert float(visq_nr(tensor, model=path)[0]) == pytest.approx(score, abs=1e-5)
    wanted = (tensor / 255.0).requires_grad_()
    found = visq_nr(wanted, model=path)
    assert float(found[0].detach()) == pytest.approx(score, abs=100 * WITHIN)
    found.sum().backward()
    assert torch.isfinite(wanted.grad).all()
    assert wanted.grad.abs().max() > 0
    double, its_map = visq_nr(tensor.double() / 255.0, model=path, full=True)
    assert double.dtype == torch.float64
    assert float(double[0]) == pytest.approx(score, abs=100 * WITHIN)
    np.testing.assert_allclose(its_map[0], visq_nr(picture, model=path, full=True)[1], atol=100 * WITHIN)


def test_batches_threads_and_repetition_change_no_bit(path):
    from visq.ops.threads import set_threads

    pictures = [samples.picture(90, 130), samples.noise(90, 130), samples.blurred(samples.picture(90, 130), 2)]
    alone = [visq_nr(p, model=path) for p in pictures]
    assert list(visq_nr(np.stack(pictures), model=path)) == alone
    assert list(visq_nr(np.stack(pictures[::-1]), model=path)) == alone[::-1]
    set_threads(2)
    assert [visq_nr(p, model=path) for p in pictures] == alone


def test_other_depths_of_the_same_picture(path):
    picture = samples.picture(77, 98)
    score = visq_nr(picture, model=path)
    assert visq_nr(picture / np.float32(255), model=path) == pytest.approx(score, abs=1e-3)
    assert visq_nr(picture * np.uint16(257), model=path) == pytest.approx(score, abs=1e-3)
    grey = samples.picture(77, 98, grey=True)
    assert visq_nr(grey, model=path) == visq_nr(np.stack([grey] * 3, axis=-1), model=path)


def _limited(monkeypatch, pixels):
    whole = grid.tiles
    monkeypatch.setattr(statistics, "tiles", lambda height, width: whole(height, width, pixels))


def test_tiles_give_the_statistics_of_the_whole(path, monkeypatch):
    """But for what lies beyond the margin. What random parameters look at reaches farther than what trained ones do."""
    model = load(path)
    batch = read_one(samples.picture(700, 330))
    one = statistics.whole(batch, model.design, model.run)
    _limited(monkeypatch, 240_000)
    assert [len(statistics.tiles(700 // s, 330 // s)) for s in (1, 2)] == [2, 1]
    many = statistics.whole(batch, model.design, model.run)
    assert not np.array_equal(many, one)
    assert np.abs(many - one).mean() < 0.02 * model.readout["spread"].mean()
    assert abs(float(model.read(one).score[0] - model.read(many).score[0])) < 0.01


def test_tiles_that_see_the_whole_picture_add_up_to_it(path, monkeypatch):
    """The sums alone: each tile computes all cells and counts some of them."""
    model = load(path)
    batch = read_one(samples.picture(140, 220))
    one = statistics.whole(batch, model.design, model.run)

    def tiles(height, width):
        ((rows, columns),) = grid.tiles(height, width)
        parts = [grid.Span(f, f + 1, 0, rows.end) for f in range(rows.end)]
        return [(part, columns) for part in parts]

    monkeypatch.setattr(statistics, "tiles", tiles)
    np.testing.assert_allclose(statistics.whole(batch, model.design, model.run), one, rtol=1e-9)


def test_the_map_has_a_value_for_each_cell_and_leaves_the_score_alone(path):
    picture = samples.picture(150, 200)
    score, values = visq_nr(picture, full=True, model=path)
    assert values.shape == (grid.cells(150), grid.cells(200))
    assert score == visq_nr(picture, model=path)
    assert values.min() >= 0
    assert values.max() <= 100
    # A picture no larger than a window has a map of what it scores as a whole.
    small = samples.picture(65, 65)
    score, values = visq_nr(small, full=True, model=path)
    assert values[1, 1] == pytest.approx(score, abs=1e-3)


def test_maps_of_tiles_are_those_of_the_whole(path, monkeypatch):
    picture = samples.picture(700, 330)
    _, whole = visq_nr(picture, full=True, model=path)
    _limited(monkeypatch, 240_000)
    _, tiled = visq_nr(picture, full=True, model=path)
    assert np.abs(tiled - whole).mean() < 0.02 * np.ptp(whole)


@pytest.mark.parametrize("size", [(97, 97), (80, 130), (75, 111)])
def test_a_mirrored_picture_has_the_same_score_where_both_are_looked_at(network, size, tmp_path):
    made = Network(Design(width=16, mirror="both"), weights="random").eval()
    made.readout.load_state_dict(network.readout.state_dict())
    write(made, tmp_path / "both.onnx")
    picture = samples.noisy(samples.picture(*size), 5)
    score, values = visq_nr(picture, full=True, model=tmp_path / "both.onnx")
    turned, reversed_values = visq_nr(picture[:, ::-1], full=True, model=tmp_path / "both.onnx")
    assert turned == pytest.approx(score, abs=1e-9)
    # Of an odd side the last column counts twice at half size, on one side or the other.
    assert np.abs(reversed_values[:, ::-1] - values).mean() < 0.1 * np.ptp(values)
    with torch.no_grad():
        assert float(made(_tensors(picture))["score"]) == pytest.approx(score / 100, abs=WITHIN)


_WITHOUT = """
import json, sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "onnx", "safetensors"):
            raise ImportError(name)
sys.meta_path.insert(0, Blocked())
import numpy
from visq.systems.visq_nr import opinion
found = opinion(numpy.load("image.npy"), full=True, model=sys.argv[1])
print(json.dumps([found.score, found.lower, found.upper, found.sharpness, found.map.tolist()]))
"""


def test_it_runs_without_torch_with_the_same_bits(path, tmp_path):
    picture = samples.picture(70, 97)
    np.save(tmp_path / "image.npy", picture)
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT, str(path)], capture_output=True, text=True, timeout=100, check=False,
        cwd=tmp_path, env={**os.environ, "VISQ_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    here = opinion(picture, full=True, model=path)
    assert json.loads(done.stdout) == [here.score, here.lower, here.upper, here.sharpness, here.map.tolist()]


def test_the_file_that_ships_is_found_by_its_name_and_another_of_that_name_is_refused(path, monkeypatch):
    picture = samples.picture(64, 64)
    assert visq_nr(picture) == visq_nr(picture, model=weights.find(WEIGHTS))
    monkeypatch.setenv("VISQ_WEIGHTS", str(path.parent))
    with pytest.raises(WeightsError, match=r"visq_nr\.onnx"):
        visq_nr(picture)


def test_intervals_hold_the_share_of_new_ratings_that_they_promise():
    """Errors whose scale is known, and one that is not: split-conformal is right for both, on the average."""
    rng = np.random.default_rng(1)
    held = []
    for _ in range(200):
        log_scale = rng.normal(-3, 0.5, 400)
        error = rng.standard_t(3, 400) * np.exp(log_scale) * rng.uniform(0.5, 2.0, 400)
        found = calibrate(np.zeros(200), log_scale[:200], error[:200], 0.9)
        held.append(np.mean(np.abs(error[200:]) <= found.quantile * np.exp(log_scale[200:])))
    # Exactly ceil(201 * 0.9) / 201; the mean of 200 shares of 200 is known to 0.002.
    assert np.mean(held) == pytest.approx(181 / 201, abs=0.007)
    with pytest.raises(InputError, match="9"):
        calibrate([0.0] * 8, [0.0] * 8, [0.1] * 8)


def test_the_entry_of_the_catalogue_is_that_of_the_function():
    from visq.catalog.learned.visq_nr import SPEC

    taken = inspect.signature(visq_nr).parameters
    assert next(iter(taken)) == "image"
    assert {o.name for o in SPEC.options} == set(taken) - {"image", "data_range", "full"}
    assert {o.name: o.default for o in SPEC.options} == {o.name: taken[o.name].default for o in SPEC.options}
    assert SPEC.min_side == grid.MIN_SIDE
    assert SPEC.impl == f"{visq_nr.__module__.rpartition('.')[0]}:{visq_nr.__name__}"


def test_pictures_that_are_too_small_are_refused(path):
    with pytest.raises(SizeError, match="64x64"):
        visq_nr(samples.picture(63, 80), model=path)


def test_files_that_are_no_model_are_refused(path, tmp_path):
    data = path.read_bytes()
    model = onnx.load_from_string(data)
    del model.metadata_props[:]
    other = annotated(model.SerializeToString(), replace(load(path).graph.about, metric="nima"))
    (tmp_path / "other.onnx").write_bytes(other)
    with pytest.raises(WeightsError, match="another metric"):
        visq_nr(samples.picture(64, 64), model=tmp_path / "other.onnx")
    (tmp_path / "cut.onnx").write_bytes(data[: len(data) // 2])
    with pytest.raises(WeightsError):
        visq_nr(samples.picture(64, 64), model=tmp_path / "cut.onnx")
    model = onnx.load_from_string(data)
    for tensor in model.graph.initializer:
        if tensor.name == "readout.spread":
            tensor.CopyFrom(onnx.numpy_helper.from_array(np.zeros(3136, np.float32), "readout.spread"))
    (tmp_path / "zero.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(WeightsError, match=r"readout\.spread"):
        visq_nr(samples.picture(64, 64), model=tmp_path / "zero.onnx")


def test_the_file_is_small_and_says_what_it_is(network, path):
    assert len(content(Network(Design(), weights="random"), Calibration(), {})) <= 20_000_000
    model = load(path)
    assert model.design == network.design
    assert (model.level, model.quantile) == (0.9, 0.2)
    assert model.graph.about.options["notes"] == {"seed": 3}
