"""NIQE: against a direct version, on what its paper leaves open, and as a measure of damage."""

from __future__ import annotations

import direct_statistics as direct
import numpy as np
import pytest
import scipy.ndimage

import samples
import visq
from visq.errors import InputError, OptionError, SizeError
from visq.metrics import fit_niqe
from visq.metrics.niqe import PristineModel, block_features, describe, load_model, niqe
from visq.ops.arrays import read_one


def _rough(height=200, width=300, seed=0):
    """A grey picture without a flat window."""
    rng = np.random.default_rng(seed)
    smooth = scipy.ndimage.gaussian_filter(rng.uniform(0, 255, (height, width)), 2) * 3 - 250
    return np.clip(smooth + rng.normal(0, 6, (height, width)), 1, 254).round().astype(np.uint8)


def test_features_are_those_of_the_direct_version():
    luma = _rough()
    features, sharpness = block_features(read_one(luma), 0)
    assert features.shape == (6, 36)
    assert sharpness.shape == (6,)
    np.testing.assert_allclose(features, direct.niqe_features(luma), rtol=1e-9, atol=1e-12)


def test_the_score_is_the_distance_of_the_paper():
    luma = _rough(seed=1)
    features = direct.niqe_features(luma)
    model = load_model()
    difference = model.mean - features.mean(axis=0)
    middle = (model.covariance + np.cov(features.T)) / 2
    expected = np.sqrt(difference @ np.linalg.inv(middle) @ difference)
    # The two inverses differ where the matrix is nearly singular: condition 1e6.
    assert niqe(luma) == pytest.approx(expected, rel=1e-8)


def test_only_whole_blocks_count():
    luma = _rough(191, 287)
    assert niqe(luma) == niqe(luma[:96, :192])


@pytest.mark.parametrize("value", [0, 1, 87, 103, 153, 249, 255])
@pytest.mark.parametrize("flat", ["authors", "zero"])
def test_constant_pictures_have_one_finite_score(value, flat):
    score = niqe(np.full((192, 200, 3), value, np.uint8), flat=flat)
    assert np.isfinite(score)
    assert score > niqe(_rough())
    assert score == pytest.approx(niqe(np.zeros((192, 192), np.uint8)), rel=1e-9)


def test_a_flat_block_is_left_out_of_the_covariance_and_partly_of_the_mean():
    features = np.arange(12.0).reshape(4, 3) ** 2
    features[1, 2] = np.nan
    mean, covariance = describe(features)
    np.testing.assert_allclose(mean, [features[:, 0].mean(), features[:, 1].mean(), features[[0, 2, 3], 2].mean()])
    np.testing.assert_allclose(covariance, np.cov(features[[0, 2, 3]].T))


def test_one_block_has_no_covariance():
    luma = _rough(100, 120)
    features = direct.niqe_features(luma)
    assert features.shape == (1, 36)
    model = load_model()
    difference = model.mean - features[0]
    expected = np.sqrt(difference @ np.linalg.inv(model.covariance / 2) @ difference)
    assert niqe(luma) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("kind", ["noise", "blur", "jpeg"])
def test_it_rises_with_damage(kind):
    original = samples.picture(384, 480)
    rng = np.random.default_rng(0)

    def damaged(level):
        if kind == "noise":
            return np.clip(original + rng.normal(0, 12 * level, original.shape), 0, 255).astype(np.uint8)
        if kind == "blur":
            return scipy.ndimage.gaussian_filter(original, (1.2 * level, 1.2 * level, 0))
        return samples.jpeg(original, 60 >> level)

    scores = [niqe(damaged(level)) for level in (1, 2, 3)]
    assert scores == sorted(scores)


def test_sixteen_bits_of_an_eight_bit_picture_are_the_same_picture():
    pixels = samples.picture(100, 200)
    assert niqe(pixels.astype(np.uint16) * 257) == niqe(pixels)


def test_torch_gives_the_same_and_no_gradient():
    torch = pytest.importorskip("torch")
    pixels = np.stack([samples.picture(150, 210), samples.noise(150, 210)])
    tensor = torch.from_numpy(pixels).movedim(-1, 1)
    values = niqe(tensor)
    assert values.dtype == torch.float32
    np.testing.assert_allclose(values.numpy(), niqe(pixels), rtol=1e-6)
    doubles = (tensor / 255.0).double().requires_grad_()
    result = niqe(doubles)
    assert not result.requires_grad
    np.testing.assert_allclose(result.numpy(), niqe(np.ascontiguousarray(doubles.detach().movedim(1, -1))), rtol=1e-9)
    with pytest.raises(OptionError, match="no gradient"):
        visq.loss("niqe")


def test_too_small_and_wrong_options():
    with pytest.raises(SizeError, match="96x96"):
        niqe(np.zeros((95, 200), np.uint8))
    with pytest.raises(OptionError, match="flat"):
        niqe(_rough(), flat="none")


def test_fitting_takes_the_sharp_blocks_of_every_grid():
    sharp = _rough(192, 192)
    picture = np.hstack([sharp, scipy.ndimage.gaussian_filter(sharp, 3)])
    one = fit_niqe.sharp_features(picture, step=96)
    assert len(one) == 4
    np.testing.assert_allclose(one, block_features(read_one(np.ascontiguousarray(picture)), 0)[0][[0, 1, 4, 5]])
    assert len(fit_niqe.sharp_features(picture, step=48)) > 4


def test_a_model_fitted_to_pictures_finds_them_good(tmp_path):
    pictures = [_rough(300, 400, seed) for seed in range(4)]
    model = fit_niqe.fit(pictures, threshold=0.1)
    assert isinstance(model, PristineModel)
    path = tmp_path / "model.npz"
    np.savez(path, mean=model.mean, covariance=model.covariance)
    own = niqe(_rough(300, 400, 9), model=path)
    assert own < niqe(_rough(300, 400, 9))
    assert own < niqe(samples.picture(300, 400), model=path)


def test_too_few_blocks_for_a_covariance():
    with pytest.raises(InputError, match="too few sharp blocks"):
        fit_niqe.fit([_rough()], step=96)


def test_the_command_writes_a_model_that_loads(tmp_path):
    from click.testing import CliRunner
    from PIL import Image

    photographs = tmp_path / "photographs"
    photographs.mkdir()
    for seed in range(3):
        Image.fromarray(_rough(200, 300, seed)).save(photographs / f"{seed}.png")
    output = tmp_path / "model.npz"
    ran = CliRunner().invoke(fit_niqe.main, [str(photographs), "-o", str(output), "--threshold", "0.1"])
    assert ran.exit_code == 0, ran.output
    assert visq.weights.sha256(output) in ran.output
    expected = fit_niqe.fit([_rough(200, 300, seed) for seed in range(3)], threshold=0.1)
    np.testing.assert_array_equal(load_model(output).mean, expected.mean)
    (photographs / "broken.png").write_bytes(b"no picture")
    ran = CliRunner().invoke(fit_niqe.main, [str(photographs), "-o", str(output)])
    assert ran.exit_code == 1
    assert "broken.png" in ran.output
