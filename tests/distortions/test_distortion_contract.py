"""What every distortion must hold, at every level: form, range, repeatability, severity."""

from __future__ import annotations

import inspect
from importlib.util import find_spec

import numpy as np
import pytest
from distortion_pictures import every_kind, photo

from visq import distortions
from visq.distortions.apply import distort, operator
from visq.distortions.registry import FAMILIES
from visq.errors import SizeError

LEVELS = (1, 2, 3, 4, 5)
_NEEDS = {"video": "av"}
SPECS = distortions.specs()
_KINDS = every_kind()
# The least growth of the mean squared error from one level to the next. Rounding to 8 bit and patterns that happen to
# cancel may take a little of it back.
_SLACK = 0.995


def _installed(spec):
    if spec.extra and find_spec(_NEEDS[spec.extra]) is None:
        pytest.skip(f"{spec.id} needs {_NEEDS[spec.extra]}")


def _error(a, b):
    return float(np.mean((a.astype(np.float64) - b.astype(np.float64)) ** 2))


@pytest.mark.parametrize("spec", SPECS, ids=lambda s: s.id)
def test_every_level_keeps_form_and_range_of_every_kind_of_picture(spec):
    _installed(spec)
    for kind, image in _KINDS.items():
        before = image.copy()
        if min(image.shape[:2]) < spec.min_side:
            with pytest.raises(SizeError, match="too small"):
                distort(image, spec.id, 1)
            continue
        for level in LEVELS:
            out = distort(image, spec.id, level, key=kind)
            assert (out.dtype, out.shape) == (image.dtype, image.shape), (kind, level)
            assert not np.may_share_memory(out, image)
            if out.dtype.kind == "f":
                assert np.isfinite(out).all(), (kind, level)
                assert out.min() >= 0, (kind, level)
                assert out.max() <= 1, (kind, level)
        np.testing.assert_array_equal(image, before, err_msg=kind)


@pytest.mark.parametrize("spec", SPECS, ids=lambda s: s.id)
def test_the_same_call_gives_the_same_bytes_and_only_what_is_random_heeds_the_seed(spec):
    _installed(spec)
    image = photo(height=72, width=96)
    first = distort(image, spec.id, 3, seed=7, key="a")
    np.testing.assert_array_equal(distort(image, spec.id, 3, seed=7, key="a"), first)
    others = [distort(image, spec.id, 3, seed=seed, key=key) for seed, key in ((8, "a"), (7, "b"), (9, "c"), (10, "d"))]
    assert any((other != first).any() for other in others) == spec.random


@pytest.mark.parametrize("spec", [s for s in SPECS if s.monotone], ids=lambda s: s.id)
@pytest.mark.parametrize("name", ["hibiscus", "houses"])
def test_severity_rises_with_the_level(spec, name):
    _installed(spec)
    image = photo(name)
    errors = [_error(distort(image, spec.id, level, key=name), image) for level in (0, *LEVELS)]
    assert errors[0] == 0
    for level in LEVELS:
        assert errors[level] >= errors[level - 1] * _SLACK, (level, errors)
    assert errors[5] > errors[1], errors
    assert errors[5] > 10, errors  # of 65025: 38 dB


@pytest.mark.parametrize("spec", [s for s in SPECS if s.colour], ids=lambda s: s.id)
def test_what_changes_colour_alone_leaves_grey_as_it_is(spec):
    grey = photo()[..., 1].copy()
    np.testing.assert_array_equal(distort(grey, spec.id, 5), grey)
    colourless = np.repeat(grey[..., None], 3, axis=2)
    assert (
        np.abs(distort(colourless, spec.id, 2).astype(int) - colourless).max() <= 2
        or spec.random
        or spec.id in ("chromatic_aberration", "subpixel_fringes")
    )


@pytest.mark.parametrize("spec", SPECS, ids=lambda s: s.id)
def test_operators_take_what_the_contract_says(spec):
    _installed(spec)
    function = operator(spec)
    parameters = inspect.signature(function).parameters
    assert next(iter(parameters)) == "pixels"
    assert parameters["rng"].kind is inspect.Parameter.KEYWORD_ONLY
    for name, _ in spec.options:
        assert parameters[name].kind is inspect.Parameter.KEYWORD_ONLY
    assert (function.__doc__ or "").strip()
    if max(1, spec.min_side) > 24:
        return
    pixels = photo(height=24, width=32) / 255.0
    pixels.flags.writeable = False
    out = function(pixels, spec.amounts[2], rng=np.random.default_rng(0), **dict(spec.options))
    assert out.shape == pixels.shape
    assert out.dtype == np.float64


def test_entries_are_complete():
    for spec in SPECS:
        assert spec.family in FAMILIES
        assert spec.impl.startswith("visq.distortions.")
        assert spec.id == spec.id.lower().replace("-", "_")
        assert spec.unit, spec.id
        assert spec.title, spec.id
        assert spec.source, spec.id
        assert len(spec.amounts) == 5
        assert all(spec.limits[0] <= a <= spec.limits[1] for a in spec.amounts), spec.id
        rises = np.sign(np.diff(spec.amounts))
        assert abs(rises.sum()) == 4, f"{spec.id}: amounts go one way"
    names = [n for spec in SPECS for n in (spec.id, *spec.aliases)]
    assert len(names) == len(set(names))
