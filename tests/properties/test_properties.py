"""Properties over random shapes, types and values (hypothesis), and over graded damage to one picture."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import samples
import visq
from shared_data import lacking
from visq import catalog
from visq.errors import VisqError


def _parameters(specs):
    return [pytest.param(s, id=s.id, marks=lacking(s)) for s in specs]


_ALL = _parameters(s for s in catalog.specs() if s.kind != "video")
_PAIRED = [s for s in catalog.specs() if s.kind in ("fr", "rr")]
_EXACT = _parameters(s for s in _PAIRED if s.best is not None)
_FULL = _parameters(catalog.specs("fr"))
_SYMMETRIC = _parameters(s for s in _PAIRED if s.symmetric)

# Examples are the same in every run: what fails here fails everywhere.
_RUN = settings(
    max_examples=30, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)

_DTYPES = st.sampled_from(["uint8", "uint16", "float32", "float64"])


@st.composite
def _images(draw, count):
    """`count` images of one shape and dtype: sides 1 to 64, or above 200 for metrics with a large minimum."""
    sides = st.integers(1, 64) if draw(st.integers(0, 3)) else st.integers(200, 230)
    shape = (draw(sides), draw(sides), *draw(st.sampled_from([(), (1,), (3,)])))
    dtype = np.dtype(draw(_DTYPES))
    return [_image(draw, shape, dtype) for _ in range(count)]


def _image(draw, shape, dtype):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    pattern = draw(st.sampled_from(["constant", "noise", "two-valued", "ramp", "tiny", "spike"]))
    level = draw(st.sampled_from([0.0, 1.0]) | st.floats(0, 1))
    if pattern == "constant":
        values = np.full(shape, level)
    elif pattern == "noise":
        values = rng.random(shape)
    elif pattern == "two-valued":
        values = (rng.random(shape) < 0.5) * level
    elif pattern == "ramp":
        values = np.linspace(0, level, int(np.prod(shape))).reshape(shape)
    elif pattern == "tiny":
        values = rng.random(shape) * draw(st.sampled_from([1e-30, 1e-12, 1e-6]))
    else:
        values = np.full(shape, level)
        values.reshape(-1)[rng.integers(values.size)] = 1.0 - level
    if dtype.kind == "u":
        return (values * np.iinfo(dtype).max).round().astype(dtype)
    return values.astype(dtype)


def _arguments(spec, images):
    return images[:2] if spec.takes_reference else images[:1]


@pytest.mark.parametrize("spec", _ALL)
def test_a_finite_number_in_range_or_our_error(spec):
    metric = visq.metric(spec.id)
    low, high = spec.value_range

    @_RUN
    @given(_images(2))
    def check(images):
        try:
            value = metric(*_arguments(spec, images))
        except VisqError:
            assert min(images[0].shape[:2]) < spec.min_side, "refused, and is not too small"
            return
        assert np.isfinite(value)
        assert low <= value <= high

    check()


@pytest.mark.parametrize("spec", _EXACT)
def test_identity(spec):
    metric = visq.metric(spec.id)

    @_RUN
    @given(_images(1))
    def check(images):
        (image,) = images
        if min(image.shape[:2]) >= spec.min_side:
            assert metric(image, image.copy()) == spec.best

    check()


@pytest.mark.parametrize("spec", _SYMMETRIC)
def test_symmetry(spec):
    metric = visq.metric(spec.id)

    @_RUN
    @given(_images(2))
    def check(images):
        image, reference = images
        if min(image.shape[:2]) >= spec.min_side:
            one, two = float(metric(image, reference)), float(metric(reference, image))
            # Sums in another order: some float32 steps of the largest term, not of the small difference left.
            assert one == pytest.approx(two, rel=1e-5, abs=1e-6)

    check()


_DAMAGE = {
    "blur": (samples.blurred, (0.6, 1.0, 1.6, 2.5, 4.0)),
    "noise": (samples.noisy, (5, 10, 18, 30, 50)),
    "jpeg": (samples.jpeg, (60, 35, 20, 10, 5)),
}


@pytest.mark.parametrize("damage", _DAMAGE)
@pytest.mark.parametrize("spec", _FULL)
def test_more_damage_is_a_worse_score(spec, damage):
    apply, levels = _DAMAGE[damage]
    reference = samples.picture(256, 272)
    metric = visq.metric(spec.id)
    scores = [spec.best, *(float(metric(apply(reference, level), reference)) for level in levels)]
    steps = np.diff(scores) * (1 if spec.lower_is_better else -1)
    assert (steps > 0).all(), scores


@pytest.mark.parametrize("spec", _ALL)
def test_white_may_have_any_value(spec):
    metric = visq.metric(spec.id)
    side = max(48, spec.min_side)
    image = samples.blurred(samples.picture(side, side), 1.0) / 255.0
    arguments = _arguments(spec, [image, samples.picture(side, side) / 255.0])
    value = float(metric(*arguments))

    @settings(_RUN, max_examples=5)
    @given(st.floats(1e-3, 1e6))
    def check(white):
        scaled = float(metric(*(a * white for a in arguments), data_range=white))
        assert scaled == pytest.approx(value, rel=1e-6, abs=1e-9)

    check()
