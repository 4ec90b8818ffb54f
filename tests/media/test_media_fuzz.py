"""Random damage to whole files: an image or one of our errors, never anything else, and never for long."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from media import corpus
from visq.errors import VisqError
from visq.media import Limits, open_image

FILES = corpus.small()
LIMITS = Limits(max_pixels=4_000_000)
COUNT = 60


@st.composite
def damage(draw: st.DrawFn, data: bytes) -> bytes:
    """Flip, overwrite, cut out, insert or repeat some bytes, in the header twice as often as elsewhere."""
    out = bytearray(data)
    for _ in range(draw(st.integers(1, 4))):
        if not out:
            break
        end = draw(st.sampled_from((len(out), min(len(out), 120))))
        at = draw(st.integers(0, end - 1))
        kind = draw(st.sampled_from(("flip", "write", "cut", "insert", "repeat", "end")))
        some = draw(st.binary(min_size=1, max_size=8))
        if kind == "flip":
            out[at] ^= 1 << draw(st.integers(0, 7))
        elif kind == "write":
            out[at : at + len(some)] = some
        elif kind == "cut":
            del out[at : at + draw(st.integers(1, 40))]
        elif kind == "insert":
            out[at:at] = some
        elif kind == "repeat":
            out[at:at] = out[at : at + draw(st.integers(1, 200))]
        else:
            del out[at:]
    return bytes(out)


@pytest.mark.parametrize("name", sorted(FILES))
def test_damaged_files(name):
    @settings(
        max_examples=COUNT, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(data=damage(FILES[name]), allow=st.booleans())
    def check(data: bytes, allow: bool) -> None:
        start = time.perf_counter()
        try:
            image = open_image(data, limits=LIMITS, allow_truncated=allow)
        except VisqError as error:
            text = str(error)
            image = None
        if image is None:
            assert text.isprintable()
        else:
            assert image.pixels.dtype.kind == "u"
            assert image.pixels.shape[:2] == (image.meta.height, image.meta.width)
            assert image.pixels.ndim == 2 or image.pixels.shape[2] == 3
        assert time.perf_counter() - start < 10

    check()


@settings(max_examples=200, deadline=None, database=None, derandomize=True)
@given(data=st.binary(max_size=200), head=st.sampled_from((b"", *sorted({d[:16] for d in FILES.values()}))))
def test_noise(data, head):
    with pytest.raises(VisqError):
        open_image(head + data)
