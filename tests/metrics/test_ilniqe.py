"""IL-NIQE: against a direct version, on what its paper leaves open, and as a measure of damage."""

from __future__ import annotations

import direct_ilniqe as direct
import numpy as np
import pytest
import scipy.io
import scipy.ndimage

import samples
import visq
from visq.errors import InputError, OptionError, SizeError, WeightsError
from visq.metrics import fit_ilniqe
from visq.metrics.ilniqe import FEATURES, PristineModel, block_features, distance, ilniqe, load_model
from visq.ops.arrays import read_one


def _rough(height=524, width=524, seed=0):
    """A colour picture without an area of one level."""
    rng = np.random.default_rng(seed)
    smooth = scipy.ndimage.gaussian_filter(rng.uniform(0, 255, (height, width, 3)), (2, 2, 0)) * 3 - 250
    return np.clip(smooth + rng.normal(0, 6, smooth.shape), 1, 254).round().astype(np.uint8)


@pytest.fixture(scope="module")
def rough_features():
    return block_features(read_one(_rough()), 0)[0]


def test_features_are_those_of_the_direct_version(rough_features):
    # 524 pixels are not resized, and 504 of them count.
    patches = ((0, 0), (2, 3), (5, 5))
    expected = direct.features(_rough()[:504, :504], patches)
    found = rough_features[[6 * row + column for row, column in patches]]
    # The Weibull shape is searched to 1e-10, and shapes are picked from the same grid; the rest is rounding.
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-10)


def test_the_score_is_the_mean_distance_of_the_patches(rough_features):
    rng = np.random.default_rng(1)
    components = np.linalg.qr(rng.normal(size=(FEATURES, 20)))[0]
    covariance = np.cov(rng.normal(size=(20, 60)))
    model = PristineModel(rough_features.mean(axis=0) + 0.1, components, rng.normal(size=20), covariance)
    patches = (rough_features - model.feature_mean) @ components
    inverse = np.linalg.inv((covariance + np.cov(patches.T)) / 2)
    expected = np.mean([np.sqrt((p - model.mean) @ inverse @ (p - model.mean)) for p in patches])
    assert distance(model, rough_features) == pytest.approx(expected, rel=1e-10)


def test_undefined_patches_take_the_place_of_the_mean_and_infinite_features_are_large(rough_features):
    model = load_model()
    broken = rough_features.copy()
    broken[3, 7] = np.nan
    whole = np.delete(rough_features, 3, axis=0)
    patches = (whole - model.feature_mean) @ model.components
    inverse = np.linalg.inv((model.covariance + np.cov(patches.T)) / 2)
    every = np.vstack([patches, patches.mean(axis=0)]) - model.mean
    expected = np.mean(np.sqrt(np.einsum("ij,jk,ik->i", every, inverse, every)))
    assert distance(model, broken) == pytest.approx(expected, rel=1e-6)
    infinite, large = rough_features.copy(), rough_features.copy()
    infinite[3, 19], large[3, 19] = np.inf, 1e4
    assert distance(model, infinite) == distance(model, large)


@pytest.mark.parametrize("whole", [0, 1])
def test_without_patches_for_a_covariance_the_score_is_finite(rough_features, whole):
    broken = rough_features.copy()
    broken[whole:, 0] = np.nan
    assert 0 < distance(load_model(), broken) < np.inf


def test_constant_pictures_have_one_finite_score():
    scores = {ilniqe(np.full((60, 70, 3), value, np.uint8)) for value in (0, 1, 87, 128, 255)}
    assert len(scores) == 1
    assert np.isfinite(scores.pop())


def test_eight_bits_are_the_default_whatever_holds_the_picture():
    pixels = samples.picture(100, 120)
    expected = ilniqe(pixels)
    assert ilniqe(pixels.astype(np.uint16) * 257) == expected
    assert ilniqe(pixels / 255.0) == expected
    assert ilniqe((pixels / 255.0).astype(np.float32)) == expected


def test_unrounded_scores_are_near_and_see_what_rounding_hides():
    pixels = samples.picture(300, 400) / 255.0
    plain = ilniqe(pixels, rounded=False)
    assert plain != ilniqe(pixels)
    assert plain == pytest.approx(ilniqe(pixels), rel=0.05)
    moved = np.clip(pixels + np.random.default_rng(0).uniform(-0.4, 0.4, pixels.shape) / 255, 0, 1)
    assert ilniqe(moved) == ilniqe(pixels)
    assert ilniqe(moved, rounded=False) != plain


def test_grey_is_colour_with_three_equal_channels():
    grey = samples.picture(100, 120, grey=True)
    assert ilniqe(grey) == ilniqe(np.repeat(grey[:, :, None], 3, axis=2))


@pytest.mark.parametrize("kind", ["noise", "blur", "jpeg"])
def test_it_rises_with_damage(kind):
    original = samples.picture(384, 480)
    apply, levels = {
        "noise": (samples.noisy, (8, 20, 50)),
        "blur": (samples.blurred, (1.0, 2.0, 4.0)),
        "jpeg": (samples.jpeg, (50, 20, 5)),
    }[kind]
    scores = [ilniqe(apply(original, level)) for level in levels]
    assert scores == sorted(scores)


def test_torch_gives_the_same_and_no_gradient():
    torch = pytest.importorskip("torch")
    pixels = np.stack([samples.picture(90, 110), samples.noise(90, 110)])
    tensor = torch.from_numpy(pixels).movedim(-1, 1)
    values = ilniqe(tensor)
    assert values.dtype == torch.float32
    np.testing.assert_allclose(values.numpy(), ilniqe(pixels), rtol=1e-6)
    result = ilniqe((tensor / 255.0).double().requires_grad_())
    assert not result.requires_grad
    np.testing.assert_array_equal(result.numpy(), ilniqe(pixels))
    with pytest.raises(OptionError, match="no gradient"):
        visq.loss("ilniqe")


def test_too_small():
    with pytest.raises(SizeError, match="32x32"):
        ilniqe(np.zeros((31, 200), np.uint8))


# Models ------------------------------------------------------------------------------------------------------


def _cell(path, *arrays):
    cell = np.empty((1, len(arrays)), object)
    cell[0, :] = arrays
    scipy.io.savemat(path, {"templateModel": cell})
    return path


def _model_arrays(count=12, seed=0):
    rng = np.random.default_rng(seed)
    covariance = np.cov(rng.normal(size=(count, 40)))
    return rng.normal(size=(1, count)), covariance, rng.normal(size=(FEATURES, 1)), rng.normal(size=(FEATURES, count))


def test_the_layout_of_the_authors_file_is_read(tmp_path):
    arrays = _model_arrays()
    model = load_model(_cell(tmp_path / "templateModel.mat", *arrays))
    for found, given in zip((model.mean, model.covariance, model.feature_mean, model.components), arrays, strict=True):
        np.testing.assert_array_equal(found, given.reshape(found.shape))


@pytest.mark.parametrize(
    "change",
    [
        lambda m, c, f, v: (m[:, :-1], c, f, v),
        lambda m, c, f, v: (m, c[:-1], f, v),
        lambda m, c, f, v: (m, c + np.triu(np.ones_like(c)), f, v),
        lambda m, c, f, v: (m, -c, f, v),
        lambda m, c, f, v: (m, c, f[:-1], v),
        lambda m, c, f, v: (m, c * np.nan, f, v),
        lambda m, c, f, _v: (m, c, f),
        lambda m, c, f, _v: (m, c, f, "text"),
        lambda m, c, f, v: (m, c, f, v, v),
    ],
)
def test_a_file_that_is_no_model_is_refused(tmp_path, change):
    path = _cell(tmp_path / "templateModel.mat", *change(*_model_arrays()))
    with pytest.raises(WeightsError, match=r"templateModel\.mat"):
        load_model(path)


def test_other_and_damaged_matlab_files_are_refused(tmp_path):
    path = tmp_path / "other.mat"
    scipy.io.savemat(path, {"mu_prisparam": np.zeros((1, 36))})
    with pytest.raises(WeightsError, match="cell array templateModel"):
        load_model(path)
    path = _cell(tmp_path / "short.mat", *_model_arrays())
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(WeightsError, match=r"short\.mat"):
        load_model(path)


def test_fitting_takes_the_sharp_patches():
    picture = _rough()
    picture[:, 252:] = scipy.ndimage.gaussian_filter(picture[:, 252:], (3, 3, 0))
    rows = fit_ilniqe.sharp_features(picture)
    features, sharpness = block_features(read_one(picture), 0)
    np.testing.assert_array_equal(rows, features[sharpness > 0.78 * sharpness.max()])
    assert len(rows) == 18
    assert len(fit_ilniqe.sharp_features(picture, threshold=0)) == 36
    assert len(fit_ilniqe.sharp_features(picture, mirrored=True)) == 4 * 18
    with pytest.raises(OptionError, match="threshold"):
        fit_ilniqe.sharp_features(picture, threshold=1.0)


def test_a_model_describes_the_patches_it_was_fitted_to(rough_features):
    model = fit_ilniqe.describe(rough_features, 10)
    projected = (rough_features - model.feature_mean) @ model.components
    np.testing.assert_allclose(projected.mean(axis=0), 0, atol=1e-8)
    # The components are rounded to single precision, and features are as large as some hundreds.
    scale = np.sqrt(np.diag(model.covariance))
    np.testing.assert_allclose(np.cov(projected.T) / np.outer(scale, scale), np.eye(10), atol=1e-3)
    assert fit_ilniqe.describe(rough_features[:20]).components.shape == (FEATURES, 18)


def test_too_few_patches(rough_features):
    with pytest.raises(InputError, match="too few sharp patches"):
        fit_ilniqe.describe(rough_features, 36)
    with pytest.raises(InputError, match="too few sharp patches"):
        fit_ilniqe.fit([])
    with pytest.raises(InputError, match="do not vary"):
        fit_ilniqe.describe(np.repeat(rough_features[:2], 4, axis=0), 3)


def test_the_command_writes_a_model_that_loads(tmp_path):
    from click.testing import CliRunner
    from PIL import Image

    photographs = tmp_path / "photographs"
    photographs.mkdir()
    Image.fromarray(_rough(seed=3)).save(photographs / "3.png")
    output = tmp_path / "model.npz"
    arguments = [str(photographs), "-o", str(output), "--components", "8"]
    result = CliRunner().invoke(fit_ilniqe.main, arguments)
    assert result.exit_code == 0, result.output
    assert "1 photographs" in result.output
    model = load_model(output)
    expected = fit_ilniqe.fit([_rough(seed=3)], components=8)
    for name in ("feature_mean", "components", "mean", "covariance"):
        np.testing.assert_array_equal(getattr(model, name), getattr(expected, name))
    assert ilniqe(_rough(seed=4), model=output) < ilniqe(_rough(seed=4))
    (photographs / "3.png").write_bytes(b"no picture")
    result = CliRunner().invoke(fit_ilniqe.main, arguments)
    assert result.exit_code == 1
    assert "Error" in result.output
