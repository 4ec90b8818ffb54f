"""The plan of a set, its estimates and its journal, without making a picture."""

from __future__ import annotations

import numpy as np
import pytest

import visq
from visq.distortions.synth import Photo, Plan, Recipe, estimate, surrogate, types_of
from visq.distortions.synth.journal import COLUMNS, Journal, verify
from visq.distortions.synth.plan import levels_of, size_of, strength
from visq.distortions.synth.work import centre
from visq.errors import OptionError, SizeError, StoreError, UnknownDistortionError

# The plan ----------------------------------------------------------------------------------------------------


def test_names_are_those_of_kadid_and_grow_with_the_number_of_photographs():
    recipe = Recipe(types_of((), "kadid10k"))
    small = Plan(recipe, (Photo("a", "a"),) * 81)
    assert (small.reference(7), small.image(81, 25, 5)) == ("I07.png", "I81_25_05.png")
    large = Plan(recipe, (Photo("a", "a"),) * 1000)
    assert (large.reference(7), large.image(1000, 1, 1)) == ("I0007.png", "I1000_01_01.png")
    assert large.pictures == 125_000


def test_a_bank_keeps_its_own_numbers_and_names_are_numbered_in_their_order():
    kadid = types_of((), "kadid10k")
    assert [one.number for one in kadid] == list(range(1, 26))
    assert [one.number for one in kadid if not one.monotone] == [7, 18, 25]
    assert kadid[9].name == "kadid10k/10"
    assert len(types_of((), "tid2013")) == 24
    assert len(types_of((), "reiqa")) == 26
    assert [(one.number, one.name) for one in types_of(["jpeg", "gaussian_blur+jpeg"])] == [
        (1, "jpeg"),
        (2, "gaussian_blur+jpeg"),
    ]
    assert [one.name for one in types_of((), "all")] == visq.distortions.ids()


@pytest.mark.parametrize(
    ("names", "bank", "error", "match"),
    [
        ((), "", OptionError, "a bank or names"),
        (("jpeg",), "kadid10k", OptionError, "not both"),
        (("jpeg:3",), "", OptionError, "one strength"),
        (("jpeg", "JPEG"), "", OptionError, "named twice"),
        (("jpog",), "", UnknownDistortionError, "jpeg"),
        ((), "kadid", UnknownDistortionError, "kadid10k"),
    ],
)
def test_types_that_cannot_be_meant_are_refused(names, bank, error, match):
    with pytest.raises(error, match=match):
        types_of(names, bank)


def test_levels_and_sizes_are_read_as_people_write_them():
    assert levels_of("1-5") == (1, 2, 3, 4, 5)
    assert levels_of(" 5,1 ") == (1, 5)
    for wrong in ("0-5", "6", "", "a", "3-1", "1,,2", "-1"):
        with pytest.raises(OptionError, match="levels are not readable"):
            levels_of(wrong)
    assert size_of("512x384") == (512, 384)
    for wrong in ("512", "0x3", "x", "3x4x5", "-1x5"):
        with pytest.raises(OptionError, match="size is not readable"):
            size_of(wrong)


def test_the_surrogate_spans_the_scale_of_kadid():
    assert [surrogate(level) for level in range(6)] == [5.0, 4.2, 3.4, 2.6, 1.8, 1.0]


def test_strengths_are_told_in_the_units_of_each_step():
    spec = visq.distortions.get("gaussian_blur")
    assert strength("gaussian_blur", 3) == (f"{spec.amounts[2]:g}", spec.unit)
    amount, unit = strength("gaussian_blur=1.5+jpeg", 5)
    assert amount == f"1.5 + {visq.distortions.get('jpeg').amounts[4]:g}"
    assert unit.startswith(f"{spec.unit} + ")
    sought = next(entry for entry in visq.distortions.bank("tid2013").entries if entry.search)
    assert strength(f"tid2013/{sought.number}", 1) == (f"{sought.amounts[0]:g}", "PSNR in dB")


def test_the_middle_is_cut_and_nothing_is_enlarged():
    pixels = np.arange(7 * 9).reshape(7, 9)
    assert centre(pixels, (3, 3)).tolist() == pixels[2:5, 3:6].tolist()
    assert centre(pixels, None) is pixels
    with pytest.raises(SizeError, match="at least 10x7; got 9x7"):
        centre(pixels, (10, 7))


# Estimates ---------------------------------------------------------------------------------------------------


def test_the_estimate_of_what_is_left_goes_by_what_was_made():
    rows = [(0, 0.5, 1e6, 10), (1, 0.1, 2e5, 100), (2, 0.3, 4e5, 100)]
    found = estimate.from_rows(rows, (1, 2), pictures=1000, references=10)
    assert found.seconds == pytest.approx(1000 * 0.2 + 10 * 0.5)
    assert found.bytes == pytest.approx(1000 * (3e5 + 2048 + 700) + 10 * (1e6 + 2048 + 700))
    assert found.time(1) == found.seconds
    assert estimate.from_rows(rows, (1, 2, 3), pictures=1, references=0) is None
    assert estimate.from_rows([(1, 0.1, 1.0, 2)], (1,), pictures=1, references=0) is None


@pytest.mark.parametrize(("number", "text"), [(0, "0 B"), (2048, "2.0 kB"), (5.25e9, "5.2 GB"), (4.4e12, "4.4 TB")])
def test_bytes_are_told_in_round_figures(number, text):
    assert estimate.in_bytes(number) == text


def test_times_are_told_in_round_figures():
    told = {0.2: "1 s", 59: "59 s", 600: "10 min", 3600: "1 h 00 min", 90_000: "25 h 00 min"}
    assert {seconds: estimate.in_time(seconds) for seconds in told} == told


# The journal -------------------------------------------------------------------------------------------------


def test_a_journal_of_a_thousand_photographs_is_walked_a_few_rows_at_a_time(tmp_path):
    journal = Journal(tmp_path / "journal.sqlite")
    empty = dict.fromkeys(COLUMNS, "")
    for photo in range(1, 1001):
        for level in range(3):
            journal.add(empty | {"photo": photo, "type": min(level, 1), "level": level, "status": "ok", "bytes": 1,
                                 "image": f"{photo}_{level}", "seed": 0, "score": None})  # fmt: skip
    journal.flush()
    keys = [(row["photo"], row["type"], row["level"]) for row in journal.rows()]
    assert keys == sorted(keys)
    assert len(set(keys)) == 3000
    assert journal.count("type = 0") == 1000
    assert verify(journal, tmp_path, lambda: None) == 0  # none of the pictures is there
    assert journal.count() == 0
    journal.close(remove=True)
    assert not list(tmp_path.iterdir())


def test_a_manifest_that_is_none_is_refused(tmp_path):
    journal = Journal(tmp_path / "journal.sqlite")
    for text in ("", "image,score\n", ",".join(COLUMNS) + "\nonly,three,cells\n", ",".join(COLUMNS) + "\n" + "x," * 20):
        (tmp_path / "manifest.csv").write_text(text, encoding="utf-8")
        with pytest.raises(StoreError, match="not the manifest of a set"):
            journal.load(tmp_path / "manifest.csv")
    assert journal.count() == 0
    journal.close()
    (tmp_path / "other.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(StoreError, match="not a database"):
        Journal(tmp_path / "other.sqlite")
