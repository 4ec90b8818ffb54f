"""The front door: levels, amounts, seeds, keys, dtypes, chains, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from multiprocessing import get_all_start_methods

import numpy as np
import pytest
import torch
from distortion_pictures import MIXED, digests, photo

from samples import picture
from visq import distortions
from visq.distortions.apply import distort, generator
from visq.distortions.chain import parse
from visq.errors import InputError, InputTypeError, OptionError, RangeError, UnknownDistortionError
from visq.ops.threads import set_threads


def test_level_0_is_the_untouched_picture_and_a_copy():
    image = picture(12, 10)
    out = distort(image, "gaussian_noise", 0)
    np.testing.assert_array_equal(out, image)
    assert not np.may_share_memory(out, image)


def test_amounts_are_in_the_unit_of_the_distortion():
    image = photo()
    np.testing.assert_array_equal(distort(image, "gaussian_blur", 4), distort(image, "gaussian_blur", amount=2))


def test_16_bit_and_floats_are_the_8_bit_picture_with_more_digits():
    image = photo(height=40, width=52)
    for name in ("gaussian_blur", "gaussian_noise", "saturate_lab", "resize_bicubic"):
        eight = distort(image, name, 3).astype(np.float64)
        sixteen = distort(image.astype(np.uint16) * 257, name, 3).astype(np.float64) / 257
        double = distort(image / 255.0, name, 3) * 255
        single = distort((image / 255.0).astype(np.float32), name, 3).astype(np.float64) * 255
        assert np.abs(eight - sixteen).max() <= 0.5 + 1 / 257
        assert np.abs(eight - double).max() <= 0.5 + 1e-6
        assert np.abs(single - double).max() <= 1e-3  # float32 has 1e-7 of white


def test_halves_are_rounded_to_even():
    # 2.5 and 3.5 of 255, exactly: the mean of neighbouring levels.
    image = np.array([[2, 3], [3, 4]], np.uint8)
    out = distort(image, "resize_area", amount=2)
    assert out.tolist() == [[3, 3], [3, 3]]
    assert distort(np.array([[2, 3]], np.uint8).repeat(2, 0), "resize_area", amount=2).tolist() == [[2, 2], [2, 2]]


def test_levels_of_one_picture_share_a_pattern():
    image = np.full((64, 64), 128, np.uint8)
    mild, severe = (distort(image, "gaussian_noise", level).astype(float) - 128 for level in (1, 5))
    assert np.corrcoef(mild.ravel(), severe.ravel())[0, 1] > 0.99
    # What is filled in may by chance be what was there.
    for name in ("impulse_noise", "colour_blocks", "sparse_samples"):
        changed = [distort(photo(), name, level) != photo() for level in (2, 5)]
        assert not (changed[0].any(axis=2) & ~changed[1].any(axis=2)).mean() > 0.005, name


def test_pictures_of_different_keys_get_different_patterns():
    image = np.full((64, 64), 128, np.uint8)
    one, other = (distort(image, "gaussian_noise", 3, key=key).astype(float) for key in ("a", "b"))
    assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.1  # 6 standard errors


def test_other_processes_give_the_same_bytes():
    # A new interpreter, and eight processes that it makes: forked before any thread, so that one import serves all.
    start = "fork" if "fork" in get_all_start_methods() else "spawn"
    code = f"""
import json, multiprocessing, sys
sys.path[:0] = {[p for p in sys.path if p]!r}
from distortion_pictures import digests
if __name__ == "__main__":
    with multiprocessing.get_context({start!r}).Pool(8) as pool:
        found = pool.map(digests, [{MIXED!r}] * 8, chunksize=1)
    print(json.dumps([*found, digests({MIXED!r})]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == [digests(MIXED)] * 9


def test_one_or_eight_threads_and_callers_give_the_same_bytes():
    expected = digests(MIXED)
    try:
        for threads in (1, 8):
            set_threads(threads)
            assert digests(MIXED) == expected, threads
    finally:
        set_threads(None)
    with ThreadPoolExecutor(8) as pool:
        assert all(found == expected for found in pool.map(digests, [MIXED] * 8))


def test_chains_are_their_steps_one_after_the_other():
    image = photo() / 255.0
    by_hand = distort(distort(image, "gaussian_blur", 3), "contrast_loss", amount=0.6)
    np.testing.assert_array_equal(distort(image, "gaussian_blur:3+contrast_loss=0.6"), by_hand)
    np.testing.assert_array_equal(distort(image, "gaussian_blur+contrast_loss", 0), image)


def test_a_distortion_that_occurs_twice_gets_two_patterns():
    image = np.full((64, 64), 0.5)
    once = distort(image, "gaussian_noise", amount=0.001) - 0.5
    twice = distort(image, "gaussian_noise=0.001+gaussian_noise=0.001") - 0.5
    assert twice.var() == pytest.approx(2 * once.var(), rel=0.1)  # of one pattern it would be 4 times


@pytest.mark.parametrize(
    ("name", "level", "amount", "message"),
    [
        ("gaussian_blur", None, None, "not clear"),
        ("gaussian_blur", 3, 1.0, "not clear"),
        ("gaussian_blur", 6, None, "not a level"),
        ("gaussian_blur", -1, None, "not a level"),
        ("gaussian_blur", 2.5, None, "not a level"),
        ("gaussian_blur", True, None, "not a level"),
        ("gaussian_blur", None, float("nan"), "not an amount"),
        ("gaussian_blur", None, "2", "not an amount"),
        ("gaussian_blur", None, -1.0, "out of range"),
        ("gaussian_blur:3", 2, None, "twice"),
        ("gaussian_blur:3+jpeg", None, None, "not clear"),
        ("gaussian_blur+jpeg", None, 3.0, "no chain"),
        ("gaussian_blur:x", None, None, "no number"),
        ("gaussian_blur:2.5", None, None, "not a level"),
        ("gaussian_blur:nan", None, None, "not a level"),
        ("gaussian_blur:3+", None, None, "missing"),
        ("", 3, None, "no distortion is named"),
        (None, 3, None, "no distortion is named"),
    ],
)
def test_settings_that_are_refused(name, level, amount, message):
    with pytest.raises(OptionError, match=message):
        distort(picture(8, 8), name, level, amount=amount)


@pytest.mark.parametrize("name", ["gaussian_blurr", "reiqa/27", "reiqa/blurr", "kadid/1"])
def test_unknown_names_are_told_with_the_nearest(name):
    with pytest.raises(UnknownDistortionError) as caught:
        distort(picture(8, 8), name, 3)
    if "blurr" in name:
        assert "_blur'" in str(caught.value)


@pytest.mark.parametrize("seed", [-1, 1.5, "1", True, None])
def test_seeds_that_are_refused(seed):
    with pytest.raises(OptionError, match="seed"):
        distort(picture(8, 8), "gaussian_noise", 3, seed=seed)


@pytest.mark.parametrize(
    ("image", "error"),
    [
        ([[1, 2]], InputTypeError),
        (np.zeros((4, 4, 4), np.uint8), InputError),
        (np.zeros((2, 4, 4, 3), np.uint8), InputError),
        (np.zeros((0, 4, 3), np.uint8), InputError),
        (np.zeros((4, 4), np.int32), InputTypeError),
        (np.full((4, 4), np.nan), RangeError),
        (np.full((4, 4), 200.0), RangeError),
        (torch.zeros((1, 3, 4, 4)), InputError),
    ],
)
def test_pictures_that_are_refused(image, error):
    with pytest.raises(error):
        distort(image, "gaussian_blur", 3)


def test_values_out_of_range_by_rounding_are_clipped():
    image = np.full((4, 4), 1.0005)
    assert distort(image, "mean_shift", amount=0.0).max() == 1.0


def test_names_are_found_in_every_spelling():
    assert distortions.get("Gaussian-Blur") is distortions.get("gaussian blur")
    assert distortions.get("color_diffuse").id == "colour_diffuse"
    (step,) = parse("KADID10k/White noise")
    assert (step.spec.id, step.name) == ("gaussian_noise", "kadid10k/11")


def test_global_random_state_is_not_touched():
    np.random.seed(3)
    before = np.random.get_state()[1].copy()
    distort(picture(16, 16), "gaussian_noise", 3)
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_the_generator_does_not_change_unnoticed():
    # PCG64 seeded by SeedSequence is fixed by NumPy's policy; the words it is fed are ours.
    assert (
        generator(0, "gaussian_noise").integers(0, 2**32, 3).tolist()
        == generator(0, "gaussian_noise").integers(0, 2**32, 3).tolist()
    )
    assert generator(0, "a", "b").random() != generator(0, "ab", "").random()
    assert generator(1, "a").random() != generator(0, "a").random()


def test_it_is_the_door_of_the_package():
    import visq

    assert visq.distort is distort
    assert visq.distortions is distortions
    assert callable(visq.distortions.banks)


def test_the_package_loads_no_numerical_library():
    code = """
import sys, visq.distortions as d
d.specs(), d.banks()
print(sorted({"numpy", "scipy", "numba", "PIL"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout.strip() == "[]", done.stderr


def test_level_0_keeps_what_leaves_the_range_by_rounding():
    image = np.array([[0.5, 1.0005], [-0.0005, 0.0]])
    np.testing.assert_array_equal(distort(image, "jpeg", 0), image)


def test_subclasses_of_arrays():
    image = np.random.default_rng(0).random((20, 30))
    np.testing.assert_array_equal(
        distort(image.view(np.matrix), "gaussian_blur", 3), distort(image, "gaussian_blur", 3)
    )
    with pytest.raises(InputError, match="masked pixels"):
        distort(np.ma.masked_array(image, image > 0.5), "gaussian_blur", 3)


def test_keys_may_be_names_that_are_no_text():
    """Python has a file name that is not UTF-8 with surrogates in it."""
    image = np.full((8, 8), 100, np.uint8)
    one, other = (distort(image, "gaussian_noise", 5, key=key) for key in ("a\udcff.png", "a\udcfe.png"))
    assert (one != other).any()


def test_amounts_may_be_any_number_and_are_named_when_refused():
    with pytest.raises(OptionError, match="got 500"):
        distort(np.zeros((8, 8), np.uint8), "jpeg", amount=Fraction(500))
