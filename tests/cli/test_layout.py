"""Tables on terminals: no line is wider than the terminal, and no number or header is cut."""

from __future__ import annotations

import sys

import pytest
from rich.cells import cell_len

from visq.cli.layout import names_and_numbers, shortened, without_common_folder


@pytest.fixture
def terminal(visq, monkeypatch):
    """`terminal(width, arguments...)`: the lines that a terminal of that width gets, without colours."""
    monkeypatch.setenv("NO_COLOR", "1")

    def call(width, *arguments):
        monkeypatch.setenv("COLUMNS", str(width))
        with monkeypatch.context() as patch:
            patch.setattr(sys.stdout, "isatty", lambda: True)
            return visq(*arguments).out.splitlines()

    return call


@pytest.mark.parametrize("width", [60, 80, 120])
def test_one_image_and_all_metrics(terminal, picture, width, classical):
    names = classical("fr")
    picture("a.png", side=192)
    picture("a.jpg", side=192)
    lines = terminal(width, "compare", "a.png", "a.jpg", "-m", "all")
    assert lines[0].split() == ["metric", "a.jpg"]
    assert [line.split()[0] for line in lines[1:]] == names
    assert all(float(line.split()[2]) > -1 for line in lines[1:])
    assert max(map(len, lines)) <= width


@pytest.mark.parametrize("width", [60, 80, 120])
def test_many_images_and_metrics_come_in_blocks_with_every_number_whole(terminal, picture, width, classical):
    names = classical("fr")
    folder = "a-folder-with-quite-a-long-name/and-another-one-within"
    for index in range(6):
        picture(f"ref/the-name-of-a-picture-{index:03}.png", side=192, seed=index)
        picture(f"{folder}/the-name-of-a-picture-{index:03}.jpg", side=192, seed=index)
    lines = terminal(width, "compare", "ref", folder, "-m", "all")
    assert max(map(len, lines)) <= width
    table = lines[: next(i for i, line in enumerate(lines) if line.startswith("metric"))]
    heads = [line.split()[1::2] for line in table if line.startswith("image ")]
    assert [name for head in heads for name in head] == names
    assert len(heads) > 1
    rows = [line.split() for line in table if line.split()[:1] and line.split()[0].endswith(".jpg")]
    assert len(rows) == 6 * len(heads)
    assert all(float(value) > -1 for _, *values in rows for value in values)
    assert sum(folder in line or "and-another" in line for line in table) <= 1, "the folder is said once"
    worst = [line for line in lines if line.startswith("  ")]
    assert len(worst) == 5 * len(names)
    assert all(line.endswith(".jpg") and float(line.split()[0]) > -1 for line in worst)


def test_what_fits_is_printed_whole():
    rows = [("some/folder/a.png", ["1"]), ("some/folder/b.png", ["2.5"])]
    assert list(names_and_numbers("image", ["psnr"], rows, 80))[1:] == [
        "some/folder/a.png     1", "some/folder/b.png   2.5",
    ]  # fmt: skip


def test_the_common_folder_is_one_of_whole_names():
    assert without_common_folder(["a/bc.png", "a/bd.png"]) == ("a/", ["bc.png", "bd.png"])
    assert without_common_folder(["a/b.png", "c/b.png"]) == ("", ["a/b.png", "c/b.png"])
    assert without_common_folder(["a.png", "a.png/b.png"]) == ("", ["a.png", "a.png/b.png"])


@pytest.mark.parametrize("name", ["x" * 100 + "-001.jpg", "写真" * 30 + "001.jpg"])
@pytest.mark.parametrize("room", [10, 16, 47])
def test_a_shortened_name_fits_and_keeps_its_end(name, room):
    short = shortened(name, room)
    assert room - 3 <= cell_len(short) <= room
    assert "..." in short
    assert short.endswith(".jpg")


def test_up_to_five_images_are_not_listed_again_as_the_worst(visq, terminal, picture):
    for index in range(6):
        picture(f"p/{index}.png", seed=index)
    five = [f"p/{index}.png" for index in range(5)]
    assert not any("worst" in line for line in terminal(80, "score", *five, "-m", "tv"))
    assert any("worst 5" in line for line in terminal(80, "score", "p", "-m", "tv"))
    assert "worst" not in visq("score", *five, "-m", "tv").err
    # Where the scores went into a table, the worst are not yet on the screen.
    assert any("worst" in line for line in terminal(80, "score", *five, "-m", "tv", "-o", "t.csv"))


def test_no_mean_where_nothing_was_scored(visq, terminal):
    assert "mean" not in visq("score", "a.png", "b.png", "-m", "tv").err
    assert terminal(80, "score", "a.png", "b.png", "-m", "tv")[-1] == "tv ↓: scored 0, errors 2"
