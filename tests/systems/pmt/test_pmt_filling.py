"""The level `pixel`: cells of the picture are filled, and the tokens in them are hidden too."""

from __future__ import annotations

import numpy as np
import pytest

import samples

torch = pytest.importorskip("torch")

from visq.api import Metric  # noqa: E402
from visq.catalog.learned.pmt import SPEC  # noqa: E402
from visq.explain import region_importance  # noqa: E402
from visq.explain.cells import Cells, squares  # noqa: E402
from visq.explain.importances import steps  # noqa: E402
from visq.explain.masking import prepared  # noqa: E402
from visq.systems.pmt import Model, load, write  # noqa: E402
from visq.systems.pmt.design import Design  # noqa: E402
from visq.systems.pmt.masking import covered  # noqa: E402
from visq.systems.pmt.network import Network  # noqa: E402

pytestmark = pytest.mark.usefixtures("one_thread")
PICTURE = samples.picture(128, 160)


@pytest.fixture(scope="module", params=["attention", "mean"])
def path(request, tmp_path_factory):
    torch.manual_seed(3)
    file = tmp_path_factory.mktemp("pmt") / f"{request.param}.safetensors"
    write(Network(Design.of({"variant": "small", "reading": request.param}), "random"), file)
    return file


@pytest.fixture(scope="module")
def metric(path):
    return Metric(SPEC, {"model": str(path)})


def _pixel(metric, picture=PICTURE, **options):
    return prepared(metric, picture, level="pixel", **options)


@pytest.mark.parametrize("fill", ["mean", "blur", "noise"])
def test_filled_cells_lose_their_tokens_too(metric, path, fill):
    """The score is that of the filled picture by the same mask of its tokens, and neither of the two alone."""
    masker, model = _pixel(metric, fill=fill, cells=20), Model(load(path))
    assert masker.cells.shape == model.grid(PICTURE) == (4, 5)
    keep = np.random.default_rng(1).random((4, 5)) < 0.5
    picture = masker.picture(keep)
    found = masker(keep)[0]
    assert found == model.score(picture, keep)
    assert abs(found - model.score(picture)) > 1e-6, "the filling alone"
    assert abs(found - model.score(PICTURE, keep)) > 1e-6, "the mask alone"


def test_filled_cells_are_left_out_of_the_transformer(metric, path):
    """Mask equals deletion here as well, within 1e-5."""
    masker, model = _pixel(metric, cells=20), Model(load(path))
    for keep in np.random.default_rng(2).random((8, 4, 5)) < 0.5:
        assert masker(keep)[0] == pytest.approx(model.masked(masker.picture(keep), keep)[0], abs=1e-5)


def test_nothing_of_what_was_there_is_left(metric):
    """Whatever hidden cells held before they were filled, the score is the same to the last bit."""
    keep = np.ones((4, 5), dtype=bool)
    keep[1:3, 1:3] = False
    other = PICTURE.copy()
    # The same pixels in another order: the mean, which is what fills, stays.
    other[32:96, 32:96] = other[32:96, 32:96][::-1, ::-1]
    assert (other != PICTURE).any()
    assert _pixel(metric, cells=20)(keep)[0] == _pixel(metric, other, cells=20)(keep)[0]


def test_with_nothing_hidden_it_is_the_score(metric):
    assert _pixel(metric)(np.ones((4, 5), dtype=bool))[0] == float(metric(PICTURE))


def test_edges_of_cells_are_edges_of_tokens(metric, path):
    picture = samples.picture(200, 330)
    found = region_importance(metric, picture, level="pixel", estimator="loo", cells=12)
    tokens = Model(load(path)).cells(picture)
    assert set(found.cells.rows) <= {*tokens.rows}
    assert set(found.cells.columns) <= {*tokens.columns}
    assert found.level == "pixel"
    assert found.fill == "mean"
    assert steps(metric, picture, level="pixel", estimator="loo", cells=12) == found.calls


def test_any_cells_are_told_to_the_tokens():
    tokens = squares((96, 128), 12, 32)
    assert tokens.shape == (3, 4)
    single = Cells(np.array([0.0, 96]), np.array([0.0, 40, 128]))
    # The second column of tokens is filled by three quarters if the right part is.
    assert covered(np.array([[True, False]]), single, tokens).tolist() == [[True, False, False, False]] * 3
    assert covered(np.array([[False, True]]), single, tokens).tolist() == [[False, True, True, True]] * 3
    assert covered(np.array([[True, True]]), single, tokens) is None
    half = Cells(np.array([0.0, 96]), np.array([0.0, 16, 128]))
    assert covered(np.array([[True, False]]), half, tokens)[:, 0].all(), "half of it is kept"
    small = Cells(np.array([0.0, 8, 96]), np.array([0.0, 8, 128]))
    kept = covered(np.array([[True, False], [False, False]]), small, tokens)
    assert kept.sum() == 1, "never nothing"
    assert kept[0, 0]


def test_cells_of_ones_own_are_taken(metric):
    cells = squares(PICTURE.shape[:2], 48)
    keep = np.random.default_rng(4).random((1, *cells.shape)) < 0.5
    assert np.isfinite(_pixel(metric, cells=cells)(keep)).all()
