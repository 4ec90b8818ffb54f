"""Parameter files: found in the stated order, checked, and refused when they are not what they should be."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
import scipy.io

import visq
from shared_data import shared
from visq import catalog, weights
from visq.errors import WeightsError
from visq.metrics import brisque, niqe
from visq.weights import arrays

SHIPPED = [w for spec in catalog.specs() for w in spec.weights if w.ships]
[NIQE] = catalog.get("niqe").weights


class _Payload:
    """Unpickled, it creates a file: the test looks for that file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def _niqe_arrays():
    return {"mean": np.arange(36.0), "covariance": np.eye(36)}


def _brisque_arrays(vectors=5):
    rng = np.random.default_rng(0)
    return {
        "vectors": rng.normal(size=(vectors, 36)).astype(np.float32), "coefficients": rng.normal(size=vectors),
        "gamma": np.float64(0.05), "bias": np.float64(40.0), "offset": np.zeros(36), "gain": np.ones(36),
    }  # fmt: skip


def _npz(path, arrays):
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize("item", SHIPPED, ids=lambda w: w.filename)
def test_what_ships_is_there_small_and_has_the_hash_of_the_catalogue(item):
    path = weights.find(item)
    assert weights.sha256(path) == item.sha256
    # What an installation weighs: statistics are small, the default network may have more than the research systems.
    assert path.stat().st_size < {".onnx": 20_000_000, ".safetensors": 12_000_000}.get(path.suffix, 1_000_000)
    assert path.with_suffix(".md").is_file(), "a model without a card"
    assert item.sha256 in path.with_suffix(".md").read_text()


def test_the_folder_of_the_environment_is_searched_first(tmp_path, monkeypatch):
    item = SHIPPED[0]
    original = weights.find(item)
    monkeypatch.setenv(weights.VARIABLE, str(tmp_path))
    assert weights.find(item) == original
    copy = tmp_path / item.filename
    copy.write_bytes(original.read_bytes())
    assert weights.find(item) == copy


def test_a_changed_file_is_refused_before_it_is_read(tmp_path, monkeypatch):
    item = SHIPPED[0]
    data = bytearray(weights.find(item).read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / item.filename).write_bytes(data)
    monkeypatch.setenv(weights.VARIABLE, str(tmp_path))
    with pytest.raises(WeightsError, match=item.sha256):
        weights.find(item)


def test_a_file_that_is_nowhere_is_named_with_what_to_do():
    item = visq.types.Weights("no_such_file.npz", "0" * 64, "", "")
    with pytest.raises(WeightsError, match=r"no_such_file\.npz.*VISQ_WEIGHTS"):
        weights.find(item)


def test_a_file_that_changes_gets_another_hash(tmp_path):
    path = tmp_path / "a.npz"
    path.write_bytes(b"one")
    first = weights.sha256(path)
    path.write_bytes(b"three")
    os.utime(path, ns=(1, 1))
    assert weights.sha256(path) != first


@pytest.mark.parametrize("cut", [0, 1, 100, -30, -1])
def test_truncated_npz(tmp_path, cut):
    path = _npz(tmp_path / "model.npz", _niqe_arrays())
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(WeightsError, match=r"model\.npz"):
        niqe.load_model(path)


def test_a_flipped_bit_is_found_by_the_checksum(tmp_path):
    path = _npz(tmp_path / "model.npz", _niqe_arrays())
    data = bytearray(path.read_bytes())
    data[3000] ^= 4
    path.write_bytes(data)
    with pytest.raises(WeightsError, match="damaged"):
        niqe.load_model(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mean": np.full(36, np.nan)}, "mean holds NaN"),
        ({"covariance": np.full((36, 36), np.inf)}, "covariance holds NaN"),
        ({"mean": np.zeros(35)}, "mean has the wrong shape"),
        ({"mean": np.zeros((1, 36))}, "mean has the wrong shape"),
        ({"mean": np.array(["a"] * 36)}, "mean is not numeric"),
        ({"covariance": np.triu(np.ones((36, 36)))}, "not symmetric"),
        ({"extra": np.zeros(1)}, "arrays of this model"),
    ],
)
def test_wrong_arrays(tmp_path, change, message):
    path = _npz(tmp_path / "model.npz", _niqe_arrays() | change)
    with pytest.raises(WeightsError, match=message):
        niqe.load_model(path)


def test_a_missing_array(tmp_path):
    path = _npz(tmp_path / "model.npz", {"mean": np.zeros(36)})
    with pytest.raises(WeightsError, match="arrays of this model"):
        niqe.load_model(path)


def test_vectors_without_coefficients(tmp_path):
    path = _npz(tmp_path / "model.npz", _brisque_arrays() | {"coefficients": np.zeros(4)})
    with pytest.raises(WeightsError, match="differ in number"):
        brisque.load_model(path)


def test_pickled_objects_are_never_loaded(tmp_path):
    trace = tmp_path / "trace"
    path = tmp_path / "model.npz"
    payload = np.array([_Payload(trace)], dtype=object)
    np.savez(path, mean=payload, covariance=np.eye(36))
    with pytest.raises(WeightsError, match=r"damaged or not an \.npz"):
        niqe.load_model(path)
    bare = tmp_path / "model.pkl"
    bare.write_bytes(pickle.dumps(_Payload(trace)))
    for load in (niqe.load_model, brisque.load_model):
        with pytest.raises(WeightsError, match=r"damaged or not an \.npz"):
            load(bare)
    assert not trace.exists()


def test_an_archive_that_claims_too_much_is_not_unpacked(tmp_path):
    path = tmp_path / "model.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mean.npy", bytes(weights.MAX_BYTES + 1))
    with pytest.raises(WeightsError, match="too large"):
        niqe.load_model(path)


def test_an_array_that_claims_too_much_is_not_made(tmp_path):
    path = tmp_path / "model.npz"
    header = io.BytesIO()
    claim = {"descr": "<f8", "fortran_order": False, "shape": (36 * 10**13,)}
    np.lib.format.write_array_header_1_0(header, claim)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mean.npy", header.getvalue())
    with pytest.raises(WeightsError, match="damaged"):
        arrays.read_npz(path, {"mean": (36,)})


def test_a_matlab_file_of_version_5_is_read(tmp_path):
    path = tmp_path / "modelparameters.mat"
    scipy.io.savemat(path, {"mu_prisparam": np.arange(36.0)[None], "cov_prisparam": np.eye(36), "note": "x"})
    found = niqe.load_model(path)
    np.testing.assert_array_equal(found.mean, np.arange(36.0))
    assert niqe.load_model(tmp_path).mean.tolist() == found.mean.tolist()


@pytest.mark.parametrize(
    "content",
    [
        {"mu_prisparam": np.array([["a", 1]], dtype=object), "cov_prisparam": np.eye(36)},
        {"mu_prisparam": {"field": np.zeros(36)}, "cov_prisparam": np.eye(36)},
        {"mu_prisparam": np.full((1, 36), np.nan), "cov_prisparam": np.eye(36)},
        {"mu_prisparam": np.zeros((36, 1)), "cov_prisparam": np.eye(36)},
        {"cov_prisparam": np.eye(36)},
    ],
    ids=["cell", "struct", "nan", "shape", "missing"],
)
def test_matlab_files_with_something_else(tmp_path, content):
    path = tmp_path / "modelparameters.mat"
    scipy.io.savemat(path, content)
    with pytest.raises(WeightsError, match=r"modelparameters\.mat"):
        niqe.load_model(path)


@pytest.mark.parametrize("cut", [127, 200, 3000])
def test_a_truncated_matlab_file(tmp_path, cut):
    whole = tmp_path / "whole.mat"
    scipy.io.savemat(whole, {"mu_prisparam": np.ones((1, 36)), "cov_prisparam": np.eye(36)})
    path = tmp_path / "modelparameters.mat"
    path.write_bytes(whole.read_bytes()[:cut])
    with pytest.raises(WeightsError, match=r"modelparameters\.mat"):
        niqe.load_model(path)


def test_a_newer_matlab_file_says_how_to_save_it_again(tmp_path):
    path = tmp_path / "modelparameters.mat"
    path.write_bytes(b"MATLAB 7.3 MAT-file" + bytes(600))
    with pytest.raises(WeightsError, match="-v7"):
        niqe.load_model(path)


MODEL = """svm_type epsilon_svr
kernel_type rbf
gamma 0.05
nr_class 2
total_sv 2
rho -40
SV
1.5 1:0.25 36:-1
-2 2:1
"""
RANGE = "x\n-1 1\n" + "".join(f"{i} 0 {i}\n" for i in range(1, 37))


def _libsvm(folder, model=MODEL, ranges=RANGE):
    (folder / "allmodel").write_text(model)
    (folder / "allrange").write_text(ranges)
    return folder


def test_a_libsvm_model_predicts_what_its_formula_says(tmp_path):
    model = brisque.load_model(_libsvm(tmp_path))
    x = np.linspace(0.1, 0.9, 36) * np.arange(1, 37)
    z = np.linspace(-0.8, 0.8, 36)
    first, second = np.zeros(36), np.zeros(36)
    first[0], first[35], second[1] = 0.25, -1, 1
    expected = 1.5 * np.exp(-0.05 * ((z - first) ** 2).sum()) - 2 * np.exp(-0.05 * ((z - second) ** 2).sum()) + 40
    # Features are rounded to six decimals and scaled ones to six digits, as the text files in between do.
    assert float(model.predict(x[None])[0]) == pytest.approx(expected, abs=1e-5)


def test_a_folder_and_the_model_in_it_are_the_same(tmp_path):
    folder = _libsvm(tmp_path)
    assert weights.members(folder) == weights.members(folder / "allmodel")


@pytest.mark.parametrize(
    ("model", "ranges", "message"),
    [
        (MODEL.replace("epsilon_svr", "c_svc"), RANGE, "not a libsvm regression"),
        (MODEL.replace("rbf", "linear"), RANGE, "not a libsvm regression"),
        (MODEL.replace("total_sv 2", "total_sv 3"), RANGE, "cut off"),
        (MODEL[:-1], RANGE, "cut off"),
        (MODEL.replace("gamma 0.05\n", ""), RANGE, "damaged"),
        (MODEL.replace("36:-1", "37:-1"), RANGE, "damaged"),
        (MODEL.replace("36:-1", "36:-"), RANGE, "damaged"),
        (MODEL.replace("1.5 1", "nan 1"), RANGE, "NaN"),
        ("svm_type\x00\x01", RANGE, "not a libsvm regression"),
        ("svm_type \xe9", RANGE, "not a text file"),
        (MODEL, "", "svm-scale"),
        (MODEL, RANGE.replace("36 0 36\n", ""), "svm-scale"),
        (MODEL, RANGE.replace("7 0 7", "7 0 0"), "does not fit"),
        (MODEL, RANGE.replace("7 0 7", "7 0 inf"), "does not fit"),
        (MODEL, RANGE.replace("x\n", "y\n"), "svm-scale"),
    ],
)
def test_broken_libsvm_files(tmp_path, model, ranges, message):
    (tmp_path / "allmodel").write_bytes(model.encode("latin-1"))
    (tmp_path / "allrange").write_text(ranges)
    with pytest.raises(WeightsError, match=message):
        brisque.load_model(tmp_path)


def test_a_libsvm_model_may_have_another_name(tmp_path):
    _libsvm(tmp_path)
    (tmp_path / "allmodel").rename(tmp_path / "live-model.txt")
    (tmp_path / "allrange").rename(tmp_path / "live-range.txt")
    assert brisque.load_model(tmp_path / "live-model.txt").as_text


def test_the_model_of_another_metric_is_refused(tmp_path):
    _libsvm(tmp_path)
    with pytest.raises(WeightsError, match=r"allmodel"):
        niqe.load_model(tmp_path / "allmodel")
    for wrong in (weights.find(NIQE), _npz(tmp_path / "model.npz", _niqe_arrays())):
        with pytest.raises(WeightsError, match="arrays of this model"):
            brisque.load_model(wrong)


def test_a_model_without_its_ranges(tmp_path):
    _libsvm(tmp_path)
    (tmp_path / "allrange").unlink()
    with pytest.raises(WeightsError, match="allrange does not exist"):
        brisque.load_model(tmp_path / "allmodel")


@pytest.mark.parametrize("name", ["missing.npz", "", "folder"])
def test_a_path_to_nothing(tmp_path, name):
    (tmp_path / "folder").mkdir()
    with pytest.raises(WeightsError, match=r"does not exist|without one model"):
        niqe.load_model(tmp_path / name if name else tmp_path)


def test_the_hash_of_a_users_model_follows_its_content_not_its_path(tmp_path):
    spec = catalog.get("niqe")
    one = _npz(tmp_path / "one.npz", _niqe_arrays())
    two = tmp_path / "two.npz"
    two.write_bytes(one.read_bytes())
    other = _npz(tmp_path / "other.npz", _niqe_arrays() | {"mean": np.zeros(36)})
    hashes = [weights.weights_sha256(spec, {"model": str(p)}) for p in (one, two, other)]
    assert hashes[0] == hashes[1] != hashes[2]
    assert weights.weights_sha256(spec, {}) == weights.weights_sha256(spec, {"model": None}) == ""
    assert spec.identity({}, hashes[0]) != spec.identity({}, hashes[2]) != spec.identity({})


def test_both_files_of_libsvm_count(tmp_path):
    spec = catalog.get("brisque")
    first = weights.weights_sha256(spec, {"model": str(_libsvm(tmp_path))})
    (tmp_path / "allrange").write_text(RANGE.replace("7 0 7", "7 0 8"))
    os.utime(tmp_path / "allrange", ns=(1, 1))
    assert weights.weights_sha256(spec, {"model": str(tmp_path)}) != first


def test_the_authors_files_are_read():
    found = niqe.load_model(shared("golden/models/niqe/modelparameters.mat"))
    assert found.mean.shape == (36,)
    regressor = brisque.load_model(shared("golden/models/brisque"))
    assert regressor.vectors.shape == (774, 36)
    assert regressor.as_text


def test_reading_arrays_needs_no_scipy():
    """The models that ship are read with NumPy alone: a first score does not wait for SciPy."""
    import subprocess
    import sys

    code = "import sys; from visq.metrics import niqe; niqe.load_model(); print('scipy.io' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"


def test_the_archive_holds_plain_arrays_only():
    for item in (w for w in SHIPPED if w.filename.endswith(".npz")):
        with zipfile.ZipFile(weights.find(item)) as archive:
            for name in archive.namelist():
                assert Path(name).suffix == ".npy"
                assert b"|O" not in archive.read(name)[:128]
        assert io.BytesIO(weights.find(item).read_bytes()).read(2) == b"PK"
