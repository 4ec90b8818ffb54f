"""WNISM: fits, 162 bits, and scores that need nothing else of the reference."""

from __future__ import annotations

import json
import math
from bisect import bisect_left

import numpy as np
import pytest
from photographs import photographs, rising

import samples
from shared_data import load
from visq.errors import InputError, OptionError, SizeError
from visq.metrics import wnism
from visq.ops import wavelet_marginals as marginals
from visq.ops.steerable import complex_bands

CODES = {"mantissas": 8, "exponents": 3, "shapes": 8, "divergences": 8}


def _score(image, reference, **options):
    return wnism.wnism(image, reference, **options)


def _partly_flat(height=256, width=320):
    """A picture of which three quarters are one grey."""
    picture = samples.picture(height, width)
    picture[: height * 3 // 4] = 90
    return picture


# The score, step by step -------------------------------------------------------------------------------------


def _plain_histogram(values, width):
    counts = [0] * 101
    between = [(k - 49.5) * width for k in range(100)]
    for value in values.ravel():
        counts[bisect_left(between, value)] += 1
    return [c / values.size for c in counts]


def _plain_masses(scale, shape, width):
    bins = []
    for k in range(101):
        left = (k - 50.5) * width
        points = [left + (i + 0.5) * width / 30 for i in range(30)]
        bins.append(sum(math.exp(-((abs(x) / scale) ** shape)) for x in points))
    return [b / sum(bins) for b in bins]


def _plain_divergence(a, b):
    both = [(p, q) for p, q in zip(a, b, strict=True) if p > 0 and q > 0]
    return abs(sum(p * math.log(p / q) for p, q in both) / sum(p for p, _ in both))


def test_the_score_is_that_of_the_formula():
    """Histograms, masses and divergences in loops, of the same bands and the same eighteen numbers."""
    reference, image = samples.picture(96, 100, grey=True), samples.noisy(samples.picture(96, 100, grey=True), 8)
    sent, _ = wnism.extract(reference, quantised=False)
    bands = [b[0].real for b in complex_bands(image[None].astype(float), (1, 2, 3), 4)]
    total = 0.0
    chosen = [(0, 0), (0, 2), (1, 1), (1, 3), (2, 0), (2, 2)]
    for (level, k), *fit in zip(chosen, *(sent[n] for n in ("scales", "shapes", "divergences")), strict=True):
        width, guard = (2, 8, 32)[level], (16, 8, 4)[level]
        found = _plain_histogram(bands[level][k][guard:-guard, guard:-guard], width)
        total += abs(_plain_divergence(_plain_masses(*fit[:2], width), found) - fit[2])
    expected = math.log2(1 + total / 0.001)
    # Sums of a few hundred terms in another order.
    assert _score(image, reference, quantised=False) == pytest.approx(expected, rel=1e-10)


def test_what_overflows_is_kept_in_the_outer_bins():
    band = np.array([-1e6, -101.0, -99.5, 0.0, 0.9, 101.0, 500.0, 1e9])
    found = marginals.histogram(band, 2.0) * band.size
    assert (found[0], found[50], found[100]) == (3, 2, 3)
    assert found.sum() == band.size


def test_masses_are_shares_whatever_the_parameters():
    for scale, shape in [(2.0, 0.6), (0.1, 1.64), (1e-6, 0.05), (90.0, 1.64), (1e-300, 9.0), (1e300, 0.0)]:
        found = marginals.masses(scale, shape, 2.0)
        assert found.sum() == pytest.approx(1.0, abs=1e-12)
        assert np.array_equal(found, found[::-1])


def test_a_divergence_without_a_common_bin_is_large_and_finite():
    left, right = np.zeros(101), np.zeros(101)
    left[50], right[0] = 1.0, 1.0
    assert marginals.divergence(left, right) == 708.0
    assert marginals.divergence(left, left) == 0.0


@pytest.mark.parametrize(("scale", "shape"), [(3.0, 0.7), (8.0, 1.2), (1.0, 0.5)])
def test_the_fit_finds_the_density_that_coefficients_were_drawn_from(scale, shape):
    stats = pytest.importorskip("scipy.stats")
    drawn = stats.gennorm.rvs(shape, scale=scale, size=400_000, random_state=np.random.default_rng(2))
    found = marginals.fit(marginals.histogram(drawn, 2.0), 2.0)
    # 400 000 coefficients fix both parameters to some two percent; what overflows is in the outer bins.
    assert found.scale == pytest.approx(scale, rel=0.1)
    assert found.shape == pytest.approx(shape, rel=0.05)
    assert found.divergence < 0.002


# The bits ----------------------------------------------------------------------------------------------------


def test_the_features_are_162_bits():
    values, bits = wnism.extract(samples.picture(128, 160))
    assert bits == 162
    text = "".join(format(code, f"0{width}b") for name, width in CODES.items() for code in values[name])
    assert len(text) == 162
    assert values.keys() == CODES.keys()
    unrounded, bits = wnism.extract(samples.picture(128, 160), quantised=False)
    assert bits == 18 * 64 == 64 * sum(map(len, unrounded.values()))


def test_every_code_is_read_back_as_itself():
    rng = np.random.default_rng(4)
    for _ in range(500):
        codes = marginals.Codes(*(int(rng.integers(2**bits)) for bits in CODES.values()))
        assert marginals.encode(marginals.decode(codes, -5), -5) == codes


def test_numbers_are_rounded_to_the_nearest_code_and_kept_within_them():
    def coded(scale, shape=0.5, apart=0.01):
        return marginals.decode(marginals.encode(marginals.Marginal(scale, shape, apart), -6), -6)

    rng = np.random.default_rng(5)
    for scale in 10.0 ** rng.uniform(-6, 1.99, 200):
        step = 9 / 256 * 10.0 ** math.floor(math.log10(scale))
        assert abs(coded(scale).scale - scale) <= step * 0.501
    assert coded(9.999).scale == pytest.approx(10.0)
    assert coded(1e9).scale == pytest.approx((1 + 255 * 9 / 256) * 10)
    assert coded(1e-9).scale == pytest.approx(1e-6)
    assert coded(1.0, shape=9.0).shape == pytest.approx(1.64375)
    assert coded(1.0, shape=0.001).shape == pytest.approx(0.05)
    assert coded(1.0, shape=0.3).shape == pytest.approx(0.3)
    assert coded(1.0, apart=5.0).divergence == pytest.approx(0.06375)


def test_features_after_json_give_the_same_score_without_the_reference():
    for options in ({}, {"quantised": False}, {"compat": "release"}):
        reference, image = samples.picture(120, 150), samples.blurred(samples.picture(120, 150), 1.0)
        expected = _score(image, reference, **options)
        values, _ = wnism.extract(reference, **options)
        del reference
        assert wnism.compare(json.loads(json.dumps(values, allow_nan=False)), image, **options) == expected


# Identical pairs and flat pictures ---------------------------------------------------------------------------


def test_an_identical_pair_has_nothing_or_what_the_bits_leave():
    for picture in (samples.picture(140, 131), _partly_flat(), samples.noise(96, 96), samples.constant(100, 99, 30)):
        assert _score(picture, picture, quantised=False) == 0.0
        # Six divergences, each rounded to 0.00025 at best: log2(1 + 6 * 0.125).
        assert 0.0 <= _score(picture, picture) <= math.log2(1.75)


@pytest.mark.parametrize("name", ["I06", "I08"])
def test_pictures_with_flat_parts_do_not_degenerate(name):
    """The authors' program gives 9.1 and 9.8 for these pictures against themselves (Octave's fminsearch)."""
    picture = load(f"golden/calibra/ref/{name}.png")
    assert _score(picture, picture) < 1.0
    assert _score(picture, picture, quantised=False) == 0.0
    values, _ = wnism.extract(picture, quantised=False)
    assert all(s >= 0.05 * w for s, w in zip(values["scales"], (2, 2, 8, 8, 32, 32), strict=True))
    assert all(0.05 <= b <= 1.64375 for b in values["shapes"])


@pytest.mark.parametrize("compat", ["corrected", "release"])
def test_flat_pictures_have_finite_scores(compat):
    flat, picture = samples.constant(100, 120, 200), samples.picture(100, 120)
    for pair in ((flat, picture), (picture, flat), (_partly_flat(100, 120), picture), (picture, 255 - picture)):
        for quantised in (True, False):
            value = _score(*pair, compat=compat, quantised=quantised)
            assert 0.0 <= value < 25.0
    assert _score(flat, picture) > 5.0


# Behaviour ---------------------------------------------------------------------------------------------------


def test_scores_follow_the_damage_of_photographs():
    photos = photographs()
    # Blur up to a sigma of 2.5: beyond, histograms of a picture that is all but flat tell no more. Fine texture hides
    # steps of a mild JPEG.
    wanted = {"noise": None, "blur": (0.6, 1.2, 2.5), "jpeg": (80, 5)}
    found = dict.fromkeys(wanted, 0)
    for photo in photos:
        values, _ = wnism.extract(photo)
        for kind, levels in wanted.items():
            found[kind] += rising(lambda image, v=values: wnism.compare(v, image), photo, kind, levels)
    assert found == dict.fromkeys(wanted, len(photos))
    assert len(photos) == 8


def test_a_quarter_turn_exchanges_the_orientations():
    """Bands 1 and 3, 6 and 8, 9 and 11 are a quarter turn apart."""
    still = samples.picture(192, 192, grey=True).astype(float)
    # Smeared along a direction that is none of the four, so that all orientations differ.
    picture = np.mean([np.roll(still, (i, 2 * i), (0, 1)) for i in range(6)], axis=0).round().astype(np.uint8)
    # Turned about pixel 0, as the transform sees it, which is periodic.
    turned = np.roll(np.rot90(picture), 1, axis=0)
    for one, two in zip(*(complex_bands(p[None].astype(float), (1, 2, 3), 4) for p in (picture, turned)), strict=True):
        for k in range(4):
            magnitudes = [np.sort(np.abs(b.real), axis=None) for b in (one[0, k], two[0, (k + 2) % 4], two[0, k])]
            np.testing.assert_allclose(magnitudes[1], magnitudes[0], atol=1e-9)
            assert np.abs(magnitudes[2] - magnitudes[0]).max() > 1.0, "the orientations do not differ here"
    one, two = (wnism.extract(p, quantised=False)[0] for p in (picture, turned))
    for i, width in enumerate((2, 2, 8, 8, 32, 32)):
        densities = [
            marginals.masses(v["scales"][k], v["shapes"][k], width) for v, k in ((one, i), (two, i ^ 1), (two, i))
        ]
        # The guard bands leave out other rows by one pixel.
        assert 5 * marginals.divergence(*densities[:2]) < marginals.divergence(*densities[::2])


def test_without_bounds_the_fit_is_another():
    picture = _partly_flat()
    bounded, free = (wnism.extract(picture, quantised=False, compat=c)[0] for c in ("corrected", "release"))
    assert min(bounded["scales"][:2]) >= 0.1 > min(free["scales"][:2])


# Refusals ----------------------------------------------------------------------------------------------------


def test_features_that_cannot_be_are_refused():
    picture = samples.picture(96, 96)
    values, _ = wnism.extract(picture)
    for name, width in CODES.items():
        for bad in ([1] * 5, [1.5] * 6, [2**width] * 6, [-1] * 6, [True] * 6, ["1"] * 6, "111111", {}):
            with pytest.raises(InputError, match=name):
                wnism.compare(values | {name: bad}, picture)
    with pytest.raises(InputError, match="mantissas"):
        wnism.compare(wnism.extract(picture, quantised=False)[0], picture)
    unrounded = wnism.extract(picture, quantised=False)[0]
    for name in unrounded:
        for bad in ([-1.0] * 6, [math.inf] * 6, [math.nan] * 6):
            with pytest.raises(InputError, match=name):
                wnism.compare(unrounded | {name: bad}, picture, quantised=False)
    with pytest.raises(InputError, match="scales"):
        wnism.compare(unrounded | {"scales": [0.0] * 6}, picture, quantised=False)


def test_sizes_and_options_that_cannot_be_are_refused():
    small = samples.picture(95, 200)
    for call in (lambda: _score(small, small), lambda: wnism.extract(small)):
        with pytest.raises(SizeError, match="96"):
            call()
    picture = samples.picture(96, 96)
    for call in (_score, lambda *a, **k: wnism.extract(a[0], **k)):
        with pytest.raises(OptionError, match="compat"):
            call(picture, picture, compat="paper")
