"""`visq dataset list`, `show` and `splits`."""

from __future__ import annotations

import json

import dataset_trees as trees
import pytest
from click.testing import CliRunner

import visq
from visq.cli.dataset import command
from visq.errors import UnknownDatasetError
from visq.report.dataset_pages import page


def _run(*arguments):
    return CliRunner().invoke(command, list(arguments), standalone_mode=False, catch_exceptions=False)


def test_list_has_one_line_for_each_database():
    lines = _run("list").stdout.splitlines()
    assert lines[0].split()[:4] == ["DATABASE", "KIND", "SCORE", "BETTER"]
    assert [line.split()[0] for line in lines[1:]] == visq.datasets.ids()
    assert [line.split()[0] for line in _run("list", "--kind", "stereo").stdout.splitlines()[1:]] == visq.datasets.ids(
        "stereo"
    )


def test_list_as_json_has_no_infinity():
    found = json.loads(_run("list", "--json").stdout, parse_constant=pytest.fail)
    assert [row["id"] for row in found] == visq.datasets.ids()
    assert next(row for row in found if row["id"] == "pipal")["high"] is None


@pytest.mark.parametrize("name", visq.datasets.ids())
def test_show_tells_scale_direction_files_and_how_the_layout_was_learned(name):
    spec = visq.datasets.get(name)
    words = " ".join(_run("show", name).stdout.split())
    assert spec.title in words
    assert f"{'lower' if spec.lower_is_better else 'higher'} is better" in words
    assert f"layout {spec.layout}" in words
    assert json.loads(_run("show", name, "--json").stdout)["id"] == name


def test_show_of_an_unknown_name_gives_the_nearest():
    with pytest.raises(UnknownDatasetError, match="Did you mean 'kadid10k'"):
        _run("show", "kadid10")


def test_splits_of_what_ships():
    lines = _run("splits", "kadid10k").stdout.splitlines()
    assert len(lines) == 11
    assert lines[1].split() == ["0", "49", "16", "16"]
    found = json.loads(_run("splits", "kadid10k", "--json").stdout)["splits"]
    assert len(found) == 10
    assert sorted(found[3]["train"] + found[3]["val"] + found[3]["test"]) == [f"i{i:02}" for i in range(1, 82)]


def test_splits_of_a_copy_are_indices_of_its_samples(tmp_path):
    trees.text(tmp_path, "visq.csv", "image,score\n" + "".join(f"{i}.png,1\n" for i in range(10)))
    found = json.loads(_run("splits", "folder", "--root", str(tmp_path), "--json").stdout)["splits"]
    data = visq.dataset("folder", tmp_path)
    assert found[7] == {part: list(indices) for part, indices in data.split(7).items()}
    assert _run("splits", "folder", "--root", str(tmp_path)).stdout.splitlines()[1].split() == ["0", "6", "2", "2"]


def test_splits_that_do_not_ship_need_a_copy():
    from click import UsageError

    with pytest.raises(UsageError, match="--root"):
        _run("splits", "ava")


def test_the_page_has_a_section_for_every_database():
    text = page()
    for spec in visq.datasets.specs():
        assert f"\n### {spec.id}\n" in text
        assert f"(#{spec.id})" in text
    assert max(map(len, text.split("\n## The table")[0].splitlines())) <= 120
    assert "/work" not in text
    assert "`kadid10k`" in text.split("## The table")[0]


def test_the_group_has_the_maker_of_sets_too():
    words = _run("--help").stdout
    for name in ("list", "show", "check", "splits", "synth"):
        assert f"\n  {name} " in words
    assert "NOBODY" in _run("synth", "--help").stdout.upper()
