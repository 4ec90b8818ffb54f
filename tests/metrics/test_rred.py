"""RRED: entropies block by block, and as many numbers as one wants to send."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from photographs import photographs, rising

import samples
from visq.errors import InputError, OptionError, SizeError
from visq.metrics import rred
from visq.ops.entropic import block_entropies, coarse_band, grid, tile_counts, tile_means


def _score(image, reference, **options):
    return rred.rred(image, reference, **options)


def _pair(height=200, width=310):
    reference = samples.picture(height, width)
    return samples.jpeg(samples.blurred(reference, 0.8), 40), reference


# The score, step by step -------------------------------------------------------------------------------------


def _plain_entropies(band, *, natural):
    """Weight times entropy of every block, in loops, from the eigenvalues and vectors of the covariance."""
    rows, columns = (n // 3 for n in band.shape)
    every = [
        band[i : i + 3, j : j + 3].ravel() for i in range(3 * rows - 2) for j in range(3 * columns - 2)
    ]  # fmt: skip
    strengths, vectors = np.linalg.eigh(np.cov(np.array(every).T, bias=True))
    constant = math.log(2 * math.pi * math.e) if natural else math.log2(2 * math.pi * math.e)
    result = np.zeros((rows, columns))
    for r in range(rows):
        for c in range(columns):
            parts = vectors.T @ band[3 * r : 3 * r + 3, 3 * c : 3 * c + 3].ravel()
            variance = sum(p * p / s for p, s in zip(parts, strengths, strict=True)) / 9
            entropy = sum(math.log2(variance * s + 0.1) + constant for s in strengths)
            result[r, c] = math.log2(1 + variance) * entropy
    return result


@pytest.mark.parametrize("compat", ["corrected", "release"])
def test_the_score_is_that_of_the_formula(compat):
    image, reference = (p[:, :, 1].copy() for p in _pair())
    one, two = (_plain_entropies(coarse_band(p), natural=compat == "release") for p in (image, reference))
    # Inverses of covariances whose eigenvalues span four decades, in float64.
    assert _score(image, reference, compat=compat) == pytest.approx(np.abs(one - two).mean(), rel=1e-8)
    single = _score(image, reference, compat=compat, index="single")
    assert single == pytest.approx(abs((one - two).mean()), rel=1e-7)


def test_the_band_answers_to_horizontal_structure_of_an_eighth_of_the_size():
    rows, columns = np.indices((256, 240))
    along, across = (np.round(128 + 100 * np.cos(2 * np.pi * z / 24)) for z in (rows, columns))
    assert coarse_band(along).shape == (30, 30)
    assert np.std(coarse_band(along)) > 10 * np.std(coarse_band(across))


def test_tiles_hold_what_is_left_at_the_borders():
    values = np.arange(35.0).reshape(5, 7)
    expected = [
        [values[r : r + 3, c : c + 3].mean() for c in (0, 3, 6)] for r in (0, 3)
    ]  # fmt: skip
    np.testing.assert_allclose(tile_means(values, 3), expected)
    assert tile_counts(values.shape, 3).tolist() == [[9, 9, 3], [6, 6, 2]]
    np.testing.assert_array_equal(tile_means(values, 1), values)
    assert tile_means(values, 7).tolist() == [[17.0]]


def test_fewer_numbers_see_less():
    """A mean of magnitudes is never less than that of means over larger tiles that smaller ones make up."""
    image, reference = _pair(400, 600)
    full, two, four, eight, single = (
        _score(image, reference, **o)
        for o in ({}, *({"index": "tile", "tile": t} for t in (2, 4, 8)), {"index": "single"})
    )
    assert full > two > four > eight > single > 0
    assert _score(image, reference, index="tile", tile=1) == full
    assert _score(image, reference, index="tile", tile=1000) == pytest.approx(single, rel=1e-12)
    assert _score(image, reference, index="tile") == eight


# Features ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "count"),
    [({}, 8 * 12), ({"index": "single"}, 1), ({"index": "tile"}, 1 * 2), ({"index": "tile", "tile": 5}, 2 * 3)],
)
def test_the_number_of_numbers_and_bits(options, count):
    picture = samples.picture(200, 310)
    assert grid(200, 310) == (8, 13) or grid(200, 310) == (8, 12)
    values, bits = rred.extract(picture[:, :300], **options)
    assert grid(200, 300) == (8, 12)
    assert len(values["entropies"]) == count
    assert bits == 64 * count


@pytest.mark.parametrize("options", [{}, {"index": "single"}, {"index": "tile", "tile": 3}, {"compat": "release"}])
def test_features_after_json_give_the_same_score_without_the_reference(options):
    image, reference = _pair()
    expected = _score(image, reference, **options)
    values, _ = rred.extract(reference, **options)
    assert rred.compare(json.loads(json.dumps(values, allow_nan=False)), reference, **options) == 0.0
    del reference
    assert rred.compare(json.loads(json.dumps(values, allow_nan=False)), image, **options) == expected


# Identical, flat and one-dimensional pictures ----------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"index": "single"}, {"compat": "release"}])
def test_an_identical_pair_has_nothing(options):
    stripes = (np.indices((90, 100))[0] // 5 % 2 * 255).astype(np.uint8)
    for picture in (samples.picture(100, 77), samples.constant(80, 80, 255), samples.noise(72, 72), stripes):
        assert _score(picture, picture, **options) == 0.0


def test_a_band_without_detail_has_weights_of_zero():
    for value in (0, 117, 255):
        band = coarse_band(np.full((100, 120), float(value)))
        weight, entropy = block_entropies(band)
        assert not band.any()
        assert not weight.any()
        assert np.isfinite(entropy).all()
        assert rred.extract(samples.constant(100, 120, value))[0]["entropies"] == [0.0] * 4 * 5
    flat, picture = samples.constant(100, 120, 9), samples.picture(100, 120)
    assert _score(flat, picture) > _score(samples.blurred(picture, 2.0), picture) > 0


def test_a_covariance_without_an_inverse_gives_finite_entropies():
    stripes = np.tile(np.cos(np.arange(120) / 7.0)[:, None] * 100 + 120, (1, 130))
    weight, entropy = block_entropies(coarse_band(stripes))
    assert np.isfinite(weight).all()
    assert np.isfinite(entropy).all()
    assert (weight >= 0).all()


# Behaviour ---------------------------------------------------------------------------------------------------


def test_scores_follow_the_damage_of_photographs():
    photos = photographs()
    found = {"full": 0, "single": 0}
    for photo in photos:
        values = {i: rred.extract(photo, index=i)[0] for i in found}
        for kind in ("noise", "blur", "jpeg"):
            found["full"] += rising(lambda x, v=values["full"]: rred.compare(v, x), photo, kind)
        found["single"] += rising(lambda x, v=values["single"]: rred.compare(v, x, index="single"), photo, "blur")
    assert found["full"] == 3 * len(photos) == 24
    # One number follows blur; noise and JPEG may add in one place what they take in another.
    assert found["single"] == len(photos)


def test_one_number_misses_a_mild_jpeg_that_a_number_a_block_sees():
    photo = photographs()[0]
    image = samples.jpeg(photo, 80)
    assert _score(image, photo, index="single") < 0.2 * _score(image, photo)


# Refusals ----------------------------------------------------------------------------------------------------


def test_features_that_cannot_be_are_refused():
    picture = samples.picture(100, 100)
    values, _ = rred.extract(picture)
    count = len(values["entropies"])
    for bad in ([1.0] * (count + 1), [math.nan] * count, [math.inf] * count, ["1"] * count, 3.0, None):
        with pytest.raises(InputError, match="entropies"):
            rred.compare({"entropies": bad}, picture)
    with pytest.raises(InputError, match="entropies"):
        rred.compare({}, picture)
    with pytest.raises(InputError, match="1 numbers"):
        rred.compare(values, picture, index="single")


def test_sizes_and_options_that_cannot_be_are_refused():
    small = samples.picture(71, 200)
    with pytest.raises(SizeError, match="72"):
        _score(small, small)
    picture = samples.picture(80, 80)
    for options in ({"index": "half"}, {"compat": "paper"}, {"tile": 4}, {"index": "single", "tile": 4}):
        with pytest.raises(OptionError, match=next(iter({k: 0 for k in options if k != "index"} or options))):
            _score(picture, picture, **options)
    for tile in (0, -1, 2.5, True, "4"):
        with pytest.raises(OptionError, match="tile"):
            _score(picture, picture, index="tile", tile=tile)


@pytest.mark.parametrize("tile", [4, 1000, 10**30, 10**400], ids=["all", "thousand", "large", "huge"])
def test_a_tile_beyond_the_picture_is_the_picture(tile):
    rng = np.random.default_rng(0)
    image, reference = rng.integers(0, 256, (2, 96, 96), dtype=np.uint8)
    assert _score(image, reference, index="tile", tile=tile) == _score(image, reference, index="single")
