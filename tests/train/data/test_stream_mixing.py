"""Several streams as one: in the stated ratio, going on where they stopped, and from any batch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from visq.errors import InputError, OptionError
from visq.train.data.mixing import Joined, Mixed, side_by_side
from visq.train.streams import Stream


class _Numbered:
    """Batches that say which of which epoch they are."""

    def __init__(self, length, name="a", rows=2, **more):
        self.length, self.identity, self.rows, self.more, self.open = length, f"{name}{length}", rows, more, 0

    def __len__(self):
        return self.length

    def epoch(self, number, start=0):
        self.open += 1
        try:
            for place in range(start, self.length):
                at = torch.full((self.rows,), number * self.length + place)
                yield {"image": torch.full((self.rows, 3, 2, 2), 1), "at": at, **self.more}
        finally:
            self.open -= 1


def _read(stream, number, start=0):
    return [(int(b["stream"][0]), int(b["at"][0])) for b in stream.epoch(number, start)]


_lengths = st.lists(st.integers(1, 7), min_size=1, max_size=3)


@given(_lengths, st.data())
def test_mixtures_read_every_stream_in_its_order_without_a_gap(lengths, data):
    ratio = [data.draw(st.integers(1, 4)) for _ in lengths]
    mixed = Mixed([_Numbered(n) for n in lengths], ratio)
    epochs = [_read(mixed, number) for number in range(4)]
    assert all(len(epoch) == len(mixed) for epoch in epochs)
    for which in range(len(lengths)):
        drawn = [at for epoch in epochs for stream, at in epoch if stream == which]
        assert drawn == list(range(len(drawn)))
    # The first stream once through, in every epoch.
    assert all(sum(stream == 0 for stream, _ in epoch) == lengths[0] for epoch in epochs)
    number, start = data.draw(st.integers(0, 3)), data.draw(st.integers(0, len(mixed)))
    assert _read(mixed, number, start) == epochs[number][start:]


@given(st.lists(st.integers(1, 5), min_size=2, max_size=4))
def test_the_ratio_holds_at_every_moment(ratio):
    mixed = Mixed([_Numbered(60, name) for name in "abcd"[: len(ratio)]], ratio)
    order = [stream for stream, _ in _read(mixed, 0)]
    for which, share in enumerate(ratio):
        counts = np.cumsum([stream == which for stream in order])
        ideal = np.arange(1, len(order) + 1) * share / sum(ratio)
        # Each is drawn when it is most behind: none is ever ahead or behind by the number of streams.
        assert abs(counts - ideal).max() < len(ratio)


def test_streams_are_closed_when_nobody_reads_on():
    streams = [_Numbered(5), _Numbered(4)]
    for stream in (Mixed(streams, (1, 1)), Joined(streams)):
        source = stream.epoch(0)
        next(source)
        next(source)
        assert sum(s.open for s in streams) == 2
        source.close()
        assert sum(s.open for s in streams) == 0
        list(stream.epoch(0))
        assert sum(s.open for s in streams) == 0


def test_joined_batches_fill_in_what_lacks():
    rated = {
        "image": torch.zeros(2, 3, 4, 4, dtype=torch.uint8),
        "score": torch.tensor([0.5, 0.25]),
        "sure": torch.tensor([True, True]),
    }
    ranked = {"image": torch.ones(3, 3, 4, 4, dtype=torch.uint8), "level": torch.tensor([0, 1, 2])}
    found = side_by_side([rated, ranked])
    assert found["image"].shape == (5, 3, 4, 4)
    assert found["level"].tolist() == [-1, -1, 0, 1, 2]
    assert found["sure"].tolist() == [True, True, False, False, False]
    assert torch.isnan(found["score"][2:]).all()
    assert found["score"][:2].tolist() == [0.5, 0.25]
    assert found["stream"].tolist() == [0, 0, 1, 1, 1]


def test_joined_streams_have_no_group_in_common():
    """Two streams that both count from 0, one without groups, one whose groups are contents."""
    own = [[0, 0, 1, 1], [0, 0, 1, 1], None, [7, 5, 7, 7]]
    batches = [{"image": torch.zeros(4, 3, 2, 2), **({"group": torch.tensor(g)} if g else {})} for g in own]
    found = side_by_side(batches)["group"].tolist()
    assert found[:4] == [0, 0, 1, 1]
    assert found[8:12] == [-1] * 4
    names = [(which, g) for which, groups in enumerate(own) for g in groups or [-1] * 4]
    for i in range(16):
        for j in range(16):
            assert (found[i] == found[j]) == (names[i] == names[j])


def test_joined_streams_go_on_from_any_batch():
    joined = Joined([_Numbered(5, rows=1), _Numbered(3, rows=1)])
    assert isinstance(joined, Stream)
    epochs = [[b["at"].tolist() for b in joined.epoch(number)] for number in range(3)]
    assert [pair for epoch in epochs for pair in epoch] == [[i, i] for i in range(15)]
    assert [b["at"].tolist() for b in joined.epoch(2, 3)] == epochs[2][3:]


def test_what_does_not_belong_together_is_refused():
    small = _Numbered(2, image=torch.zeros(2, 3, 4, 4, dtype=torch.uint8))
    with pytest.raises(InputError, match=r"image of these streams cannot be put together; expected \(3, 2, 2\)"):
        list(Joined([_Numbered(2), small]).epoch(0))
    with pytest.raises(InputError, match="not all of these streams have features"):
        list(Joined([_Numbered(2), _Numbered(2, features=torch.zeros(2, 4))]).epoch(0))
    for ratio in ((1,), (1, 0), (1, 2, 3), (0.5, 0.5)):
        with pytest.raises(OptionError):
            Mixed([_Numbered(2), _Numbered(2)], ratio)
    for make in (lambda s: Mixed(s, [1] * len(s)), Joined):
        with pytest.raises(InputError, match="without batches"):
            make([_Numbered(2), _Numbered(0)])
    mixed = Mixed([_Numbered(2)], [1])
    for number, start in ((-1, 0), (0, 3)):
        with pytest.raises(OptionError):
            mixed.epoch(number, start)


def test_identity_is_of_the_streams_and_the_ratio():
    streams = [_Numbered(2), _Numbered(3)]
    found = [Mixed(streams, (1, 1)).identity, Mixed(streams, (2, 1)).identity, Mixed(streams[::-1], (1, 1)).identity,
             Joined(streams).identity]  # fmt: skip
    assert len(set(found)) == 4
