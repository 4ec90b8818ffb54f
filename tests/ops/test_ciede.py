"""CIEDE2000 of two colours: the published test data, both engines, gradients."""

from __future__ import annotations

import numpy as np
import pytest

from visq.errors import InputError
from visq.ops import _numba_ciede
from visq.ops.ciede import ciede2000

# Sharma, Wu, Dalal (2005), Table 1: L1 a1 b1 L2 a2 b2 and the difference, to four digits.
SHARMA = np.loadtxt(
    """
50 2.6772 -79.7751 50 0 -82.7485 2.0425
50 3.1571 -77.2803 50 0 -82.7485 2.8615
50 2.8361 -74.0200 50 0 -82.7485 3.4412
50 -1.3802 -84.2814 50 0 -82.7485 1.0000
50 -1.1848 -84.8006 50 0 -82.7485 1.0000
50 -0.9009 -85.5211 50 0 -82.7485 1.0000
50 0 0 50 -1 2 2.3669
50 -1 2 50 0 0 2.3669
50 2.49 -0.001 50 -2.49 0.0009 7.1792
50 2.49 -0.001 50 -2.49 0.0010 7.1792
50 2.49 -0.001 50 -2.49 0.0011 7.2195
50 2.49 -0.001 50 -2.49 0.0012 7.2195
50 -0.001 2.49 50 0.0009 -2.49 4.8045
50 -0.001 2.49 50 0.0010 -2.49 4.8045
50 -0.001 2.49 50 0.0011 -2.49 4.7461
50 2.5 0 50 0 -2.5 4.3065
50 2.5 0 73 25 -18 27.1492
50 2.5 0 61 -5 29 22.8977
50 2.5 0 56 -27 -3 31.9030
50 2.5 0 58 24 15 19.4535
50 2.5 0 50 3.1736 0.5854 1.0000
50 2.5 0 50 3.2972 0 1.0000
50 2.5 0 50 1.8634 0.5757 1.0000
50 2.5 0 50 3.2592 0.3350 1.0000
60.2574 -34.0099 36.2677 60.4626 -34.1751 39.4387 1.2644
63.0109 -31.0961 -5.8663 62.8187 -29.7946 -4.0864 1.2630
61.2901 3.7196 -5.3901 61.4292 2.2480 -4.9620 1.8731
35.0831 -44.1164 3.7933 35.0232 -40.0716 1.5901 1.8645
22.7233 20.0904 -46.6940 23.0331 14.9730 -42.5619 2.0373
36.4612 47.8580 18.3852 36.2715 50.5065 21.2231 1.4146
90.8027 -2.0831 1.4410 91.1528 -1.6435 0.0447 1.4441
90.9257 -0.5406 -0.9208 88.6381 -0.8985 -0.7239 1.5381
6.7747 -0.2908 -2.4247 5.8714 -0.0985 -2.2286 0.6377
2.0776 0.0795 -1.1350 0.9033 -0.0636 -0.5514 0.9082
""".strip().splitlines()
)


def _planes(colours):
    return np.ascontiguousarray(colours.T)[:, :, None]


def _pixels(one, two):
    return np.array([_numba_ciede.difference(*a, *b) for a, b in zip(one, two, strict=True)])


def _colours(count):
    rng = np.random.default_rng(7)
    return np.concatenate([rng.uniform(0, 100, (count, 1)), rng.uniform(-90, 90, (count, 2))], axis=1)


@pytest.mark.parametrize("swapped", [False, True])
def test_published_pairs(swapped):
    assert len(SHARMA) == 34
    one, two, expected = SHARMA[:, :3], SHARMA[:, 3:6], SHARMA[:, 6]
    if swapped:
        one, two = two, one
    # Printed to four digits.
    np.testing.assert_allclose(ciede2000(_planes(one), _planes(two))[:, 0], expected, rtol=0, atol=5.01e-5)
    np.testing.assert_allclose(_pixels(one, two), expected, rtol=0, atol=5.01e-5)


def test_the_pixel_kernel_equals_the_formula():
    one, two = _colours(3000), _colours(3000)[::-1].copy()
    one[:20, 1:] = 0
    two[10:40, 1:] = 0
    two[40:50] = one[40:50]
    # Hues kept as vectors lose some digits where two are nearly opposite.
    np.testing.assert_allclose(_pixels(one, two), ciede2000(_planes(one), _planes(two))[:, 0], rtol=0, atol=1e-8)
    assert (_pixels(one, two)[40:50] == 0).all()


@pytest.mark.parametrize(
    ("first", "second"), [((0, 5.0), (0, -5.0)), ((5.0, 0), (-5.0, 0)), ((3.0, 4.0), (-3.0, -4.0))]
)
def test_opposite_hues(first, second):
    """Their mean hue is that of the angles, whichever comes first."""
    for a, b in ((first, second), (second, first)):
        one, two = np.array([[50.0, *a]]), np.array([[60.0, *b]])
        assert _pixels(one, two)[0] == pytest.approx(ciede2000(_planes(one), _planes(two))[0, 0], abs=1e-9)


def test_torch_equals_numpy_and_has_finite_gradients():
    torch = pytest.importorskip("torch")
    one, two = _colours(200), _colours(200)[::-1].copy()
    one[:10, 1:] = 0
    two[5:20, 1:] = 0
    two[20:30] = one[20:30]
    tensors = [torch.from_numpy(_planes(z).copy()).requires_grad_() for z in (one, two)]
    values = ciede2000(*tensors)
    np.testing.assert_allclose(values.detach().numpy(), ciede2000(_planes(one), _planes(two)), rtol=1e-12, atol=1e-12)
    values.sum().backward()
    assert all(bool(torch.isfinite(t.grad).all()) for t in tensors)
    assert float(tensors[0].grad[:, 20:30].abs().max()) == 0.0


def test_three_planes_are_needed():
    with pytest.raises(InputError, match="three planes"):
        ciede2000(np.zeros((2, 4, 4)), np.zeros((3, 4, 4)))
