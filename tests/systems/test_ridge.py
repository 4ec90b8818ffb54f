"""The ridge regression on network features, from `visq fit` to a score, against arithmetic written out."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import visq
from rated_folders import rated
from visq import catalog
from visq.errors import OptionError, SizeError, WeightsError

torch = pytest.importorskip("torch")

NET = {"net": "squeezenet1_1-random", "layers": "fire4|fire9", "scales": "1|2", "statistics": "mean"}


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """A folder of rated pictures, and a read-out that was fitted on it."""
    from visq.systems.readout.fitting import fit_readout

    folder = tmp_path_factory.mktemp("rated")
    rated(folder, references=False, contents=10)
    path = folder / "ridge.safetensors"
    report = fit_readout("ridge", visq.dataset("folder", folder), path, options=NET, splits=3)
    return folder, path, report


def test_the_score_is_a_line_through_means_of_responses(fitted):
    from visq import backbones
    from visq.systems.readout.files import read

    folder, path, report = fitted
    net = backbones.create("squeezenet1_1", weights="random")
    held = read(path, "ridge")
    for name in ("images/c1_noise_2.png", "images/c3_blur_3.png"):
        pixels = np.asarray(Image.open(folder / name).convert("RGB"))
        planes = torch.from_numpy(pixels.transpose(2, 0, 1)[None] / 255.0).float()
        features = []
        for image in (planes, torch.nn.functional.avg_pool2d(planes, 2)):
            found = net(net.normalise(image), ("fire4", "fire9"))
            features += [found[tap].double().mean((2, 3))[0].numpy() for tap in ("fire4", "fire9")]
        x = (np.concatenate(features) - held.ridge.centre) / held.ridge.spread
        wanted = sum(float(a) * float(b) for a, b in zip(x, held.ridge.weights, strict=True)) + held.ridge.intercept
        assert report.features == len(x) == 2 * (256 + 512)
        # Responses in single precision.
        assert float(visq.metric("ridge", model=path)(pixels)) == pytest.approx(wanted, abs=2e-4)


def test_a_batch_is_its_pictures_and_tensors_give_gradients(fitted):
    _, path, _ = fitted
    metric, batch = visq.metric("ridge", model=path), np.random.default_rng(0).random((2, 70, 80, 3), np.float32)
    together = metric(batch)
    assert together == pytest.approx([float(metric(one)) for one in batch], abs=1e-6)
    planes = torch.from_numpy(batch).permute(0, 3, 1, 2).requires_grad_()
    found = metric(planes)
    assert found.detach().numpy() == pytest.approx(together, abs=1e-5)
    found.sum().backward()
    assert planes.grad.abs().sum() > 0
    assert metric(batch.astype(np.float64)) == pytest.approx(together, abs=1e-4)


def test_what_is_refused(fitted):
    _, path, _ = fitted
    with pytest.raises(WeightsError, match="fitted before it is used"):
        visq.metric("ridge")(np.zeros((64, 64, 3), np.uint8))
    with pytest.raises(SizeError, match="64x64"):
        visq.metric("ridge", model=path)(np.zeros((40, 80, 3), np.uint8))
    with pytest.raises(WeightsError, match="another system; expected reiqa"):
        visq.metric("reiqa", model=path)(np.zeros((64, 64, 3), np.uint8))
    from visq.systems.ridge import opened

    with pytest.raises(OptionError, match="scales are not readable"):
        opened("squeezenet1_1-random", scales="1|half")


def test_systems_without_files_are_in_no_list_and_known_by_name(fitted):
    from visq.bench.plan import choose

    _, path, _ = fitted
    for name in catalog.UNLISTED:
        assert name not in catalog.ids()
        assert catalog.get(name).id == name
    [one] = choose([f"ridge:model={path}"], ["nr"])["nr"]
    assert one.id == "ridge"
    assert one.identity.startswith("ridge@1#")
    for name in catalog.UNLISTED:
        with pytest.raises(WeightsError, match=rf"{name}.*\.safetensors.*of your own, {name}:model=FILE\."):
            choose([name], ["nr"])
