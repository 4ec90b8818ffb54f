"""Parts of a picture by visq-nr's own tokens: sums of cells against loops, tiles, mirrors, the theorem on averages."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

import samples
from visq.api import Metric
from visq.catalog.learned.visq_nr import SPEC
from visq.errors import InputError, SizeError
from visq.explain import region_importance
from visq.explain.importances import steps
from visq.explain.masking import levels
from visq.ops.arrays import read_one
from visq.systems.visq_nr import grid as cells_of
from visq.systems.visq_nr import masking, visq_nr
from visq.systems.visq_nr.planes import cut
from visq.systems.visq_nr.statistics import features

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from visq.systems.visq_nr.design import Design  # noqa: E402
from visq.systems.visq_nr.export import write  # noqa: E402
from visq.systems.visq_nr.model import load  # noqa: E402
from visq.systems.visq_nr.network import Network  # noqa: E402

# Of 0..100: the same moments, added up in another order.
WITHIN = 1e-6


@pytest.fixture(autouse=True)
def _one_thread():
    from visq.ops.threads import set_threads

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    set_threads(1)
    yield
    torch.set_num_threads(before)
    set_threads(None)


def _written(folder, design, change=None):
    torch.manual_seed(3)
    made = Network(design, weights="random").eval()
    pictures = [samples.picture(96, 96), samples.noise(96, 96), samples.noisy(samples.picture(96, 96), 20)]
    with torch.no_grad():
        stacked = torch.stack([torch.from_numpy(np.moveaxis(p, -1, 0).copy()) for p in pictures])
        made.readout.fit_scale(made.statistics(stacked))
        if change is not None:
            change(made)
    path = folder / "visq_nr.onnx"
    write(made, path)
    return path


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return _written(tmp_path_factory.mktemp("masked"), Design(native=5, half=4, width=12))


def _pictures():
    yield samples.picture(97, 161)
    yield samples.noisy(samples.picture(130, 75), 12)
    yield samples.picture(64, 64, grey=True)


def test_all_cells_give_the_score(path):
    """T3 of the specification: not bitwise, since the sum is of parts."""
    for picture in _pictures():
        shape = masking.grid(picture)
        assert shape == tuple(-(-(n - 1) // 32) + 1 for n in picture.shape[:2])
        found = masking.masked(picture, np.ones((2, *shape), bool), model=path)
        assert found == pytest.approx([visq_nr(picture, model=path)] * 2, abs=WITHIN)
        for most in (2, 5, 11):
            coarse = masking.Tokens(picture, most=most, model=path)
            assert coarse.cells.count <= most
            assert coarse(np.ones((1, *coarse.cells.shape), bool))[0] == pytest.approx(found[0], abs=WITHIN)


def _cell(points, length, scale):
    """The cell of a side that a point of the picture lies in, counted from the middle of the first position."""
    size = -(-length // scale)
    before = (32 * (cells_of.cells(size) - 1) + 1 - size) // 2
    return np.floor((points / scale - 0.5 + before + 16) / 32).astype(int)


def test_a_part_is_the_readout_of_the_moments_of_its_area(path):
    """Point by point in a loop: a quarter of a pixel counts with the moments of the cell it lies in, at each scale."""
    picture = samples.picture(97, 130)
    model, batch = load(path), read_one(picture)
    keep = np.random.default_rng(0).random(masking.grid(picture)) < 0.5
    # Borders of cells run through the middles of pixels: halves of them lie in one cell each.
    y, x = ((np.arange(2 * n) + 0.5) / 2 for n in picture.shape[:2])
    kept = keep[_cell(y, 97, 1)[:, None], _cell(x, 130, 1)]
    means = []
    for scale, stages in model.design.scales:
        [(down, across)] = cells_of.tiles(*(cells_of.sized(n, scale) for n in picture.shape[:2]))
        moments = model.run(cut(batch, scale, down.pixels, across.pixels), stages)[0].astype(float)
        total = np.zeros(len(moments))
        for i, j in np.argwhere(kept):
            total += moments[:, _cell(y[i], 97, scale), _cell(x[j], 130, scale)]
        means.append(total / kept.sum())
    wanted = model.read(features([m[None] for m in means])).score * 100
    assert masking.masked(picture, keep, model=path)[0] == pytest.approx(wanted[0], abs=WITHIN)


def test_large_pictures_in_tiles_give_the_same(path, monkeypatch):
    picture = samples.picture(320, 288)
    whole = masking.Tokens(picture, model=path)
    keeps = np.random.default_rng(1).random((6, *whole.cells.shape)) < 0.5
    monkeypatch.setattr(masking, "tiles", partial(cells_of.tiles, limit=250_000 // 4, margin=5))
    done = []
    tiled = masking.Tokens(picture, model=path, on_step=lambda: done.append(1))
    assert len(done) == masking.steps(picture, model=path) > 2
    # What lies beyond the margin has hardly a part in a response.
    np.testing.assert_allclose(tiled(keeps), whole(keeps), atol=0.05)


@pytest.mark.parametrize("mirror", ["half", "both"])
def test_mirrored_pictures_have_mirrored_parts(tmp_path, mirror):
    model = _written(tmp_path, Design(native=3, half=3, width=0, mirror=mirror))
    picture = samples.picture(97, 161)
    everything = np.ones((1, *masking.grid(picture)), bool)
    assert masking.masked(picture, everything, model=model)[0] == pytest.approx(
        visq_nr(picture, model=model), abs=WITHIN
    )
    if mirror == "both":
        keep = np.random.default_rng(2).random(masking.grid(picture)) < 0.5
        turned = np.ascontiguousarray(picture[:, ::-1])
        assert masking.masked(turned, keep[:, ::-1], model=model)[0] == pytest.approx(
            masking.masked(picture, keep, model=model)[0], abs=1e-3
        )


def test_theorem_for_a_linear_readout_of_means(tmp_path):
    """T4: without deviations and hidden units, parts weighted by their areas average to the whole."""

    def only_means(network):
        weight = network.readout.score.weight
        for place in (40, 120):  # behind the 16 and 24 means of each scale
            weight[:, place : place + 40] = 0.0
        network.readout.score.bias[0] = 0.5
        weight *= 0.02

    model = _written(tmp_path, Design(native=2, half=2, width=0, link="linear"), only_means)
    picture = samples.picture(97, 161)
    tokens = masking.Tokens(picture, model=model)
    areas = np.outer(np.diff(tokens.cells.rows), np.diff(tokens.cells.columns))
    rng = np.random.default_rng(0)
    for _ in range(5):
        keep = rng.random(areas.shape) < 0.5
        whole, part, rest = tokens(np.stack([np.ones_like(keep), keep, ~keep]))
        assert 1 < whole < 99
        share = areas[keep].sum() / areas.sum()
        assert share * part + (1 - share) * rest == pytest.approx(whole, abs=1e-4)


def test_importance_is_that_of_its_tokens(path):
    metric = Metric(SPEC, {"model": str(path)})
    assert levels(metric) == ("token", "pixel")
    picture = samples.picture(160, 160)
    picture[:, 96:] = samples.noise(160, 160)[:, 96:]
    found = region_importance(metric, picture, cells=20, estimator="loo")
    assert found.level == "token"
    assert found.score == pytest.approx(visq_nr(picture, model=path), abs=WITHIN)
    tokens = masking.Tokens(picture, most=20, model=path)
    assert found.factor == tokens.factor == 2
    without = np.ones((1, *tokens.cells.shape), bool)
    without[0, 1, 2] = False
    assert found.map[1, 2] == pytest.approx(abs(found.score - tokens(without)[0]), abs=1e-9)
    assert steps(metric, picture) == 2


def test_masks_and_pictures_that_do_not_fit_are_refused(path):
    picture = samples.picture(96, 96)
    with pytest.raises(InputError, match=r"expected \(K, 4, 4\)"):
        masking.masked(picture, np.ones((1, 3, 3), bool), model=path)
    with pytest.raises(ValueError, match="mask 0 keeps no cell"):
        masking.masked(picture, np.zeros((1, 4, 4), bool), model=path)
    with pytest.raises(InputError, match="batch"):
        masking.Tokens(np.stack([picture] * 2), model=path)
    with pytest.raises(SizeError, match="64x64"):
        masking.grid(picture[:40])
