"""Attributions: completeness where theory promises it, exact answers of small models, faithfulness."""

from __future__ import annotations

import math

import numpy as np
import pytest

import samples
import visq
from visq.errors import InputError, OptionError
from visq.explain import grad_cam, integrated_gradients, occlusion
from visq.explain.faithful import faithfulness

torch = pytest.importorskip("torch")

PICTURE = samples.picture(48, 64) / 255.0


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_integrated_gradients_of_a_square_are_exact():
    """MSE is a square: its gradient is linear on the way, and the midpoint rule has no error."""
    reference = samples.noisy(samples.picture(48, 64), 10) / 255.0
    found = integrated_gradients("mse", PICTURE, reference, steps=3, empty="mean")
    assert found.completeness < 1e-9
    empty = np.broadcast_to(PICTURE.mean(axis=(0, 1)), PICTURE.shape)
    # (x - x0) d/dx over the way: (x - r)^2 - (x0 - r)^2 for every pixel by itself.
    wanted = ((PICTURE - reference) ** 2 - (empty - reference) ** 2).mean(axis=2) * 255**2 / (48 * 64)
    np.testing.assert_allclose(found.map, wanted, atol=1e-9)
    assert found.score == pytest.approx(float(visq.metric("mse")(PICTURE, reference)))


@pytest.mark.parametrize("name", ["ssim", "gmsd", "haarpsi", "tenengrad", "colourfulness"])
def test_more_points_make_integrated_gradients_complete(name):
    reference = PICTURE if visq.metric(name).spec.takes_reference else None
    damaged = np.clip(PICTURE + 0.1 * np.random.default_rng(0).normal(size=PICTURE.shape), 0, 1)
    few, many = (integrated_gradients(name, damaged, reference, steps=n, curve_steps=0, empty="noise") for n in (2, 40))
    assert many.completeness < 0.05
    assert many.completeness <= few.completeness + 1e-3
    assert many.map.shape == PICTURE.shape[:2]


def test_occlusion_of_a_sum_over_pixels_is_complete():
    reference = np.clip(PICTURE + 0.1, 0, 1)
    found = occlusion("mse", PICTURE, reference, cells=12)
    assert found.completeness < 1e-6
    assert found.method == "occlusion"
    assert found.faithfulness is not None
    assert found.faithfulness.deleted[0] == found.faithfulness.inserted[-1] == 1


def test_occlusion_works_for_what_has_no_gradient_and_says_how_incomplete_it_is():
    found = occlusion("brisque", samples.picture(96, 96), cells=9, curve_steps=4)
    assert found.completeness > 0
    assert found.map.shape == (96, 96)


class _Pooling(torch.nn.Module):
    """A convolution, a mean over positions, and a line: Grad-CAM tells all of it."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.maps = torch.nn.Conv2d(3, 5, 4, stride=4)
        self.line = torch.nn.Linear(5, 1, bias=False)

    def forward(self, image):
        return self.line(torch.relu(self.maps(image)).mean(dim=(2, 3)))


class _Rectified(_Pooling):
    def __init__(self):
        super().__init__()
        self.act = torch.nn.ReLU()

    def forward(self, image):
        return self.line(self.act(self.maps(image)).mean(dim=(2, 3)))


def test_grad_cam_of_a_pooled_map_is_exact():
    network = _Rectified()
    found = grad_cam(network, "act", PICTURE)
    tensor = torch.from_numpy(np.moveaxis(PICTURE, -1, 0)[None]).float()
    with torch.no_grad():
        responses = torch.relu(network.maps(tensor))[0]
        weights = network.line.weight[0][:, None, None] / responses[0].numel()
        coarse = (weights * responses).sum(dim=0).double().numpy()
    assert found.completeness < 1e-5
    assert found.empty_score == pytest.approx(0.0, abs=1e-7)
    assert found.score == pytest.approx(coarse.sum(), rel=1e-4)
    cells = found.map.reshape(12, 4, 16, 4).sum(axis=(1, 3))
    assert np.corrcoef(cells.ravel(), coarse.ravel())[0, 1] > 0.9
    assert found.map.sum() == pytest.approx(coarse.sum(), rel=1e-4)


def test_grad_cam_leaves_the_network_as_it_was():
    network = _Rectified().train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    grad_cam(network, "maps", PICTURE, curve_steps=0)
    assert network.training
    assert all((value == before[name]).all() for name, value in network.state_dict().items())
    assert not network.maps._forward_hooks
    with pytest.raises(OptionError, match="no layer 'head'"):
        grad_cam(network, "head", PICTURE)
    with pytest.raises(OptionError, match="no maps"):
        grad_cam(network, "line", PICTURE)
    assert not network.line._forward_hooks
    network.unused = torch.nn.Conv2d(3, 3, 1)
    with pytest.raises(OptionError, match="does not pass through unused"):
        grad_cam(network, "unused", PICTURE)


def test_grad_cam_of_visq_nr_falls_where_its_trunk_responds():
    from visq.systems.visq_nr.design import Design
    from visq.systems.visq_nr.network import Network

    torch.manual_seed(1)
    network = Network(Design(native=3, half=0, width=0), weights="random")
    read = lambda out: out["score"].reshape(())  # noqa: E731
    layer = [n for n, m in network.named_modules() if ".blocks.2." in n and isinstance(m, torch.nn.Conv2d)][-1]
    found = grad_cam(network, layer, samples.picture(65, 97), score=read, curve_steps=0)
    assert found.map.shape == (65, 97)
    assert np.isfinite(found.map).all()


def test_faithfulness_is_best_for_the_true_order_and_worst_for_its_opposite():
    rng = np.random.default_rng(0)
    weights = rng.random((32, 32)) ** 4

    def score(picture):
        return float((weights * picture).sum())

    image, empty = np.ones((32, 32)), np.zeros((32, 32))
    good, bad = (faithfulness(score, image, empty, w) for w in (weights, -weights))
    assert good.deletion < good.random_deletion < bad.deletion
    assert good.insertion > good.random_insertion > bad.insertion
    assert good.gain > 0.3
    assert bad.gain < -0.3
    order = np.sort(weights.ravel())[::-1]
    wanted = [order[:n].sum() / order.sum() for n in np.rint(np.linspace(0, 1024, 21)).astype(int)]
    assert good.inserted == pytest.approx(wanted)
    assert good.deleted == pytest.approx(1 - np.array(wanted))


def test_mistakes_are_told():
    with pytest.raises(OptionError, match="brisque has no gradient"):
        integrated_gradients("brisque", PICTURE)
    with pytest.raises(OptionError, match="1 or more"):
        integrated_gradients("tv", PICTURE, steps=0)
    with pytest.raises(InputError, match="another shape"):
        integrated_gradients("tv", PICTURE, empty=np.zeros((3, 3, 3)))
    with pytest.raises(InputError, match="same score"):
        faithfulness(lambda _: 1.0, PICTURE, PICTURE, PICTURE[..., 0])
    with pytest.raises(InputError, match="differ in size"):
        faithfulness(lambda _: 1.0, PICTURE, PICTURE, np.zeros((2, 2)))
    flat = occlusion("tv", np.zeros((32, 32)), cells=4)
    assert math.isnan(flat.completeness)
    assert flat.faithfulness is None
