"""Which of a picture and its mirror image is looked at: by the side of its light, without a jump."""

from __future__ import annotations

import numpy as np
import pytest

import samples

torch = pytest.importorskip("torch")

from visq.ops.arrays import Batch  # noqa: E402
from visq.systems.visq_nr.design import BALANCED, Design  # noqa: E402
from visq.systems.visq_nr.network import Network  # noqa: E402
from visq.systems.visq_nr.statistics import shares, whole  # noqa: E402


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return Network(Design(native=3, half=2, width=4, mirror="side"), weights="random").eval()


def lit(lean, size=(70, 90)):
    """A picture whose light leans so far to the right, by the formula of `shares` written as a loop."""
    picture = samples.noisy(samples.picture(*size), 5).astype(np.float64)
    width = size[1]
    place = np.array([(2 * i + 1 - width) / width for i in range(width)])
    picture -= picture.mean(axis=(0, 2))[None, :, None] - 100.0
    column = 100.0 * (1.0 + lean * place / (place**2).mean())
    picture *= (column / 100.0)[None, :, None]
    total = sum(picture[:, i].sum() for i in range(width))
    assert sum(place[i] * picture[:, i].sum() for i in range(width)) / total == pytest.approx(lean, abs=1e-9)
    return picture


def batch(*pictures):
    return Batch(torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2), 255.0, single=False)


@pytest.mark.parametrize(("lean", "share"), [(-0.05, 1.0), (0.05, 0.0), (0.0, 0.5), (BALANCED / 2, 0.25)])
def test_how_much_a_picture_counts(lean, share):
    picture = lit(lean)
    assert shares(batch(picture)).item() == pytest.approx(share, abs=1e-6)
    one = Batch(np.moveaxis(picture, -1, 0)[None], 255.0, single=False)
    assert shares(one).item() == pytest.approx(share, abs=1e-6)


def test_a_black_picture_counts_by_half():
    assert shares(batch(np.zeros((64, 64, 3)))).item() == 0.5
    assert shares(Batch(np.zeros((1, 3, 64, 64), np.uint8), 255.0, single=False)).item() == 0.5


@pytest.mark.parametrize("lean", [-0.05, -0.004, 0.0, 0.02])
def test_a_mirrored_picture_has_the_same_statistics(network, lean):
    picture = lit(lean)
    with torch.no_grad():
        one, other = network.double().statistics(torch.cat([batch(picture).data, batch(picture[:, ::-1].copy()).data]))
    assert torch.allclose(one, other, rtol=1e-9, atol=1e-9)


def test_pictures_of_a_batch_do_not_touch_each_other_and_one_side_is_computed_once(network):
    pictures = [lit(lean) for lean in (-0.05, 0.05, 0.003)]
    seen = []

    def run(planes, stages):
        seen.append(len(planes))
        return network.trunk.run(planes, stages)

    with torch.no_grad():
        network.double()
        together = whole(batch(*pictures), network.design, run)
        for picture, row in zip(pictures, together, strict=True):
            assert torch.allclose(whole(batch(picture), network.design, run)[0], row, rtol=1e-9, atol=1e-9)
    # Two scales: both sides of all three, then one side, one side, both.
    assert seen == [3] * 4 + [1] * 2 + [1] * 2 + [1] * 4


def test_the_score_has_a_gradient_where_both_sides_count(network):
    data = batch(lit(0.004, (64, 66))).data.double().requires_grad_()
    score = network.double()(data)["score"].sum()
    (found,) = torch.autograd.grad(score, data)
    direction = torch.randn(data.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    with torch.no_grad():
        ends = [network(data + step * direction)["score"].item() for step in (1e-5, -1e-5)]
    assert float((found * direction).sum()) == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-3)
