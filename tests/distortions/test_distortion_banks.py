"""The banks: complete, in the databases' own numbering, and checked against pictures and figures of the databases."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from distortion_pictures import photo

from shared_data import load
from visq import distortions
from visq.distortions.apply import apply_step, distort
from visq.distortions.chain import Step, parse
from visq.metrics.psnr import psnr

_SIZES = {"reiqa": 26, "kadid10k": 25, "tid2013": 24}
_REIQA = {entry.name: entry for entry in distortions.bank("reiqa").entries}
_TID = distortions.bank("tid2013")


@pytest.mark.parametrize("bank", distortions.banks(), ids=lambda b: b.id)
def test_banks_are_complete(bank):
    assert [e.number for e in bank.entries] == list(range(1, _SIZES[bank.id] + 1))
    assert len({e.name for e in bank.entries}) == len(bank.entries)
    for entry in bank.entries:
        spec = distortions.get(entry.distortion)
        ends = entry.search or entry.amounts
        assert all(spec.limits[0] <= a <= spec.limits[1] for a in ends), entry.name
        assert (entry.search is not None) <= (entry.evidence == "calibrated"), entry.name
        assert parse(bank.name(entry))[0].entry is entry
        assert parse(f"{bank.id}/{entry.name}")[0].entry is entry


@pytest.mark.parametrize("name", [n for b in distortions.banks() for n in b.names])
def test_every_entry_at_its_ends(name):
    image = photo(height=64, width=80)
    for level in (1, 5):
        out = distort(image, name, level, key="x")
        assert (out.shape, out.dtype) == (image.shape, image.dtype)
    small = photo(height=1, width=1)
    assert distort(small, name, 3).shape == small.shape
    assert distort(image[..., 0], name, 3).shape == image.shape[:2]


def test_levels_of_reiqa_that_change_nothing():
    image = photo()
    for name, level in (("saturate_lab", 1), ("mean_shift", 3)):
        out = distort(image, f"reiqa/{_REIQA[name].number}", level)
        assert np.abs(out.astype(int) - image).max() <= 2


@pytest.mark.parametrize("entry", [e for e in _TID.entries if e.search], ids=lambda e: e.name)
@pytest.mark.parametrize("level", [2, 4])
def test_calibrated_levels_meet_their_psnr(entry, level):
    image = photo("houses")
    found = [psnr(distort(image, _TID.name(entry), n), image) for n in (level, level + 1)]
    if entry.distortion.endswith("transmission"):
        # Bit errors fall where they fall: on a picture this small a single one may be too much.
        assert found[0] >= found[1]
    else:
        # A palette has a whole number of colours.
        coarse = 1.5 if entry.distortion == "few_colours" else 0.15
        assert found[0] == pytest.approx(entry.amounts[level - 1], abs=coarse)


# PSNR over the colour channels, from metrics_values/PSNRc.txt of TID2013, of the pictures made of reference 1 (of which
# `golden/piq/I01.png` is the picture) and of references 3 and 4.
_PUBLISHED = {
    ("golden/piq/I01.png", "Quantization noise"): (None, 30.2663, 27.1280, 24.0697, 21.1297),
    ("golden/piq/I01.png", "Gaussian blur"): (34.0126, None, 25.3369, 22.8195, None),
    ("golden/piq/I01.png", "JPEG compression"): (33.1252, 30.2636, 27.0572, 23.9254, None),
    ("golden/piq/I01.png", "Mean shift"): (32.5710, 28.1308, 22.1303, 18.5884, 16.2709),
    ("golden/piq/I01.png", "Contrast change"): (35.9478, 30.0055, 27.9776, 23.5081, 21.9609),
    ("golden/calibra/ref/I03.png", "Quantization noise"): (None, 30.2849, 27.0252, 24.3025, 21.1028),
    ("golden/calibra/ref/I03.png", "Gaussian blur"): (40.5463, None, 31.8401, 28.9086, None),
    ("golden/calibra/ref/I03.png", "JPEG compression"): (36.8228, 34.6359, 31.3840, 27.2098, None),
    ("golden/calibra/ref/I03.png", "Mean shift"): (32.6137, 28.1886, 22.3133, 18.6688, 16.5613),
    ("golden/calibra/ref/I03.png", "Contrast change"): (34.0130, 29.3159, 26.0376, 23.2872, 20.0212),
    ("golden/calibra/ref/I04.png", "JPEG compression"): (37.0516, 35.0147, 31.9551, 28.2346, 22.8717),
    ("golden/calibra/ref/I04.png", "Mean shift"): (32.5789, 28.1347, 22.1527, 18.5942, 16.4264),
}


@pytest.mark.parametrize(("file", "name"), _PUBLISHED)
def test_levels_that_were_read_give_the_psnr_of_tid2013(file, name):
    image = load(file)
    for level, published in enumerate(_PUBLISHED[file, name], start=1):
        if published is not None:
            # The file has four digits.
            assert psnr(distort(image, f"tid2013/{name}", level), image) == pytest.approx(published, abs=1.01e-4), level


def test_pixelation_is_that_of_kadid10k():
    image, published = load("golden/deepwsd/I07.png"), load("golden/deepwsd/I07_21_05.png")
    np.testing.assert_array_equal(distort(image, "kadid10k/21", 5), published)


def test_motion_blur_is_that_of_kadid10k():
    # The direction was drawn there: it is 28 degrees.
    image, published = load("golden/deepwsd/I47.png"), load("golden/deepwsd/I47_03_05.png")
    bank = distortions.bank("kadid10k")
    entry = replace(bank.entries[2], options=(("angles", (28.0,)),))
    step = Step(distortions.get(entry.distortion), bank, entry)
    out = apply_step(image / 255.0, step, entry.amounts[4], sought=False)
    np.testing.assert_array_equal(np.rint(out * 255), published)


def test_a_bank_that_stretches_keeps_the_range_of_a_dull_picture():
    dull = (photo() / 255.0) * 0.4 + 0.3
    low, high = dull.min(), dull.max()
    np.testing.assert_allclose(distort(dull, "kadid10k/18", 3), dull, atol=1e-12)
    out = distort(dull, "kadid10k/2", 3)
    assert (out.min(), out.max()) == (pytest.approx(low), pytest.approx(high))
    flat = np.full((16, 16, 3), 77, np.uint8)
    assert distort(flat, "kadid10k/18", 1).tolist() == distort(flat, "mean_shift", amount=0.15).tolist()


def test_quantization_is_nearly_that_of_kadid10k():
    # MATLAB's search for thresholds stops short of the best ones: the same number of levels, other places.
    image, published = load("golden/deepwsd/I47.png"), load("golden/deepwsd/I47_22_02.png")
    out = distort(image, "kadid10k/22", 2)
    assert len(np.unique(out)) == len(np.unique(published)) == 17
    assert psnr(out, image) >= psnr(published, image)
    assert psnr(out, image) == pytest.approx(psnr(published, image), abs=0.5)


def test_jpeg2000_is_nearly_that_of_kadid10k():
    # The ratio is the same, the encoder is not: MATLAB's spends its bytes a little better than OpenJPEG.
    image, published = load("golden/deepwsd/I07.png"), load("golden/deepwsd/I07_09_04.png")
    out = distort(image, "kadid10k/9", 4)
    assert psnr(out, image) == pytest.approx(psnr(published, image), abs=1.0)
    assert psnr(out, published) > psnr(published, image)


# As read in the released code of Re-IQA (datasets/iqa_distortions.py) and in KADID-10k's imdist_generator.m, apart from
# the tables. What the two share is written once.
_READ = {
    "0.1 0.5 1 2 5": ["reiqa/1", "kadid10k/1"], "1 2 4 6 8": ["reiqa/2", "kadid10k/2"], "1 2 4 6 10": ["kadid10k/3"],
    "1 3 6 8 12": ["reiqa/3", "reiqa/4", "kadid10k/4", "kadid10k/5"], "64 48 32 16 8": ["kadid10k/6"],
    "0.4 0.2 0.1 0 -0.4": ["reiqa/5", "kadid10k/7"], "1 2 3 6 9": ["reiqa/6", "kadid10k/8"],
    "16 32 45 120 400": ["kadid10k/9"], "70 43 36 24 7": ["reiqa/7"], "43 36 24 7 4": ["kadid10k/10"],
    "0.001 0.002 0.003 0.005 0.01": ["reiqa/8", "reiqa/12", "kadid10k/11"],
    "0.0001 0.0005 0.001 0.002 0.003": ["reiqa/9", "kadid10k/12"],
    "0.001 0.005 0.01 0.02 0.03": ["reiqa/10", "kadid10k/13"],
    "0.001 0.005 0.01 0.02 0.05": ["reiqa/11", "kadid10k/14"], "0.01 0.03 0.05 0.1 0.15": ["kadid10k/15"],
    "0.1 0.2 0.4 0.7 1.1": ["reiqa/13", "kadid10k/16"], "0.05 0.1 0.2 0.4 0.8": ["reiqa/14", "kadid10k/17"],
    "0.15 0.08 0 -0.08 -0.15": ["reiqa/15", "kadid10k/18"], "2 3 4 8 16": ["reiqa/16", "reiqa/23", "reiqa/25"],
    "1 2 3 6 12": ["reiqa/17", "kadid10k/24"], "0.3 0.15 0 -0.4 -0.6": ["reiqa/18", "kadid10k/25"],
    "2 4 6 8 10": ["reiqa/19", "kadid10k/23"], "0.01 0.05 0.1 0.2 0.5": ["reiqa/20", "kadid10k/21"],
    "20 40 60 80 100": ["reiqa/21", "kadid10k/20"], "0.05 0.1 0.2 0.5 1": ["reiqa/22", "kadid10k/19"],
    "2 3 4 5 6": ["reiqa/24"], "12 16 20 24 28": ["reiqa/26"], "20 16 13 10 7": ["kadid10k/22"],
}  # fmt: skip


def test_levels_are_those_that_were_read():
    read = {name: tuple(map(float, amounts.split())) for amounts, names in _READ.items() for name in names}
    banks = [distortions.bank(name) for name in ("reiqa", "kadid10k")]
    assert read == {bank.name(entry): entry.amounts for bank in banks for entry in bank.entries}
