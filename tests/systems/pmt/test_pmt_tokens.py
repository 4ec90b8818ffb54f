"""Pictures and their parts: one trunk for all masks, strips of large pictures, the control, what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import samples
from visq.errors import InputError, OptionError, RangeError, SizeError, VisqWarning

torch = pytest.importorskip("torch")

from visq.explain.importances import of_masker  # noqa: E402
from visq.systems import references  # noqa: E402
from visq.systems.pmt import Model, Tokens  # noqa: E402
from visq.systems.pmt.design import VARIANTS, Design  # noqa: E402
from visq.systems.pmt.layout import layout  # noqa: E402
from visq.systems.pmt.network import Network  # noqa: E402
from visq.systems.pmt.strips import count, mapped  # noqa: E402

pytestmark = pytest.mark.usefixtures("one_thread")
PICTURE = samples.picture(100, 130)


def _model(seed=0, weights="random", **options):
    torch.manual_seed(seed)
    network = Network(Design.of({"variant": "small", **options}), weights, seed=seed)
    with torch.no_grad():
        for parameter in network.reader.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return Model(network)


@pytest.fixture(scope="module")
def model():
    return _model()


def _keeps(shape, number, seed=0):
    keeps = np.random.default_rng(seed).random((number, *shape)) < 0.5
    keeps[:, 0, 0] = True
    return keeps


def _halves(shape, number, seed=0):
    """Masks that keep exactly half of the cells."""
    cells = shape[0] * shape[1]
    generator = np.random.default_rng(seed)
    orders = np.stack([generator.permutation(cells) for _ in range(number)])
    return (orders < cells // 2).reshape(number, *shape)


def test_masks_of_many_parts_are_masks_of_one_after_the_other(model):
    keeps = _keeps(model.grid(PICTURE), 40)
    together = model.masked(PICTURE, keeps)
    alone = [model.score(PICTURE, keep) for keep in keeps]
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-5)
    assert np.std(together) > 1e-3


def test_the_trunk_is_computed_once_for_a_picture(model, monkeypatch):
    calls = []
    trunk = model.network.trunk
    monkeypatch.setattr(
        type(trunk), "forward", lambda self, x: calls.append(1) or self.network(x, ["blocks.6.0"])["blocks.6.0"]
    )
    picture = samples.noise(96, 96, seed=3)
    references.clear()
    for number in (1, 300, 2):
        model.masked(picture, _keeps(model.grid(picture), number))
    assert len(calls) == 1
    changed = picture.copy()
    changed[50, 50, 1] ^= 1
    model.masked(changed, _keeps(model.grid(picture), 1))
    assert len(calls) == 2, "another picture, by one value, is another one"


def test_arrays_tensors_batches_and_precisions_agree(model):
    score = model.score(PICTURE)
    tensor = torch.from_numpy(PICTURE).permute(2, 0, 1)[None]
    assert float(model.score(tensor)[0]) == pytest.approx(score, abs=1e-6)
    assert model.score(PICTURE / 255.0) == pytest.approx(score, abs=1e-4)
    other = samples.noise(100, 130)
    both = model.judge(np.stack([PICTURE, other]))
    np.testing.assert_allclose(both.score, [score, model.score(other)], atol=1e-5)
    np.testing.assert_allclose(both.distribution.sum(1), 1.0, atol=1e-6)
    np.testing.assert_allclose(both.distribution @ np.arange(1, 6), both.score, atol=1e-5)
    grey = samples.picture(100, 130, grey=True)
    assert model.score(grey) == pytest.approx(model.score(np.repeat(grey[..., None], 3, 2)), abs=1e-6)


def test_gradients_reach_the_pixels(model):
    image = torch.rand(1, 3, 64, 64, requires_grad=True)
    model.score(image).sum().backward()
    assert torch.isfinite(image.grad).all()
    assert image.grad.abs().max() > 0


@pytest.mark.parametrize("variant", sorted(VARIANTS))
@pytest.mark.parametrize("size", [(97, 131), (94, 66), (205, 67), (224, 64)])
def test_strips_are_the_whole(variant, size):
    """With strips of 16 rows every border of theirs lies within the picture; float32 rounds by less than 1e-5."""
    trunk = Network(VARIANTS[variant], "random", seed=2).trunk.eval()
    images = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(1))
    seen = []
    with torch.no_grad():
        whole = trunk(images)
        found = mapped(trunk, images, large=0, rows=16, on_step=lambda: seen.append(1))
    assert found.shape == whole.shape
    assert (found - whole).abs().max() <= 1e-5 * whole.abs().max()
    assert len(seen) == -(-size[0] // 16)


def test_strips_are_told_beforehand():
    assert count(512, 512) == 1
    assert count(2048, 2048) == 4


def test_a_mean_moves_as_far_without_one_half_as_without_the_other():
    """T4, theorem 6.1: for any split into exact halves, with trained or random parameters; attention does not."""
    picture = samples.picture(128, 160)
    mean, attention = _model(reading="mean"), _model()
    halves = _halves(mean.grid(picture), 30)
    assert (halves.reshape(30, -1).sum(1) * 2 == halves[0].size).all()
    whole = mean.score(picture)
    without_critical, without_trivial = (abs(mean.masked(picture, keeps) - whole) for keeps in (~halves, halves))
    np.testing.assert_allclose(without_critical, without_trivial, rtol=0, atol=1e-5)
    assert without_critical.max() > 1e-3, "the halves differ from the whole"
    whole = attention.score(picture)
    moved = [abs(attention.masked(picture, keeps) - whole) for keeps in (~halves, halves)]
    assert abs(moved[0] - moved[1]).max() > 1e-4


def test_the_control_gives_no_distribution():
    found = _model(reading="mean").judge(PICTURE)
    assert found.distribution is None
    assert isinstance(found.score, float)


def test_squares_of_tokens_are_hidden_together(model):
    picture = samples.picture(150, 200)
    tokens = Tokens(model, picture, most=8)
    assert model.grid(picture) == (5, 7)
    assert (tokens.factor, tokens.cells.shape) == (3, (2, 3))
    assert tokens.cells.rows.tolist() == [0.0, 96.0, 150.0]
    keep = np.array([[[True, False, True], [False, True, False]]])
    fine = np.zeros((1, 5, 7), bool)
    fine[0, :3, :3] = fine[0, :3, 6:] = fine[0, 3:, 3:6] = True
    np.testing.assert_allclose(tokens(keep), model.masked(picture, fine), atol=1e-6)


def test_explanations_take_a_picture_as_it_is(model):
    """The contract with `visq.explain`: of the cell that decides most, the importance says so."""
    tokens = Tokens(model, PICTURE)
    found = of_masker(tokens, estimator="loo")
    keeps = ~np.eye(tokens.cells.count, dtype=bool).reshape(-1, *tokens.cells.shape)
    moved = abs(model.masked(PICTURE, keeps) - model.score(PICTURE))
    np.testing.assert_allclose(found.map.ravel(), moved, atol=1e-5)
    assert found.critical.sum() == tokens.cells.count // 2


def test_more_tokens_than_a_thousand_are_averaged_with_a_warning(model):
    picture = np.zeros((1056, 1056, 3), np.uint8)
    with pytest.warns(VisqWarning, match="more than 1024 tokens"):
        found = model.judge(picture)
    assert (found.layout.factor, found.layout.rows, found.layout.cell) == (2, 17, 64)
    assert layout(VARIANTS["small"], 1024, 1024).factor == 1
    assert np.isfinite(found.score), "a constant picture has a score"


@pytest.mark.parametrize(
    ("picture", "error", "said"),
    [
        (np.zeros((63, 100, 3), np.uint8), SizeError, "64x64"),
        (np.full((70, 70), np.nan), RangeError, "NaN"),
        (np.full((70, 70), 1.1), RangeError, "1"),
        (np.zeros((2, 70, 70, 3), np.uint8), InputError, "a batch"),
    ],
)
def test_pictures_that_cannot_be_judged_by_parts(model, picture, error, said):
    with pytest.raises(error, match=said):
        model.masked(picture, np.ones((1, 3, 3), bool))


@pytest.mark.parametrize(
    ("keeps", "said"),
    [
        (np.ones((1, 3, 4), bool), r"another grid; expected \(K, 4, 5\)"),
        (np.ones((1, 4, 5)), "array of bool"),
        (np.stack([np.ones((4, 5), bool), np.zeros((4, 5), bool)]), "mask 1 keeps no cell"),
    ],
)
def test_masks_of_another_grid_are_refused(model, keeps, said):
    with pytest.raises(InputError, match=said):
        model.masked(PICTURE, keeps)


def test_a_network_of_maps_judges_no_pictures():
    network = Network(VARIANTS["small"], "random", frozen_to="blocks.4.2", reads="maps")
    with pytest.raises(OptionError, match="reads maps"):
        Model(network)
