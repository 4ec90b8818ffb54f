"""MATLAB files that nobody vouches for: what they claim is not what visq does."""

from __future__ import annotations

import random
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
import scipy.io

from visq import weights
from visq.errors import WeightsError
from visq.weights.arrays import list_mat, read_mat
from visq.weights.cells import read_cell
from visq.weights.matlab import read_variables

HEAD = b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack("<H", 0x0100) + b"IM"

BOMB = zlib.compress(bytes(20_000_000))


def element(kind, data):
    return struct.pack("<II", kind, len(data)) + data + b"\0" * (-len(data) % 8)


def head_of(code, shape, name):
    return (
        element(6, struct.pack("<II", code, 0)) + element(5, struct.pack(f"<{len(shape)}i", *shape)) + element(1, name)
    )


def matrix(code, shape, name, body):
    return element(14, head_of(code, shape, name) + body)


def test_cells_and_arrays_are_those_that_scipy_wrote(tmp_path):
    rng = np.random.default_rng(0)
    items = [rng.normal(size=(1, 5)), rng.integers(0, 99, (5, 5)), rng.normal(size=(7, 1)).astype(np.float32)]
    cell = np.empty((1, 3), object)
    cell[0, :] = items
    for number, packed in enumerate((False, True)):
        path = tmp_path / f"{number}.mat"
        scipy.io.savemat(path, {"c": cell, "a": items[0], "i": items[1], "s": "x"}, do_compression=packed)
        for mine, written in zip(read_cell(path, "c", ((1, 5), (5, 5), (7, 1))), items, strict=True):
            np.testing.assert_array_equal(mine, written)
        np.testing.assert_array_equal(read_mat(path, {"a": (1, 5), "i": (5, 5)})["i"], items[1])
        assert list_mat(path) == {name: kind for name, _, kind in scipy.io.whosmat(path)}


def test_byte_order_of_the_other_kind(tmp_path):
    path = tmp_path / "big.mat"
    flags = struct.pack(">IIII", 6, 8, 6, 0)
    shape = struct.pack(">IIii", 5, 8, 1, 2)
    name = struct.pack(">HH", 1, 1) + b"a\0\0\0"
    body = flags + shape + name + struct.pack(">IIdd", 9, 16, 1.5, -2.0)
    path.write_bytes(HEAD[:124] + b"\x01\x00MI" + struct.pack(">II", 14, len(body)) + body)
    assert read_mat(path, {"a": (1, 2)})["a"].tolist() == scipy.io.loadmat(path)["a"].tolist() == [[1.5, -2.0]]


def test_cells_within_cells_are_refused_however_deep(tmp_path):
    inner = matrix(6, (1, 1), b"", element(9, struct.pack("<d", 1.0)))
    parts, size = [inner], len(inner)
    for level in range(100_000):
        head = head_of(1, (1, 1), b"c" if level == 99_999 else b"")
        parts.append(struct.pack("<II", 14, len(head) + size) + head)
        size += len(head) + 8
    path = tmp_path / "deep.mat"
    path.write_bytes(HEAD + b"".join(reversed(parts)))
    with pytest.raises(WeightsError, match=r"deep\.mat is damaged; got an entry: cell, not real numbers"):
        read_cell(path, "c", ((1, 1),))


@pytest.mark.parametrize("claim", ["packed", "cells", "numbers", "names"])
def test_claims_take_no_memory(tmp_path, monkeypatch, claim):
    monkeypatch.setattr("visq.weights.matlab.MAX_BYTES", 1_000_000)
    huge = (1, 2**30)
    data = {
        "packed": struct.pack("<II", 15, len(BOMB)) + BOMB,
        "cells": matrix(1, huge, b"c", b""),
        "numbers": matrix(1, (1, 1), b"c", matrix(6, huge, b"", element(9, b"\0" * 64))),
        "names": struct.pack("<II", 14, 2**31),
    }[claim]
    path = tmp_path / "claim.mat"
    path.write_bytes(HEAD + data)
    tracemalloc.start()
    try:
        with pytest.raises(WeightsError, match=r"claim\.mat.*" + ("when unpacked" if claim == "packed" else "")):
            read_cell(path, "c", ((1, None),))
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()
    assert weights.MAX_BYTES > 1_000_000


def test_changed_bytes_are_read_or_refused_and_nothing_else(tmp_path):
    cell = np.empty((1, 2), object)
    cell[0, :] = [np.arange(4.0)[None], np.eye(3)]
    random_bytes = random.Random(7)
    path = tmp_path / "fuzz.mat"
    refused = 0
    for packed in (False, True):
        scipy.io.savemat(path, {"c": cell, "a": np.eye(2)}, do_compression=packed)
        whole = path.read_bytes()
        for _ in range(1500):
            data = bytearray(whole)
            for _ in range(random_bytes.choice((1, 1, 2, 8))):
                data[random_bytes.randrange(120, len(data))] = random_bytes.randrange(256)
            path.write_bytes(data[: random_bytes.choice((len(data), random_bytes.randrange(len(data))))])
            try:
                read_variables(path)
                read_cell(path, "c", ((1, 4), (3, 3)))
                read_mat(path, {"a": (2, 2)})
            except WeightsError:
                refused += 1
    assert refused > 1000
