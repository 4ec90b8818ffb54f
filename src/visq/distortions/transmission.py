"""Errors on the way: bits of a JPEG or JPEG 2000 file that arrive inverted, and what a decoder then shows.

What is struck is the coded picture, never headers or markers, as where a transport protects what decoding stands and
falls with. Errors of a lower rate are among those of a higher one, and at least one bit is struck, so that a small
picture is not spared.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator

import numpy as np

from visq.distortions.compression import JPEG2000_RATE, decoded, encoded
from visq.errors import InputError

_SOD, _PLT, _COD, _SOS = 0xFF93, 0xFF58, 0xFF52, 0xDA
# What is spared at the beginning of a packet: its header, which says what of each code block follows.
_HEADER, _HEADER_OF_BLOCK = 8, 8
# Bytes for which chances are drawn at once: memory stays small on large pictures.
_STRIP = 1 << 20


def jpeg_transmission(
    pixels: np.ndarray, amount: float, *, rng: np.random.Generator, quality: int = 90, restart_blocks: int = 8
) -> np.ndarray:
    """Bit errors in the entropy-coded data of a baseline JPEG file.

    A struck bit makes the decoder lose step: blocks get wrong coefficients, wrong brightness and colour, and wrong
    places, up to the next restart marker.

    Parameters
    ----------
    pixels : numpy.ndarray
        `(H, W, C)`, 0..1; 8 bits of it are coded, with chroma 4:2:0.
    amount : float
        Probability that a bit is inverted.
    rng : numpy.random.Generator
        Which bits are.
    quality : int
        Of the JPEG file.
    restart_blocks : int
        Blocks of 16 x 16 pixels (8 x 8 of a grey picture) from one restart marker to the next: how far damage reaches.

    Returns
    -------
    numpy.ndarray
        Same shape; what libjpeg-turbo shows of the file.

    References
    ----------
    Types 12 of TID2008 and TID2013 (N. Ponomarenko et al., "Image database TID2013", Signal Processing: Image
    Communication 30, 2015) are JPEG transmission errors; how they were made is not published in full, and this is a
    reconstruction.
    """
    file = encoded(pixels, "JPEG", quality=quality, subsampling="4:2:0", restart_marker_blocks=restart_blocks)
    data = np.frombuffer(file, np.uint8).copy()
    (begin,) = struct.unpack_from(">H", file, _scan(file) + 2)
    begin += _scan(file) + 2
    coded = data[begin:-2]
    # 0xFF begins a marker: neither one, nor what follows it, is touched, and none is made.
    free = coded != 0xFF
    free[1:] &= coded[:-1] != 0xFF
    struck = coded ^ _errors(coded.size, amount, rng, free)
    coded[:] = np.where(struck == 0xFF, coded, struck)
    return decoded(data.tobytes(), pixels)


def jpeg2000_transmission(
    pixels: np.ndarray, amount: float, *, rng: np.random.Generator, ratio: float = 5.0
) -> np.ndarray:
    """Bit errors in the packets of a JPEG 2000 code stream, whose headers are protected.

    A struck code block is wrong from there on: waves and smears, in detail or over wide areas as it belongs to a fine
    or a coarse scale.

    Parameters
    ----------
    pixels : numpy.ndarray
        `(H, W, C)`, 0..1; 8 bits of it are coded.
    amount : float
        Probability that a bit is inverted.
    rng : numpy.random.Generator
        Which bits are.
    ratio : float
        Compression ratio of the code stream.

    Returns
    -------
    numpy.ndarray
        Same shape; what OpenJPEG shows of the code stream. Where it refuses to, the error rate is halved until it does
        not: a receiver would ask for such a picture again.

    References
    ----------
    Types 13 of TID2008 and TID2013; as for `jpeg_transmission`, a reconstruction.
    """
    file = encoded(pixels, "JPEG2000", **JPEG2000_RATE, quality_layers=[ratio], plt=True)
    bodies = list(_packet_bodies(file, pixels.shape[:2]))
    places = np.concatenate([np.arange(first, end) for first, end in bodies] or [np.empty(0, np.int64)])
    if not places.size:
        return decoded(file, pixels)
    state = rng.bit_generator.state
    while True:
        rng.bit_generator.state = state
        data = np.frombuffer(file, np.uint8).copy()
        data[places] ^= _errors(places.size, amount, rng, np.ones(places.size, bool))
        try:
            return decoded(data.tobytes(), pixels)
        except OSError:
            amount /= 2.0
            if amount < 1e-12:
                return decoded(file, pixels)


def _errors(count: int, rate: float, rng: np.random.Generator, free: np.ndarray) -> np.ndarray:
    """Bytes of which each bit is set with probability `rate`; at least one bit, in a byte of `free` if there is any."""
    out = np.empty(count, np.uint8)
    least, where = 2.0, (0, 0)
    for first in range(0, count, _STRIP):
        end = min(first + _STRIP, count)
        chance = rng.random((end - first, 8), dtype=np.float32)
        out[first:end] = np.packbits(chance < rate, axis=1)[:, 0]
        chance[~free[first:end]] = 2.0
        row, bit = divmod(int(np.argmin(chance)), 8)
        if chance[row, bit] < least:
            least, where = float(chance[row, bit]), (first + row, bit)
    out[~free] = 0
    if least < 2.0 and not out.any():
        out[where[0]] = 128 >> where[1]
    return out


def _scan(file: bytes) -> int:
    """Where the marker lies after which the only scan of a JPEG file begins."""
    at = 2
    while at + 4 <= len(file):
        if file[at + 1] == _SOS:
            return at
        at += 2 + struct.unpack_from(">H", file, at + 2)[0]
    raise InputError("the JPEG file has no scan")


def _packet_bodies(file: bytes, size: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """First byte and end of what follows each packet's header, in a code stream of one tile with lengths of packets."""
    at, scales, lengths = 2, 0, bytearray()
    while True:
        marker, length = struct.unpack_from(">HH", file, at)
        if marker == _SOD:
            break
        if marker == _COD:
            scales = file[at + 9]
        if marker == _PLT:
            lengths += file[at + 5 : at + 2 + length]
        at += 2 + length
    at += 2
    packets = list(_numbers(lengths))
    components = len(packets) // (scales + 1) or 1
    for index, length in enumerate(packets):
        spared = _HEADER + _HEADER_OF_BLOCK * _blocks(size, scales, index // components)
        if spared < length:
            yield at + spared, at + length
        at += length


def _numbers(packed: bytearray) -> Iterator[int]:
    """Numbers of seven bits a byte, of which the last has its highest bit clear."""
    value = 0
    for byte in packed:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            yield value
            value = 0


def _blocks(size: tuple[int, int], scales: int, resolution: int) -> int:
    """At most so many code blocks of 64 x 64 has one component at a resolution, 0 the coarsest."""
    shrink = 2 ** (scales - max(resolution - 1, 0))
    rows, columns = (math.ceil(math.ceil(side / shrink) / 64) for side in size)
    return rows * columns * (1 if resolution == 0 else 3)


__all__ = ["jpeg2000_transmission", "jpeg_transmission"]
