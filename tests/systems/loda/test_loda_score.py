"""LoDa as a metric, and its adapters as files: the same scores again, crops, bad input."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

import loda_small  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402

import samples  # noqa: E402
import visq  # noqa: E402
from visq import catalog  # noqa: E402
from visq.errors import InputError, OptionError, SizeError, VisqWarning, WeightsError  # noqa: E402
from visq.systems.loda import judge, loda  # noqa: E402
from visq.systems.loda.adapter import load, save  # noqa: E402
from visq.systems.loda.pictures import crops_of, resized  # noqa: E402
from visq.weights import files_of, missing  # noqa: E402
from visq.weights.headers import told  # noqa: E402
from visq.weights.stand_in import check  # noqa: E402


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """An adapter whose CNN's statistics have moved, and its frozen parameters, as files of their own."""
    folder = tmp_path_factory.mktemp("loda_files")
    network = loda_small.network(1)
    with torch.no_grad():
        network.cnn.bn1.running_mean.add_(0.05)
        network.cnn.bn1.num_batches_tracked.add_(7)
    trunks = loda_small.network(2)
    loda_small.saved(trunks, folder)
    save(network, folder / "adapter.safetensors", {"seed": 1})
    return folder, network


def _given(folder, **more):
    return {"model": folder / "adapter.safetensors", "vit": folder / "vit.safetensors",
            "cnn": folder / "cnn.safetensors", **more}  # fmt: skip


def test_what_is_saved_and_loaded_gives_identical_scores(files):
    """L10. The file has no tensor of the frozen networks but running statistics."""
    folder, network = files
    again = load(folder / "adapter.safetensors", folder / "vit.safetensors", folder / "cnn.safetensors")
    images = loda_small.crops(3)
    with torch.no_grad():
        assert torch.equal(again(images), network(images))
    held = load_file(folder / "adapter.safetensors")
    assert not any(n.startswith("vit.") or n == "sealed_sha256" for n in held)
    assert {n.rpartition(".")[2] for n in held if n.startswith("cnn.")} == {
        "running_mean", "running_var", "num_batches_tracked"
    }  # fmt: skip
    assert int(again.cnn.bn1.num_batches_tracked) == 7
    about = told(folder / "adapter.safetensors")
    assert about["notes"] == {"seed": 1}
    assert about["frozen"] == network.seal_of_parts


def test_a_checkpoint_of_a_training_is_an_adapter_too(rated_pictures, files, tmp_path):
    pytest.importorskip("accelerate")
    folder, caches = rated_pictures
    kept, _ = files
    trunks = {name: str(kept / f"{name}.safetensors") for name in ("vit", "cnn")}
    fitted = loda_small.fitted(
        loda_small.recipe("loda-mini", caches, epochs=1, options=trunks), tmp_path / "run", data=folder
    )
    again = load(fitted.folder / "best.safetensors", trunks["vit"], trunks["cnn"])
    with torch.no_grad():
        assert torch.equal(again(loda_small.crops()), fitted.network()(loda_small.crops()))


@pytest.mark.parametrize("crops", ["grid15", "corners"])
def test_the_score_is_the_mean_over_the_crops_of_the_resized_picture(files, crops):
    folder, network = files
    pixels = samples.picture(100, 140)
    found = judge(pixels, **_given(folder, crops=crops))
    large = resized(pixels)
    wanted = []
    for c in crops_of(large.shape[:2], 64, crops):
        part = torch.from_numpy(large[c.top : c.top + 64, c.left : c.left + 64].copy()).permute(2, 0, 1)[None]
        with torch.no_grad():
            wanted.append(float(network(part)))
    np.testing.assert_allclose(found.crops, wanted, atol=1e-6)
    assert found.score == pytest.approx(np.mean(wanted), abs=1e-6)
    assert found.spread == pytest.approx(np.std(wanted), abs=1e-6)
    assert found.upscaled
    assert -1 <= found.score <= 1


def test_two_calls_are_identical_and_random_crops_are_those_of_the_seed(files):
    """L11."""
    folder, _ = files
    pixels = samples.picture(90, 120)
    assert loda(pixels, **_given(folder)) == loda(pixels, **_given(folder))
    one = judge(pixels, **_given(folder, crops="random15", seed=3))
    assert one.score == loda(pixels, **_given(folder, crops="random15", seed=3))
    assert one.score != loda(pixels, **_given(folder, crops="random15", seed=4))
    assert one.spread > 0
    assert one.crops.shape == (15,)


def test_arrays_tensors_and_batches_agree(files):
    folder, _ = files
    pictures = np.stack([samples.picture(72, 96), samples.noise(72, 96)])
    batch = loda(pictures, **_given(folder))
    assert batch.shape == (2,)
    for n in range(2):
        assert loda(pictures[n], **_given(folder)) == pytest.approx(batch[n], abs=1e-6)
    tensor = torch.from_numpy(pictures.transpose(0, 3, 1, 2).copy())
    np.testing.assert_allclose(loda(tensor, **_given(folder)), batch, atol=1e-5)
    wide = np.uint16(pictures) * 257
    np.testing.assert_allclose(loda(wide, **_given(folder)), batch, atol=1e-6)
    grey = samples.picture(72, 96, grey=True)
    thrice = np.repeat(grey[..., None], 3, axis=2)
    assert loda(grey, **_given(folder)) == pytest.approx(loda(thrice, **_given(folder)), abs=1e-6)
    # Two sizes of a picture that needs no resize: not flagged.
    assert not judge(samples.picture(384, 400), **_given(folder)).upscaled


def test_gradients_reach_the_picture(files):
    folder, _ = files
    pixels = torch.rand(1, 3, 64, 70, requires_grad=True)
    loda(pixels, **_given(folder)).sum().backward()
    assert float(pixels.grad.abs().max()) > 0


def test_bad_pictures(files):
    folder, _ = files
    with pytest.raises(SizeError, match="32x32"):
        loda(np.zeros((31, 80, 3)), **_given(folder))
    for wrong in (np.nan, np.inf, 1.5, -0.1):
        picture = np.full((40, 40, 3), 0.5)
        picture[3, 4, 1] = wrong
        with pytest.raises(InputError):
            loda(picture, **_given(folder))
    with pytest.warns(VisqWarning, match="one row"):
        loda(samples.picture(40, 200), **_given(folder))


def test_bad_files(files, tmp_path):
    folder, _ = files
    with pytest.raises(WeightsError, match="beside other frozen networks"):
        loda(samples.picture(64, 64), **_given(folder, vit=_altered(folder / "vit.safetensors", tmp_path)))
    with pytest.raises(WeightsError, match=r"vit\.safetensors is no adapter"):
        loda(samples.picture(64, 64), **_given(folder, model=folder / "vit.safetensors"))
    with pytest.raises(WeightsError, match="does not exist"):
        loda(samples.picture(64, 64), **_given(folder, model=tmp_path / "none.safetensors"))
    (tmp_path / "broken.safetensors").write_bytes((folder / "adapter.safetensors").read_bytes()[:-100])
    with pytest.raises(WeightsError):
        loda(samples.picture(64, 64), **_given(folder, model=tmp_path / "broken.safetensors"))


def _altered(path, folder):
    state = load_file(path)
    state["blocks.0.mlp.fc1.bias"] += 1e-3
    save_file(state, folder / "vit.safetensors")
    return folder / "vit.safetensors"


def test_the_entry_of_the_catalogue_has_the_options_of_the_function():
    import inspect

    from visq.catalog.learned.loda import SPEC

    given = inspect.signature(loda).parameters
    assert {o.name: o.default for o in SPEC.options} == {
        name: p.default for name, p in given.items() if name not in ("image", "data_range")
    }
    assert SPEC.min_side == 32


def test_another_transformer_is_not_taken_for_an_adapter(files):
    """`loda:vit=FILE` alone: the adapter that ships belongs to another one, and says so; no word of the wrong file."""
    folder, _ = files
    spec = catalog.get("loda")
    if missing(spec):
        pytest.skip("needs EfficientNet-Lite0's public parameters")
    options = {"vit": folder / "vit.safetensors"}
    check(spec, options)
    assert [w.filename for w in files_of(spec, options)] == ["loda_mini.safetensors", "efficientnet-lite0-57934424.pth"]
    with pytest.raises(WeightsError):
        loda(samples.picture(72, 96), **options)


def test_of_an_adapter_of_ones_own_no_file_of_the_catalogue_is_asked_for(files):
    folder, _ = files
    assert files_of(catalog.get("loda"), {"model": folder / "adapter.safetensors"}) == ()
    assert [w.ships for w in files_of(catalog.get("loda"), {})] == [True, True, False]


@pytest.mark.parametrize("option", ["model", "vit", "cnn"])
def test_none_as_text_is_the_file_of_the_catalogue(option):
    """As `visq show` tells to write it; one setting has one identity."""
    spelled, given, plain = (visq.metric("loda", **more) for more in ({option: "none"}, {option: None}, {}))
    assert spelled.options == given.options == {option: None}
    assert spelled.identity == plain.identity


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("nothing.safetensors", "does not exist"),
        ("picture.png", "holds no parameters"),
        ("other.safetensors", "holds no frozen network; expected parameters alone, or a checkpoint; got a file that "
         "calls itself visq loda adapter 1"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("option", ["vit", "cnn"])
def test_a_wrong_frozen_file_is_refused_before_anything_is_scored(files, tmp_path, option, wrong, said):
    folder, _ = files
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40))
    shutil.copy(folder / "adapter.safetensors", tmp_path / "other.safetensors")
    spec = catalog.get("loda")
    with pytest.raises(WeightsError, match=said):
        check(spec, {option: str(tmp_path / wrong)})
    if option == "vit":
        check(spec, {"model": folder / "adapter.safetensors", option: folder / "vit.safetensors"})


def test_a_seed_below_zero_is_refused_where_options_are():
    with pytest.raises(OptionError, match="seed cannot be -1; expected 0 or more"):
        visq.metric("loda", crops="random15", seed=-1)
