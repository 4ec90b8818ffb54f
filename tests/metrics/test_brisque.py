"""BRISQUE: features against a direct version, the regression, and what its paper leaves open."""

from __future__ import annotations

import csv

import direct_statistics as direct
import numpy as np
import pytest
import scipy.ndimage

import samples
import visq
from visq.errors import InputError, OptionError, SizeError
from visq.metrics import fit_brisque
from visq.metrics.brisque import Regressor, brisque, features, load_model
from visq.ops.arrays import read_one


def _rough(height=120, width=181, seed=0):
    """A grey picture without a flat window."""
    rng = np.random.default_rng(seed)
    smooth = scipy.ndimage.gaussian_filter(rng.uniform(0, 255, (height, width)), 2) * 3 - 250
    return np.clip(smooth + rng.normal(0, 6, (height, width)), 1, 254).round().astype(np.uint8)


@pytest.mark.parametrize("shape", [(120, 181), (64, 64), (17, 300)])
def test_features_are_those_of_the_direct_version(shape):
    luma = _rough(*shape)
    np.testing.assert_allclose(features(read_one(luma), 0), direct.brisque_features(luma), rtol=1e-9, atol=1e-12)


def test_the_score_is_the_kernel_sum():
    luma = _rough()
    model = load_model()
    z = direct.brisque_features(luma) * model.gain + model.offset
    kernel = np.exp(-model.gamma * ((model.vectors - z) ** 2).sum(axis=1))
    # Coefficients of a thousand cancel: four digits of sixteen.
    assert brisque(luma) == pytest.approx(float(kernel @ model.coefficients + model.bias), rel=1e-8)


@pytest.mark.parametrize("value", [0, 1, 87, 153, 255])
def test_constant_pictures_have_a_finite_score(value):
    score = brisque(np.full((64, 80, 3), value, np.uint8))
    assert np.isfinite(score)
    # The model has met flat pictures among the rated ones and no other like them.
    assert 20 < score < 100


def test_a_black_picture_has_features_of_zero_spread():
    found = features(read_one(np.zeros((32, 32), np.uint8)), 0)
    shapes = [0, 2, 6, 10, 14]
    assert found[shapes].tolist() == [0.2] * 5
    assert not np.delete(found[:18], shapes).any()


@pytest.mark.parametrize("kind", ["noise", "blur", "jpeg"])
def test_it_rises_with_damage(kind):
    original = samples.picture(384, 480)
    damage = {
        "noise": lambda level: samples.noisy(original, 6 * 2**level),
        "blur": lambda level: samples.blurred(original, 0.7 * level),
        "jpeg": lambda level: samples.jpeg(original, 80 >> (2 * level)),
    }[kind]
    scores = [brisque(damage(level)) for level in (1, 2)]
    assert scores == sorted(scores)


def test_sixteen_bits_of_an_eight_bit_picture_are_the_same_picture():
    pixels = samples.picture(60, 70)
    assert brisque(pixels.astype(np.uint16) * 257) == brisque(pixels)


def test_torch_gives_the_same_and_no_gradient():
    torch = pytest.importorskip("torch")
    pixels = np.stack([samples.picture(75, 110), samples.noise(75, 110)])
    tensor = torch.from_numpy(pixels).movedim(-1, 1)
    values = brisque(tensor)
    assert values.dtype == torch.float32
    np.testing.assert_allclose(values.numpy(), brisque(pixels), rtol=1e-6)
    doubles = (tensor / 255.0).double().requires_grad_()
    result = brisque(doubles)
    assert not result.requires_grad
    expected = brisque(np.ascontiguousarray(doubles.detach().movedim(1, -1)))
    np.testing.assert_allclose(result.numpy(), expected, rtol=1e-9)
    with pytest.raises(OptionError, match="no gradient"):
        visq.loss("brisque")


def test_too_small_and_wrong_options():
    with pytest.raises(SizeError, match="16x16"):
        brisque(np.zeros((15, 200), np.uint8))
    with pytest.raises(OptionError, match="flat"):
        brisque(_rough(), flat="none")


# Fitting ------------------------------------------------------------------------------------------------------


def _function(x):
    return 50 + 20 * np.tanh(x[:, 0]) - 10 * x[:, 1]


def test_the_regression_learns_a_smooth_function():
    rng = np.random.default_rng(0)
    x, fresh = rng.normal(size=(800, 36)) * 0.3, rng.normal(size=(100, 36)) * 0.3
    model = fit_brisque.fit(x, _function(x), gamma=0.003, ridge=1e-6, vectors=300)
    error = fit_brisque.predict(model, fresh) - _function(fresh)
    assert np.sqrt((error**2).mean()) < 0.1 * _function(fresh).std()


def test_with_all_vectors_it_is_kernel_ridge_regression():
    """The normal equations of the subset method have the solution of the full method where the subset is all."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(60, 36))
    y = rng.normal(size=60)
    model = fit_brisque.fit(x, y, gamma=0.02, ridge=1e-3, vectors=60)
    z = model.vectors
    kernel = np.exp(-0.02 * ((z[:, None] - z[None]) ** 2).sum(-1))
    expected = kernel @ np.linalg.solve(kernel + 60 * 1e-3 * np.eye(60), y - y.mean()) + y.mean()
    # Vectors are rounded to float32.
    np.testing.assert_allclose(model.predict(x), expected, atol=1e-5)


def test_a_saved_model_predicts_the_same(tmp_path):
    rng = np.random.default_rng(2)
    x = rng.normal(size=(100, 36))
    model = fit_brisque.fit(x, x[:, 0], gamma=0.01, ridge=1e-4, vectors=40)
    path = tmp_path / "model.npz"
    fit_brisque.save(model, path)
    read = load_model(path)
    assert isinstance(read, Regressor)
    np.testing.assert_array_equal(read.predict(x), model.predict(x))
    image = samples.picture(64, 64)
    assert brisque(image, model=path) == float(read.predict(features(read_one(image), 0)[None])[0])


def test_the_search_orders_its_choices(monkeypatch):
    monkeypatch.setattr(fit_brisque, "GAMMAS", (0.001, 0.3))
    monkeypatch.setattr(fit_brisque, "RIDGES", (1e-5,))
    rng = np.random.default_rng(3)
    x = rng.normal(size=(400, 36))
    choices = fit_brisque.search(x, _function(x), vectors=100)
    assert [c.gamma for c in choices] == [0.001, 0.3]
    assert choices[0].srcc > 0.9 > choices[1].srcc


def test_degraded_copies_get_worse_and_begin_with_the_original():
    original = samples.picture(64, 96)
    copies = list(fit_brisque.degraded(original, np.random.default_rng(0)))
    assert len(copies) == 1 + len(fit_brisque.NOISE) + len(fit_brisque.JPEG_QUALITY)
    np.testing.assert_array_equal(copies[0], original)
    quality = visq.metric("psnr")
    for part in (copies[1:6], copies[6:]):
        scores = [float(quality(copy, original)) for copy in part]
        assert scores == sorted(scores, reverse=True)


def test_the_command_writes_a_model_that_loads(tmp_path, monkeypatch):
    from click.testing import CliRunner
    from PIL import Image

    monkeypatch.setattr(fit_brisque, "MINIMUM", 30)
    images, pristine = tmp_path / "images", tmp_path / "pristine"
    images.mkdir()
    pristine.mkdir()
    rows = [("name", "MOS")]
    for i in range(40):
        name = f"{i}.png"
        Image.fromarray(samples.blurred(_rough(48, 48, i), i / 20)).save(images / name)
        rows.append((name, 1 - i / 40))
    rows.append(("missing.png", 0.5))
    Image.fromarray(samples.picture(48, 64)).save(pristine / "one.png")
    table, output = tmp_path / "ratings.csv", tmp_path / "model.npz"
    with table.open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)
    arguments = [str(table), str(images), "-o", str(output), "--vectors", "30", "--photographs", str(pristine)]
    ran = CliRunner().invoke(fit_brisque.main, arguments)
    assert ran.exit_code == 0, ran.output
    assert "missing.png" in ran.output
    assert "40 rated images" in ran.output
    sharp, blurred = _rough(48, 48, 99), samples.blurred(_rough(48, 48, 99), 1.8)
    assert brisque(sharp, model=output) < brisque(blurred, model=output)
    monkeypatch.setattr(fit_brisque, "MINIMUM", 50)
    assert CliRunner().invoke(fit_brisque.main, arguments).exit_code == 1


def test_too_few_ratings(tmp_path):
    (tmp_path / "ratings.csv").write_text("name,MOS\n")
    with pytest.raises(InputError, match="too few rated images"):
        fit_brisque.read_ratings(tmp_path / "ratings.csv", tmp_path, 1.0)
