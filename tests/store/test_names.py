"""Names in tables are valid text and can be turned back."""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visq.store.names import escape, unescape


@settings(deadline=None)
@given(st.binary(max_size=40))
def test_every_name_comes_back(raw):
    name = os.fsdecode(raw)
    stored = escape(name)
    assert unescape(stored) == name
    assert "\0" not in stored
    stored.encode("utf-8")


@settings(deadline=None)
@given(st.text(st.sampled_from("\\x5cCfF0é\n\udcff\udc80"), max_size=12))
def test_names_that_look_escaped_come_back(name):
    assert unescape(escape(name)) == name


@settings(deadline=None)
@given(st.sets(st.text(st.sampled_from("\\x5c\udc5cf\udcff"), max_size=6), min_size=2, max_size=6))
def test_different_names_stay_different(names):
    assert len({escape(n) for n in names}) == len(names)


@pytest.mark.parametrize("name", ["a b.png", "C:\\photos\\x.png", 'quo"te', "new\nline", "日本.png", "=1+1"])
def test_ordinary_names_stay_as_they_are(name):
    assert escape(name) == name
