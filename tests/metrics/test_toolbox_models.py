"""Models of MATLAB's toolbox: a niqeModel and a brisqueModel saved as their fields, and PIQE's masks.

The toolbox's own models are not public. `I04` below is a distorted picture of TID2013 without flat windows, so that no
sign of a rounding error enters. The values of NIQE and of BRISQUE's features come from the functions of NIQE's authors
(utlive/niqe d80aead) run in Octave 7.3 with image 2.14.0 on the rounded luma: `computequality` with other blocks, and
`computefeature` on the whole picture at both scales, the form in which IQA-PyTorch 01ae427f (`brisque`, version
"matlab") computes the toolbox's features. With the toolbox's model that form gives IQA-PyTorch 70.6808, -2.369 and
15.8031 where the toolbox gives 70.68, -2.36 and 15.80.
"""

from __future__ import annotations

import direct_statistics as direct
import numpy as np
import pytest
import scipy.io
import scipy.ndimage

import samples
from shared_data import load, shared
from visq import catalog, weights
from visq.errors import OptionError, SizeError, WeightsError
from visq.metrics import fit_niqe
from visq.metrics.brisque import brisque, toolbox_features
from visq.metrics.brisque import load_model as load_brisque
from visq.metrics.niqe import block_features, describe, load_model, niqe
from visq.metrics.piqe import BLOCK, piqe_masks
from visq.ops.arrays import read_one

I04 = "golden/calibra/dist/I04.png"
_ONE_SCALE = (2.2, 0.8, 0.7, 0.05, 0.1, 0.12, 0.7, 0.03, 0.1, 0.12, 0.7, -0.02, 0.12, 0.1, 0.7, -0.02, 0.12, 0.1)


def _niqe_fields(**changed):
    mean = np.linspace(0.1, 2.0, 36)[None]
    spread = np.random.default_rng(0).normal(size=(36, 50))
    fields = {"Mean": mean, "Covariance": spread @ spread.T, "BlockSize": [[96.0, 96.0]], "SharpnessThreshold": 0.0}
    return fields | changed


def _brisque_fields(**changed):
    vectors = np.outer([0.5, 0.8, 1.0, 1.2, 1.5], _ONE_SCALE * 2)
    alpha = np.array([[30.0], [-20.0], [15.0], [-10.0], [5.0]])
    fields = {"Alpha": alpha, "Bias": 43.4582, "SupportVectors": vectors, "Scale": 1.5, "Kernel": "gaussian"}
    return fields | changed


def _saved(folder, fields, name="model.mat"):
    path = folder / name
    scipy.io.savemat(path, fields)
    return path


def _rough(height=200, width=300, seed=0):
    """A grey picture without a flat window."""
    rng = np.random.default_rng(seed)
    smooth = scipy.ndimage.gaussian_filter(rng.uniform(0, 255, (height, width)), 2) * 3 - 250
    return np.clip(smooth + rng.normal(0, 6, (height, width)), 1, 254).round().astype(np.uint8)


# NIQE --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("block", "expected"), [((96, 96), 3.654921523538), ((64, 64), 3.031853379243), ((48, 96), 3.250897694160)], ids=str
)
def test_blocks_of_the_model_are_those_of_the_authors_program(tmp_path, block, expected):
    authors = scipy.io.loadmat(shared("golden/models/niqe/modelparameters.mat"))
    fields = {"Mean": authors["mu_prisparam"], "Covariance": authors["cov_prisparam"], "BlockSize": [block]}
    path = _saved(tmp_path, _niqe_fields(**fields))
    # Float64 throughout; the inverse of a matrix of condition 1e6 leaves ten digits.
    assert niqe(load(I04), model=path) == pytest.approx(expected, rel=1e-10)


def test_a_threshold_leaves_out_the_blocks_that_are_not_sharp(tmp_path):
    sharp = _rough(192, 288)
    picture = np.hstack([sharp, scipy.ndimage.gaussian_filter(sharp, 3)])
    model = load_model(_saved(tmp_path, _niqe_fields(SharpnessThreshold=0.5)))
    assert model.threshold == 0.5
    difference = model.mean - direct.niqe_features(picture)[[0, 1, 2, 6, 7, 8]].mean(axis=0)
    kept = direct.niqe_features(picture)[[0, 1, 2, 6, 7, 8]]
    expected = np.sqrt(difference @ np.linalg.pinv((model.covariance + np.cov(kept.T)) / 2) @ difference)
    assert niqe(picture, model=tmp_path / "model.mat") == pytest.approx(expected, rel=1e-8)
    every = niqe(picture, model=_saved(tmp_path, _niqe_fields(), "every.mat"))
    assert abs(every - expected) > 1e-3


def test_a_picture_smaller_than_a_block_of_the_model_is_refused(tmp_path):
    path = _saved(tmp_path, _niqe_fields(BlockSize=[[32.0, 64.0]]))
    assert np.isfinite(niqe(_rough(32, 64), model=path))
    for shape in ((31, 64), (32, 63), (64, 32)):
        with pytest.raises(SizeError, match="64x32"):
            niqe(_rough(*shape), model=path)


def test_integers_are_numbers_too(tmp_path):
    path = _saved(tmp_path, _niqe_fields(BlockSize=np.array([[32, 48]], np.int32)))
    assert load_model(path).block == (32, 48)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"BlockSize": [[95.0, 96.0]]}, "block size"),
        ({"BlockSize": [[0.0, 96.0]]}, "block size"),
        ({"BlockSize": [[10.5, 96.0]]}, "block size"),
        ({"SharpnessThreshold": -0.1}, "threshold"),
        ({"SharpnessThreshold": 1.0}, "threshold"),
        ({"Mean": np.zeros((36, 1))}, "Mean has the wrong shape"),
        ({"Covariance": np.triu(np.ones((36, 36)))}, "not symmetric"),
        ({"Mean": "text"}, "other than numbers"),
    ],
)
def test_niqe_models_that_make_no_sense(tmp_path, changed, message):
    with pytest.raises(WeightsError, match=message):
        load_model(_saved(tmp_path, _niqe_fields(**changed)))


def test_the_model_as_one_variable_says_what_to_save(tmp_path):
    with pytest.raises(WeightsError, match="save the fields and not the object"):
        load_model(_saved(tmp_path, {"m": _niqe_fields()}))
    with pytest.raises(WeightsError, match="save the fields of the brisqueModel"):
        load_brisque(_saved(tmp_path, {"m": _brisque_fields()}, "b.mat"))


def test_the_content_of_a_saved_model_is_in_the_identity(tmp_path):
    spec = catalog.get("niqe")
    one, two = (_saved(tmp_path, _niqe_fields(SharpnessThreshold=t), f"{t}.mat") for t in (0.0, 0.5))
    assert weights.identity(spec, {"model": str(one)}) != weights.identity(spec, {"model": str(two)})


# Fitting -----------------------------------------------------------------------------------------------------


def test_fitting_as_the_toolbox_fits_takes_every_block_once(tmp_path):
    photographs = [_rough(300, 400, seed) for seed in range(2)]
    model = fit_niqe.fit(photographs, threshold=0, step=64, block=(32, 64), scoring_threshold=0.25)
    rows = np.concatenate([block_features(read_one(p), 0, block=(32, 64))[0] for p in photographs])
    assert len(rows) == 2 * 9 * 6
    mean, covariance = describe(rows)
    np.testing.assert_allclose(model.mean, mean, rtol=1e-12)
    np.testing.assert_allclose(model.covariance, covariance, rtol=1e-12, atol=1e-15)
    path = tmp_path / "model.npz"
    fit_niqe.save(model, path)
    read = load_model(path)
    assert (read.block, read.threshold) == ((32, 64), 0.25)
    assert np.isfinite(niqe(_rough(96, 96, 9), model=path))


def test_the_command_takes_block_and_thresholds(tmp_path):
    from click.testing import CliRunner
    from PIL import Image

    photographs = tmp_path / "photographs"
    photographs.mkdir()
    for seed in range(2):
        Image.fromarray(_rough(200, 300, seed)).save(photographs / f"{seed}.png")
    output = tmp_path / "model.npz"
    arguments = [str(photographs), "-o", str(output), "--block-size", "32", "48", "--step", "48", "--threshold", "0"]
    ran = CliRunner().invoke(fit_niqe.main, [*arguments, "--scoring-threshold", "0.5"])
    assert ran.exit_code == 0, ran.output
    model = load_model(output)
    assert (model.block, model.threshold) == ((32, 48), 0.5)
    ran = CliRunner().invoke(fit_niqe.main, [*arguments[:3], "--block-size", "33", "48"])
    assert ran.exit_code == 1
    assert "even" in ran.output


@pytest.mark.parametrize("options", [{"block": (31, 32)}, {"step": 3}, {"threshold": 1.0}, {"scoring_threshold": -1.0}])
def test_a_fit_that_cannot_be(options):
    with pytest.raises(OptionError):
        fit_niqe.fit([_rough()], **options)


# BRISQUE -----------------------------------------------------------------------------------------------------


def test_features_of_the_toolbox_are_those_of_niqe_on_one_block():
    # Both scales of `computefeature`; twelve digits were printed.
    found = toolbox_features(read_one(load(I04)), 0)
    expected = [2.162, 0.811919966807, 0.728, 0.0465623731279, 0.0998006219988, 0.125595910619, 0.731]
    np.testing.assert_allclose(found[:7], expected, rtol=1e-10)
    expected = [1.921, 0.706512772179, 0.662, 0.0218037619104, 0.0722558334648, 0.0817339715728, 0.662]
    np.testing.assert_allclose(found[18:25], expected, rtol=1e-10)


@pytest.mark.parametrize(("scale", "given"), [(255.0, "float64"), (1, "uint8")])
def test_the_regression_of_the_toolbox(tmp_path, scale, given):
    path = _saved(tmp_path, _brisque_fields())
    pixels = load(I04) / scale if given == "float64" else load(I04)
    value = brisque(pixels, model=path, rounded_luma=True)
    # The same kernel sum in Octave. IQA-PyTorch, which adds 1e-16 under a root and rounds its table of shapes to
    # float32, gives 42.9053969.
    assert value == pytest.approx(42.905403281144, abs=1e-9)
    assert value == pytest.approx(42.9053969, abs=1e-5)


def test_the_regression_is_a_support_vector_machine_with_scaled_predictors(tmp_path):
    pixels = samples.picture(70, 90)
    fields = _brisque_fields()
    found = toolbox_features(read_one(pixels), 0)
    expected = fields["Bias"]
    for alpha, vector in zip(fields["Alpha"][:, 0], fields["SupportVectors"], strict=True):
        expected += alpha * np.exp(-sum(((f - v) / 1.5) ** 2 for f, v in zip(found, vector, strict=True)))
    assert brisque(pixels, model=_saved(tmp_path, fields)) == pytest.approx(expected, rel=1e-12)


def test_constant_pictures_and_tensors_have_scores_of_the_toolbox(tmp_path):
    torch = pytest.importorskip("torch")
    path = _saved(tmp_path, _brisque_fields())
    for level in (0, 87, 255):
        assert np.isfinite(brisque(np.full((40, 50), level, np.uint8), model=path))
    pixels = np.stack([samples.picture(64, 80), samples.noise(64, 80)])
    values = brisque(torch.from_numpy(pixels).movedim(-1, 1), model=path)
    np.testing.assert_allclose(values.numpy(), brisque(pixels, model=path), rtol=1e-6)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"Scale": 0.0}, "Scale"),
        ({"Alpha": np.ones((4, 1))}, "differ in number"),
        ({"SupportVectors": np.ones((5, 35))}, "SupportVectors has the wrong shape"),
        ({"Bias": np.nan}, "Bias holds NaN"),
    ],
)
def test_brisque_models_that_make_no_sense(tmp_path, changed, message):
    with pytest.raises(WeightsError, match=message):
        load_brisque(_saved(tmp_path, _brisque_fields(**changed)))


# PIQE --------------------------------------------------------------------------------------------------------

# Blocks that are active, and of these, with an artefact, with noise: IQA-PyTorch 01ae427f (`piqe`) on the same luma.
_MASKS = {
    "I03": (0, 0, 0),
    "I04": (749, 137, 129),
    "I06": (727, 111, 356),
    "I08": (755, 219, 360),
    "I19": (484, 472, 53),
}


@pytest.mark.parametrize("name", _MASKS)
def test_masks_of_piqe_are_those_of_another_implementation(name):
    masks = piqe_masks(load(f"golden/calibra/dist/{name}.png"))
    found = tuple(int(m[::BLOCK, ::BLOCK].sum()) for m in (masks.activity, masks.artefact, masks.noise))
    assert found == _MASKS[name]
