"""How bright the pixels of cells are: against a loop over pixels, in NumPy and torch, in statistics and in the file."""

from __future__ import annotations

import numpy as np
import pytest

import samples
from visq.errors import OptionError
from visq.ops.arrays import Batch
from visq.systems.visq_nr import tones
from visq.systems.visq_nr.design import TONES, Design
from visq.systems.visq_nr.features import columns
from visq.systems.visq_nr.grid import cells

torch = pytest.importorskip("torch")

from visq.systems.visq_nr.network import Network  # noqa: E402
from visq.systems.visq_nr.statistics import features, looks_of, whole  # noqa: E402

SIZES = {"native": 1, "half": 2, "width": 4}


def planes(height=65, width=97, count=2):
    found = np.random.default_rng(7).uniform(0, 255, (count, 3, height, width))
    found[0, :, :8, :8], found[0, :, 8:16, :8] = 0.0, 255.0
    return found


def by_a_loop(picture):
    """Pixels at odd rows and columns, each shared by two of 0, 17, ..., 255; the cell is the nearest multiple of 32."""
    height, width = picture.shape[1:]
    total, count = np.zeros((2 * TONES, cells(height), cells(width))), np.zeros((cells(height), cells(width)))
    for y in range(1, height, 2):
        for x in range(1, width, 2):
            red, green, blue = (float(v) for v in picture[:, y, x])
            cell = (y + 16) // 32, (x + 16) // 32
            count[cell] += 1
            kinds = (0.299 * red + 0.587 * green + 0.114 * blue, max(red, green, blue), min(red, green, blue))
            for kind, brightness in enumerate(kinds):
                for degree in range(16):
                    share = max(0.0, 1.0 - abs(brightness - 17.0 * degree) / 17.0)
                    total[16 * kind + degree, *cell] += share
                    total[TONES + 16 * kind + degree, *cell] += share**2
    return total / count


@pytest.mark.parametrize("like", [np.asarray, torch.from_numpy], ids=["numpy", "torch"])
def test_the_shares_of_brightness(like):
    pictures = planes()
    found = np.asarray(tones.moments(like(pictures)))
    assert found.shape == (2, 2 * TONES, 3, 4)
    for picture, one in zip(pictures, found, strict=True):
        # Sums of some hundred shares in another order.
        np.testing.assert_allclose(one, by_a_loop(picture), atol=1e-12)


def test_shares_add_up_to_one_and_tell_black_and_white():
    found = tones.moments(planes()).reshape(2, 2, 3, 16, 3, 4)
    np.testing.assert_allclose(found[:, 0].sum(axis=2), 1.0, atol=1e-12)
    black, white = (tones.moments(np.full((1, 3, 33, 33), value))[0, :, 0, 0] for value in (0.0, 255.0))
    assert np.flatnonzero(black).tolist() == [0, 16, 32, 48, 64, 80]
    assert np.flatnonzero(white).tolist() == [15, 31, 47, 63, 79, 95]


def test_a_mirrored_picture_has_mirrored_shares():
    # Sides are odd: every second position from the second on is symmetric about the middle.
    pictures = planes(33, 65)
    found, other = tones.moments(pictures), tones.moments(pictures[..., ::-1])
    np.testing.assert_allclose(other, found[..., ::-1], atol=1e-12)


def test_shares_have_the_gradient_of_differences():
    picture = torch.from_numpy(planes(33, 33, 1)).requires_grad_()
    weight = torch.from_numpy(np.random.default_rng(1).normal(size=(1, 2 * TONES, 2, 2)))
    (tones.moments(picture) * weight).sum().backward()
    with torch.no_grad():
        for place in ((0, 0, 9, 9), (0, 1, 17, 15), (0, 2, 31, 31)):
            moved = []
            for step in (1e-5, -1e-5):
                other = picture.detach().clone()
                other[place] += step
                moved.append(float((tones.moments(other) * weight).sum()))
            assert float(picture.grad[place]) == pytest.approx((moved[0] - moved[1]) / 2e-5, rel=1e-5, abs=1e-9)


def test_the_statistics_end_with_them_at_half_size_alone():
    plain, toned = Design(**SIZES), Design(**SIZES, tones=True)
    assert toned.features == plain.features + 2 * TONES
    assert [c for c in columns(toned) if "tones" not in c] == list(columns(plain))
    assert {c.split("/")[0] for c in columns(toned) if "tones" in c} == {"2"}


@pytest.mark.parametrize("size", [(64, 64), (70, 91), (131, 200)])
def test_the_whole_is_the_mean_over_the_area_of_the_picture(size):
    """The means of the shares are those of the half-size picture, by one pixel of four: near what all pixels say."""
    design = Design(**SIZES, tones=True)
    network = Network(design, weights="random").eval().double()
    picture = samples.picture(*size)
    data = torch.from_numpy(picture.astype(np.float64)).permute(2, 0, 1)[None]
    with torch.no_grad():
        row = whole(Batch(data, 255.0, single=False), design, network.trunk.run)[0].numpy()
    named = dict(zip(columns(design), row, strict=True))
    found = np.array([named[f"2/tones/{n}/mean"] for n in range(TONES)]).reshape(3, 16)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, atol=1e-9)
    luma = picture.astype(np.float64) @ [0.299, 0.587, 0.114]
    assert float(found[0] @ (17.0 * np.arange(16))) == pytest.approx(luma.mean(), abs=4.0)


def test_parts_of_a_picture_are_sums_of_the_same_shares():
    design = Design(**SIZES, tones=True)
    network = Network(design, weights="random").eval().double()
    data = torch.from_numpy(samples.picture(70, 91).astype(np.float64)).permute(2, 0, 1)[None]
    batch = Batch(data, 255.0, single=False)
    with torch.no_grad():
        kept = [look.survey(keep=True) for look in looks_of(batch, design, network.trunk.run)]
        row = whole(batch, design, network.trunk.run)
    assert torch.allclose(features([mean for mean, _ in kept]), row, rtol=1e-12, atol=1e-12)
    assert [part.shape[1] for _, part in kept] == [2 * len(design.channels(scale)) for scale in (1, 2)]


def test_the_file_reads_as_torch_does():
    pytest.importorskip("onnx")
    from visq.systems.visq_nr.calibration import Calibration
    from visq.systems.visq_nr.export import content
    from visq.systems.visq_nr.model import build

    torch.manual_seed(0)
    network = Network(Design(**SIZES, mirror="side", tones=True), weights="random").eval()
    model = build(content(network, Calibration(), {}), "a file")
    assert model.design == network.design
    picture = samples.noisy(samples.picture(70, 91), 6)
    data = np.moveaxis(picture, -1, 0)[None]
    with torch.no_grad():
        wanted = network(torch.from_numpy(data.copy()))["score"]
    found = model.read(whole(Batch(data, 255.0, single=False), model.design, model.run)).score
    assert float(found[0]) == pytest.approx(float(wanted[0]), abs=1e-6)


def test_without_half_size_there_are_none():
    with pytest.raises(OptionError, match="half size"):
        Design(native=1, half=0, tones=True)
