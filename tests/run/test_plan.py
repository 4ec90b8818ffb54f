"""From names to files: lazily, in one order, no link followed twice."""

from __future__ import annotations

import io
import os
import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visq.errors import InputError, PairingError
from visq.run.pairing import Pairing
from visq.run.plan import Finder, Found, read_names, without_waiting


def _touch(root, *names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_a_walk_gives_files_before_folders_each_by_name(tmp_path):
    _touch(tmp_path, "b.png", "a.JPG", "z/1.png", "c/2.png", "c/d/3.webp")
    found = [f.relative for f in Finder().walk(str(tmp_path))]
    assert found == ["a.JPG", "b.png", "c/2.png", "c/d/3.webp", "z/1.png"]


def test_hidden_and_other_files_are_counted_or_taken(tmp_path):
    _touch(tmp_path, "a.png", ".b.png", "._a.png", "notes.txt", ".hidden/c.png", "noext")
    finder = Finder()
    assert [f.relative for f in finder.walk(str(tmp_path))] == ["a.png"]
    assert finder.skipped == 5
    every = Finder(all_files=True)
    assert len(list(every.walk(str(tmp_path)))) == 6
    assert every.skipped == 0


def test_links_in_a_loop_end(tmp_path):
    _touch(tmp_path, "a/x.png")
    (tmp_path / "a" / "again").symlink_to(tmp_path)
    (tmp_path / "b").symlink_to(tmp_path / "a")
    (tmp_path / "self.png").symlink_to("self.png")
    assert [f.relative for f in Finder().walk(str(tmp_path))] == ["self.png", "a/x.png"]


def test_a_folder_that_cannot_be_read_is_an_input_with_a_problem(tmp_path, monkeypatch):
    _touch(tmp_path, "a/x.png", "b/y.png")
    real = os.scandir

    def refusing(path):
        if str(path).endswith("a"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr("visq.run.plan.os.scandir", refusing)
    bad, good = Finder().walk(str(tmp_path))
    assert (bad.relative, bad.problem) == ("a", "this folder cannot be read: Permission denied")
    assert (good.relative, good.problem) == ("b/y.png", "")


def test_a_missing_name_is_found_and_a_pattern_without_a_match_is_refused(tmp_path):
    missing = str(tmp_path / "no.png")
    assert list(Finder().find([missing])) == [Found(missing, "no.png")]
    with pytest.raises(InputError, match="nothing matches"):
        Finder().check([str(tmp_path / "*.png")])


@settings(deadline=None)
@given(st.lists(st.binary(min_size=1).filter(lambda b: b"\0" not in b), max_size=8), st.integers(1, 5))
def test_names_ended_by_nul_survive_any_cut(names, block):
    class Dribble(io.BytesIO):
        def read1(self, size=-1):
            return self.read(block)

    stream = Dribble(b"".join(n + b"\0" for n in names))
    assert [os.fsencode(n) for n in read_names(stream, nul=True)] == names


def test_lines_may_lack_the_last_end_and_empty_ones_are_passed_over():
    assert list(read_names(io.BytesIO(b"a.png\n\nb c.png\ncaf\xe9.png"))) == ["a.png", "b c.png", "caf\udce9.png"]


def test_a_slow_source_does_not_hold_up_the_others():
    def slow():
        yield Found("a", "a")
        time.sleep(0.3)
        yield Found("b", "b")

    got = []
    for one in without_waiting(slow()):
        got.append(one)
        time.sleep(0.01)
    assert [g.path for g in got if g] == ["a", "b"]
    assert got.count(None) > 5


def test_an_error_of_the_source_comes_through():
    def broken():
        yield Found("a", "a")
        raise InputError("broken")

    with pytest.raises(InputError, match="broken"):
        list(without_waiting(broken()))


def test_names_of_a_folder_take_little_memory(tmp_path):
    count = 5000
    for index in range(count):
        (tmp_path / f"a-photograph-with-a-usual-name-{index:07d}.jpg").touch()
    tracemalloc.start()
    try:
        first = next(walk := Finder().walk(str(tmp_path)))
        rest = sum(1 for _ in walk)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert first.relative.endswith("0000000.jpg")
    assert rest == count - 1
    assert peak / count < 300  # the promise is 500 bytes a name for the whole run; the rest is for its bookkeeping


def _found(*names, folder="f"):
    return [Found(f"{folder}/{n}", n) for n in names]


def test_pairs_go_by_name_whatever_the_order():
    pairing = Pairing.of(_found("b.png", "s/a.png", "a.png", folder="ref"))
    pairs = list(pairing.pairs(_found("a.jpg", "s/a.png", "x.png", folder="dis")))
    assert [(p.image, p.reference) for p in pairs] == [("dis/a.jpg", "ref/a.png"), ("dis/s/a.png", "ref/s/a.png")]
    assert pairing.without_reference == ["dis/x.png"]
    assert pairing.without_image() == ["ref/b.png"]


def test_a_doubtful_pair_is_refused_before_anything_is_scored():
    pairing = Pairing.of(_found("a.png", "a.bmp"))
    with pytest.raises(PairingError, match=r"a.jpg could belong to several references: a.png, a.bmp"):
        pairing.check(lambda: _found("a.jpg"))
    pairing.check(lambda: _found("a.png", "b.jpg"))


def test_no_walk_is_made_where_nothing_can_be_doubtful():
    Pairing.of(_found("a.png", "s/a.png")).check(lambda: pytest.fail("walked"))


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from("abcdef"), st.sampled_from([".png", ".jpg"]), min_size=1), st.randoms())
def test_pairing_does_not_depend_on_order(names, chance):
    references = _found(*(n + ".png" for n in names), folder="ref")
    distorted = _found(*(n + e for n, e in names.items()), folder="dis")
    chance.shuffle(references)
    chance.shuffle(distorted)
    pairs = list(Pairing.of(references).pairs(distorted))
    assert len(pairs) == len(names)
    assert all(p.reference == f"ref/{p.relative[0]}.png" for p in pairs)
