"""Bit errors: what is struck, how errors of different rates are nested, and that nothing makes a decoder give up."""

from __future__ import annotations

import struct
from itertools import pairwise

import numpy as np
import pytest
from distortion_pictures import photo

from samples import noise, picture
from visq.distortions import compression, transmission
from visq.distortions.apply import distort

NAMES = ["jpeg_transmission", "jpeg2000_transmission"]


def _coded(image, name):
    """The picture after coding without errors."""
    if name == "jpeg_transmission":
        return distort(image, "jpeg", amount=90)
    return distort(image, "jpeg2000", amount=5)


@pytest.mark.parametrize("name", NAMES)
def test_one_bit_at_least_is_struck(name):
    image = photo()
    errors = [(distort(image, name, amount=rate, seed=2) != _coded(image, name)).mean() for rate in (0.0, 1e-9)]
    assert errors[0] == errors[1] > 0
    # One bit of a JPEG file spoils eight blocks of 16 x 16 at most, and chroma is interpolated across their edges.
    changed = (distort(image, "jpeg_transmission", amount=0.0) != _coded(image, "jpeg_transmission")).any(axis=2)
    assert changed.any(axis=1).sum() <= 18
    assert changed.any(axis=0).sum() <= 8 * 16 + 2


@pytest.mark.parametrize("name", NAMES)
def test_damage_grows_with_the_rate_and_never_stops_the_decoder(name):
    pictures = [
        picture(67, 45),
        picture(45, 70, grey=True),
        noise(33, 129),
        noise(5, 3),
        np.zeros((40, 40, 3), np.uint8),
    ]
    for number, image in enumerate(pictures):
        for rate in (0.0, 1e-4, 1e-3, 0.01, 0.1, 0.5):
            for seed in range(3):
                out = distort(image, name, amount=rate, seed=seed, key=str(number))
                assert out.shape == image.shape
    image = photo()
    errors = [
        np.mean([np.mean((distort(image, name, amount=r, seed=s) / 255.0 - image / 255.0) ** 2) for s in range(4)])
        for r in (1e-5, 1e-4, 1e-3, 1e-2)
    ]
    assert errors == sorted(errors)


def test_errors_of_a_lower_rate_are_among_those_of_a_higher_one():
    free = np.ones(4000, bool)
    free[::7] = False
    few, many = (transmission._errors(4000, rate, np.random.default_rng(1), free) for rate in (0.01, 0.05))
    assert not (few & ~many).any()
    assert not many[~free].any()
    assert np.unpackbits(many[free]).mean() == pytest.approx(0.05, rel=0.06)  # three standard deviations


def test_packets_fill_the_code_stream_and_their_headers_are_spared():
    pixels = photo(height=384, width=512) / 255.0
    file = compression.encoded(pixels, "JPEG2000", **compression.JPEG2000_RATE, quality_layers=[5.0], plt=True)
    bodies = list(transmission._packet_bodies(file, pixels.shape[:2]))
    assert file[-2:] == b"\xff\xd9"
    assert bodies[-1][1] == len(file) - 2
    assert len(bodies) >= 12
    assert all(a < b <= c for (a, b), (c, _) in pairwise(bodies))
    # Most of what is coded is open to errors.
    assert sum(b - a for a, b in bodies) > 0.8 * len(file)


def test_the_scan_of_a_jpeg_file_is_found():
    file = compression.encoded(photo() / 255.0, "JPEG", quality=90, restart_marker_blocks=8)
    at = transmission._scan(file)
    assert file[at : at + 2] == b"\xff\xda"
    (length,) = struct.unpack_from(">H", file, at + 2)
    assert length == 12  # three components
    assert file[at:].count(b"\xff\xd0") >= 1  # restart markers
