"""A probe that was stopped goes on where it was, and its table is the one it would have been."""

from __future__ import annotations

import contextlib
import csv
import io
import sqlite3

import numpy as np
import pytest

from probe_nets import damaged, picture, rated, tiny
from visq.errors import StoreError
from visq.probe import made_pairs, run
from visq.probe.cache import Cache
from visq.store.lock import FileLock


def rows(table):
    """The table without its times."""
    return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(io.StringIO(table.as_csv()))]


def counted(net):
    """Counts the pictures that go through the network."""
    calls, forward = [], net.module.forward

    def count(*given):
        calls.append(1)
        return forward(*given)

    net.module.forward = count
    return net, calls


def stopping(after):
    done = []

    def on_pair():
        done.append(1)
        if len(done) == after:
            raise KeyboardInterrupt

    return on_pair


def test_a_stopped_run_goes_on_and_gives_the_same_table(tmp_path):
    pairs, chosen = rated(contents=3), {"readouts": "l2,gram,relevance", "samples": 100, "baselines": ["psnr"]}
    whole = run(tiny(), dataset=pairs, **chosen)
    path = tmp_path / "deep" / "probe.sqlite"
    with pytest.raises(KeyboardInterrupt):
        run(tiny(), dataset=pairs, cache=path, on_pair=stopping(len(pairs) + 25), **chosen)
    net, calls = counted(tiny())
    again = run(net, dataset=pairs, cache=path, **chosen)
    assert rows(again) == rows(whole)
    for key, distances in whole.distances.items():
        assert (again.distances[key] == distances).all()
    # 25 of 60 pairs were measured: 35 images are left, of two references.
    assert len(calls) == 35 + 2
    net, calls = counted(tiny())
    third = run(net, dataset=pairs, cache=path, **chosen)
    assert not calls
    assert third.as_csv() == again.as_csv()


def test_more_read_outs_and_layers_only_add(tmp_path):
    path = tmp_path / "probe.sqlite"
    pairs = rated(contents=2)
    run(tiny(), layers="relu1", dataset=pairs, cache=path, samples=0)
    net, calls = counted(tiny())
    wider = run(net, layers="relu1,relu2", readouts="l2,hist", dataset=pairs, cache=path, samples=0)
    assert len(calls) == 40 + 2
    assert rows(wider) == rows(run(tiny(), layers="relu1,relu2", readouts="l2,hist", dataset=pairs, samples=0))


def test_other_weights_share_nothing(tmp_path):
    path = tmp_path / "probe.sqlite"
    pairs = rated(contents=2)
    first = run(tiny(), layers="relu1", dataset=pairs, cache=path, samples=0)
    net, calls = counted(tiny(seed=9))
    second = run(net, layers="relu1", dataset=pairs, cache=path, samples=0)
    assert len(calls) == 40 + 2
    assert first.rows[0].identity != second.rows[0].identity


def test_a_pair_whose_content_changed_is_measured_again(tmp_path):
    path = tmp_path / "probe.sqlite"
    run(tiny(), layers="relu1", dataset=rated(contents=2), cache=path, samples=0)
    net, calls = counted(tiny())
    run(net, layers="relu1", dataset=rated(contents=3), cache=path, samples=0)
    assert len(calls) == 20 + 1


def test_what_was_not_committed_is_lost_and_nothing_else(tmp_path):
    path = str(tmp_path / "probe.sqlite")
    store = Cache(path)
    store.add("net", "tap", "base", "one", [1.0, 2.0], 0.5)
    store.flush()
    store.add("net", "tap", "base", "two", [3.0, 4.0], 0.5)
    # As a kill leaves it: closed by the system, nothing put away.
    store._database.close()
    store._release()
    with Cache(path) as again:
        assert again.known("net", "tap", "base") == {"one"}
        found, seconds, small = again.vectors("net", "tap", "base", ["one"])
        assert (found.tolist(), seconds, small) == ([[1.0, 2.0]], 0.5, 0)
        assert again.vectors("net", "tap", "base", ["one", "two"])[0] is None


def test_vectors_keep_every_bit_and_the_order_that_is_asked_for():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(5, 7))
    with Cache() as store:
        for i in range(5):
            store.add("net", "tap", "base", str(i), values[i], 0.0)
        store.flush()
        assert (store.vectors("net", "tap", "base", list("42013"))[0] == values[[4, 2, 0, 1, 3]]).all()


def test_a_file_of_another_kind_is_left_alone(tmp_path):
    path = tmp_path / "notes.sqlite"
    path.write_text("these are my notes, and there are quite a few of them " * 40)
    before = path.read_bytes()
    with pytest.raises(StoreError, match="no cache of a probe, or damaged"):
        Cache(str(path))
    assert path.read_bytes() == before


def test_a_later_format_is_refused(tmp_path):
    path = str(tmp_path / "later.sqlite")
    with Cache(path):
        pass
    with sqlite3.connect(path) as database:
        database.execute("UPDATE about SET value = 'visq probe cache 9'")
    database.close()
    with pytest.raises(StoreError, match="of another kind"):
        Cache(path)


def test_a_database_of_another_program_is_left_alone(tmp_path):
    path = tmp_path / "photos.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE photos (name TEXT)")
    before = path.read_bytes()
    with pytest.raises(StoreError, match="of another kind"):
        Cache(str(path))
    assert path.read_bytes() == before
    with contextlib.closing(sqlite3.connect(path)) as database:
        assert [name for (name,) in database.execute("SELECT name FROM sqlite_master")] == ["photos"]


def test_a_file_that_is_refused_is_closed_before_others_may_have_it(tmp_path, monkeypatch):
    path = tmp_path / "notes.sqlite"
    path.write_text("these are my notes, and there are quite a few of them " * 40)
    opened, closed = [], []
    connect, release = sqlite3.connect, FileLock.release

    def connecting(*given, **options):
        opened.append(connect(*given, **options))
        return opened[-1]

    def releasing(lock):
        try:
            opened[-1].execute("SELECT 1")
        except sqlite3.ProgrammingError:
            closed.append(True)
        except sqlite3.DatabaseError:
            closed.append(False)
        release(lock)

    monkeypatch.setattr(sqlite3, "connect", connecting)
    monkeypatch.setattr(FileLock, "release", releasing)
    with pytest.raises(StoreError, match="no cache of a probe"):
        Cache(str(path))
    assert closed == [True]


def test_times_do_not_hang_on_what_was_measured_before():
    with Cache() as store:
        for pair, seconds in (("a", 9.0), ("b", 1.0), ("c", 2.0)):
            store.add("net", "", "forward", pair, [seconds], seconds)
        assert store.known("net", "", "forward") == {"a", "b", "c"}
        # One pair that took long is no mean of all.
        assert store.vectors("net", "", "forward", list("abc"))[1] == 2.0
        # A later run goes less deep.
        store.add("net", "", "forward", "c", [0.1], 0.1)
        store.flush()
        assert store.vectors("net", "", "forward", ["c"])[1] == 2.0


def test_what_was_altered_on_reading_is_said_though_the_pictures_are_not_read_again(tmp_path):
    one = picture(0)
    image = np.dstack([damaged(one, "blur", 2), np.full(one.shape[:2], 128, np.uint8)])
    given = rated(contents=2, kinds=("blur",))
    opaque = [p.image for p in given.pairs[1:]]
    mixed = made_pairs([p.reference for p in given.pairs], [image, *opaque], given.scores, groups=given.groups)
    path = tmp_path / "probe.sqlite"
    tables = [run(tiny(), layers="relu1", dataset=mixed, cache=path, samples=0) for _ in range(2)]
    for table in tables:
        [note] = table.sets["pairs"].notes
        assert note.startswith("altered or noted on reading, image: ")
        assert note.endswith("(1 of 10 pairs)")


def test_two_runs_do_not_share_a_file(tmp_path):
    path = str(tmp_path / "probe.sqlite")
    with Cache(path), pytest.raises(StoreError, match="another run is writing"):
        Cache(path)


def test_responses_come_one_by_one_and_are_those_of_the_network():
    import torch

    from visq.probe import open_net
    from visq.probe.measuring import _responses

    net = open_net("squeezenet1_1-random")
    planes = torch.rand((1, 3, 64, 48), generator=torch.Generator().manual_seed(0))
    expected = net.module(net.module.normalise(planes), ["input", "relu1", "fire4"])
    found = dict(_responses(net, planes, {"fire4", "input", "relu1"}))
    assert list(found) == ["input", "relu1", "fire4"]
    for tap, response in expected.items():
        assert torch.equal(found[tap], response)
