"""Sets of distorted photographs: names, bytes, labels, resuming, and what happens when something is in the way."""

from __future__ import annotations

import csv
import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from visq.distortions.apply import distort
from visq.distortions.synth import Photo, Plan, Recipe, estimate, types_of
from visq.distortions.synth.journal import COLUMNS, Journal
from visq.distortions.synth.run import JOURNAL, Synthesis, Watcher
from visq.errors import InputError, StoreError
from visq.media import open_image
from visq.media.lossless import TEMPORARY, encode

_TYPES = ("gaussian_blur", "gaussian_noise", "kadid10k/18")


def _photos(folder: Path, count: int = 3, size: tuple[int, int] = (40, 28)) -> tuple[Photo, ...]:
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(5)
    for number in range(count):
        coarse = rng.integers(0, 256, (size[1] // 4, size[0] // 4, 3), dtype=np.uint8)
        Image.fromarray(np.kron(coarse, np.ones((4, 4, 1), np.uint8))).save(folder / f"p{number}.png")
    return _listed(folder)


def _listed(folder: Path) -> tuple[Photo, ...]:
    return tuple(Photo(str(path), path.name) for path in sorted(folder.iterdir()))


def _recipe(**changed) -> Recipe:
    return Recipe(**{"types": types_of(_TYPES), "levels": (1, 3, 5), "size": (32, 24), **changed})


def _rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _content(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*")) if path.is_file()
    }  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A set of three photographs with two workers, and the outcome."""
    place = tmp_path_factory.mktemp("synth")
    plan = Plan(_recipe(), _photos(place / "photos"))
    outcome = Synthesis(plan, place / "set", jobs=2).run()
    return place, plan, outcome


# What is made ------------------------------------------------------------------------------------------------


def test_every_picture_is_there_once_and_in_the_manifest(made):
    place, plan, outcome = made
    rows = _rows(place / "set")
    assert len(rows) == 3 + plan.pictures == 30
    names = [row["image"] for row in rows]
    assert sorted(names) == sorted(path.name for path in (place / "set" / "images").iterdir())
    assert len(set(names)) == 30
    assert tuple(rows[0]) == COLUMNS
    assert {row["status"] for row in rows} == {"ok"}
    assert (outcome.pictures, outcome.references, outcome.made, outcome.failed) == (27, 3, 27, 0)
    assert outcome.bytes == sum(path.stat().st_size for path in (place / "set" / "images").iterdir())
    assert not (place / "set" / JOURNAL).exists()
    for row in rows:
        data = (place / "set" / "images" / row["image"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == row["sha256"]
        assert len(data) == int(row["bytes"])
        assert (row["width"], row["height"], row["bit_depth"]) == ("32", "24", "8")


def test_a_reference_is_the_middle_of_its_photograph(made):
    place, plan, _ = made
    whole = np.asarray(Image.open(plan.photos[1].path))
    found = np.asarray(Image.open(place / "set" / "images" / "I02.png"))
    assert np.array_equal(found, whole[2:26, 4:36])
    row = next(row for row in _rows(place / "set") if row["image"] == "I02.png")
    assert row["source"] == plan.photos[1].path
    assert row["source_sha256"] == hashlib.sha256(Path(plan.photos[1].path).read_bytes()).hexdigest()


def test_a_picture_can_be_made_again_from_its_line(made):
    place, _, _ = made
    images = place / "set" / "images"
    for row in _rows(place / "set"):
        if row["type"] == "0":
            continue
        reference = open_image(images / row["reference"]).pixels
        again = distort(
            reference, row["distortion"], int(row["level"]), seed=int(row["seed"]), key=row["source_sha256"]
        )
        assert np.array_equal(again, open_image(images / row["image"]).pixels), row["image"]


def test_labels_are_kadids_columns_and_only_types_that_rise_have_one(made):
    place, _, _ = made
    lines = (place / "set" / "dmos.csv").read_text(encoding="ascii").splitlines()
    assert lines[:4] == [
        "dist_img,ref_img,dmos,var", "I01_01_01.png,I01.png,4.2,", "I01_01_03.png,I01.png,2.6,",
        "I01_01_05.png,I01.png,1,",
    ]  # fmt: skip
    assert len(lines) == 1 + 3 * 2 * 3
    assert not any("_03_0" in line for line in lines)
    text = (place / "set" / "README.txt").read_text(encoding="utf-8")
    assert "NOBODY HAS RATED" in text
    assert "surrogate" in text
    assert "Types whose severity does not rise with the level have no label: kadid10k/18." in text


@pytest.mark.parametrize("name", ["synthetic", "kadid10k"])
def test_the_set_is_read_as_a_database(made, name):
    datasets = pytest.importorskip("visq.datasets")
    place, _, _ = made
    data = datasets.dataset(name, place / "set")
    assert len(data.samples) == 18
    assert not data.missing
    first = data.samples[0]
    assert (first.image, first.reference, first.score) == ("images/I01_01_01.png", "images/I01.png", 4.2)
    assert np.isnan(first.std)
    assert len(set(data.groups)) == 3
    assert not data.spec.lower_is_better
    if name == "synthetic":
        assert "surrogate" in data.spec.score_name
        assert {sample.distortion for sample in data.samples} == {"gaussian_blur", "gaussian_noise"}


def test_any_number_of_workers_gives_the_same_bytes(made, tmp_path):
    place, plan, _ = made
    Synthesis(plan, tmp_path / "one", jobs=1).run()
    assert _content(tmp_path / "one") == _content(place / "set")


def test_another_seed_changes_what_is_random_and_nothing_else(made, tmp_path):
    place, plan, _ = made
    changed = Plan(_recipe(seed=1), plan.photos[:1])
    Synthesis(changed, tmp_path / "set").run()
    former = {row["image"]: row["sha256"] for row in _rows(place / "set")}
    differ = {row["distortion"] for row in _rows(tmp_path / "set") if row["sha256"] != former[row["image"]]}
    assert differ == {"gaussian_noise"}


def test_photographs_keep_their_depth_and_webp_their_pixels(tmp_path):
    pytest.importorskip("pyvips")
    rng = np.random.default_rng(1)
    (tmp_path / "photos").mkdir()
    deep = rng.integers(0, 65536, (24, 32, 3), dtype=np.uint16)
    (tmp_path / "photos" / "deep.png").write_bytes(encode(deep))
    (tmp_path / "photos" / "grey.png").write_bytes(encode(deep[..., 0]))
    plan = Plan(_recipe(types=types_of(["gaussian_blur"]), levels=(1,), size=None), _listed(tmp_path / "photos"))
    outcome = Synthesis(plan, tmp_path / "set").run()
    assert outcome.failed == 0
    assert np.array_equal(open_image(tmp_path / "set" / "images" / "I01.png").pixels, deep)
    assert {row["bit_depth"] for row in _rows(tmp_path / "set")} == {"16"}
    assert open_image(tmp_path / "set" / "images" / "I02_01_01.png").grey

    webp = Plan(_recipe(types=types_of(["jpeg"]), levels=(5,), size=None, form="webp"), plan.photos)
    outcome = Synthesis(webp, tmp_path / "webp").run()
    assert outcome.failed == 2  # it has 8 bits
    assert "holds 8 bits a sample" in outcome.reasons[0][1]
    (tmp_path / "photos" / "grey.png").unlink()
    (tmp_path / "photos" / "deep.png").write_bytes(encode((deep >> 8).astype(np.uint8)))
    webp = Plan(webp.recipe, _listed(tmp_path / "photos"))
    Synthesis(webp, tmp_path / "webp8").run()
    assert np.array_equal(open_image(tmp_path / "webp8" / "images" / "I01.webp").pixels, deep >> 8)


# What is in the way ------------------------------------------------------------------------------------------


def test_a_broken_photograph_is_a_row_and_the_run_goes_on(tmp_path):
    photos = _photos(tmp_path / "photos")
    Path(photos[1].path).write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    small = tmp_path / "photos" / "tiny.png"
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(small)
    plan = Plan(_recipe(), (*_listed(tmp_path / "photos"), Photo("gone", "gone", "this folder cannot be read")))
    outcome = Synthesis(plan, tmp_path / "set").run()
    assert (outcome.references, outcome.pictures, outcome.failed) == (2, 18, 3)
    errors = {row["image"]: row["error"] for row in _rows(tmp_path / "set") if row["status"] == "error"}
    assert set(errors) == {"I02.png", "I04.png", "I05.png"}
    assert errors["I04.png"].startswith(
        "the photograph is smaller than the pictures asked for; expected at least 32x24"
    )
    assert errors["I05.png"] == "this folder cannot be read"
    assert all("\n" not in error and str(tmp_path) not in error for error in errors.values())

    # Mended, it is made when the run is resumed; the others are left alone.
    before = _content(tmp_path / "set" / "images")
    shutil.copy(photos[0].path, photos[1].path)
    outcome = Synthesis(plan, tmp_path / "set", resume=True).run()
    assert (outcome.references, outcome.made, outcome.failed) == (3, 9, 2)
    assert before.items() <= _content(tmp_path / "set" / "images").items()


def test_what_is_missing_or_damaged_is_made_again_and_a_finished_set_is_left_alone(made, tmp_path):
    place, plan, _ = made
    folder = shutil.copytree(place / "set", tmp_path / "set")
    whole = _content(folder)
    times = {path: path.stat().st_mtime_ns for path in folder.rglob("*.png")}
    assert Synthesis(plan, folder, resume=True).run().made == 0
    assert _content(folder) == whole
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.png")} == times

    (folder / "images" / "I02_01_03.png").unlink()
    (folder / "images" / "I03_02_05.png").write_bytes(b"cut")
    (folder / "images" / f"{TEMPORARY}99-dead").write_bytes(b"left by a killed worker")
    assert Synthesis(plan, folder, resume=True).run().made == 2
    assert _content(folder) == whole


def test_a_set_whose_manifest_was_not_yet_written_is_finished_from_its_journal(made, tmp_path):
    place, plan, _ = made
    folder = shutil.copytree(place / "set", tmp_path / "set")
    whole = _content(folder)
    journal = Journal(folder / JOURNAL)
    journal.load(folder / "manifest.csv")
    journal.close()
    # Of equal size and other content, and touched since: its hash is looked at.
    damaged = folder / "images" / "I01_01_01.png"
    damaged.write_bytes(bytes(damaged.stat().st_size))
    for name in ("manifest.csv", "dmos.csv", "README.txt"):
        (folder / name).unlink()
    outcome = Synthesis(plan, folder, resume=True).run()
    assert outcome.made == 1
    assert _content(folder) == whole


def test_another_plan_in_the_same_folder_is_refused_and_harms_nothing(made, tmp_path):
    place, plan, _ = made
    folder = shutil.copytree(place / "set", tmp_path / "set")
    whole = _content(folder)
    other = {
        "levels": Plan(_recipe(levels=(1, 2)), plan.photos),
        "seed 0 then, 3 now": Plan(_recipe(seed=3), plan.photos),
        "size": Plan(_recipe(size=None), plan.photos),
        "types gaussian_blur, gaussian_noise, kadid10k/18 then, jpeg now": Plan(
            _recipe(types=types_of(["jpeg"])), plan.photos
        ),
        "3 photographs then, 2 now": Plan(_recipe(), plan.photos[:2]),
        "other names": Plan(_recipe(), (*plan.photos[:2], Photo("x.png", "x.png"))),
    }
    for text, changed in other.items():
        with pytest.raises(StoreError, match=text):
            Synthesis(changed, folder, resume=True).run()
        assert _content(folder) == whole


def test_a_folder_that_is_no_set_is_left_alone(made, tmp_path):
    place, plan, _ = made
    with pytest.raises(StoreError, match="is not empty"):
        Synthesis(plan, place / "set").run()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work", encoding="utf-8")
    for resume, match in ((False, "is not empty"), (True, "holds no set")):
        with pytest.raises(StoreError, match=match):
            Synthesis(plan, tmp_path / "mine", resume=resume).run()
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]
    with pytest.raises(StoreError, match="is a file"):
        Synthesis(plan, tmp_path / "mine" / "thesis.txt").run()
    with pytest.raises(InputError, match="no photographs found"):
        Synthesis(Plan(_recipe(), ()), tmp_path / "none").run()
    assert not (tmp_path / "none").exists()


def test_a_set_in_use_is_refused(made, tmp_path):
    place, plan, _ = made
    folder = shutil.copytree(place / "set", tmp_path / "set")
    held = Journal(folder / JOURNAL)
    try:
        with pytest.raises(StoreError, match="another run is writing"):
            Synthesis(plan, folder, resume=True).run()
    finally:
        held.close()


def test_a_disk_that_is_clearly_too_small_is_refused_before_anything_is_written(made, tmp_path, monkeypatch):
    _, plan, _ = made
    monkeypatch.setattr(estimate, "free_bytes", lambda _: 10_000)
    with pytest.raises(StoreError, match=r"the disk of .* is too small; expected about .*; got 10\.0 kB free"):
        Synthesis(plan, tmp_path / "set").run()
    assert not (tmp_path / "set").exists()


def test_a_disk_that_fills_stops_the_run_and_what_is_there_is_kept(made, tmp_path):
    place, plan, _ = made
    folder = tmp_path / "set"

    class Vandal(Watcher):
        """Takes the folder of pictures away once there are some, which no picture can be written without."""

        seen = 0

        def advance(self, pictures):
            self.seen += pictures
            if self.seen == 9:
                (folder / "images").rename(folder / "away")

    run = Synthesis(plan, folder, watcher=Vandal())
    with pytest.raises(StoreError, match=r"cannot be written: No such file or directory.*resume the run"):
        run.run()
    assert not (folder / "manifest.csv").exists()
    (folder / "away").rename(folder / "images")
    assert 5 <= run.safe() < 30
    Synthesis(plan, folder, resume=True).run()
    assert _content(folder) == _content(place / "set")


# Estimates ---------------------------------------------------------------------------------------------------


def test_the_estimate_counts_every_picture_and_lies_near_what_comes_of_it(made, tmp_path):
    _, plan, _ = made
    seen = []

    class Heard(Watcher):
        def planned(self, estimate):
            seen.append(estimate)

    Synthesis(plan, tmp_path / "set", watcher=Heard()).run()
    [found] = seen
    assert (found.pictures, found.references) == (27, 3)
    assert found.measured >= 9
    assert found.seconds > 0
    # Files are smaller than a block of the disk here: a block each, and a line in two tables.
    assert found.bytes == pytest.approx(30 * (4096 + 700), rel=0.01)
    assert Synthesis(plan, tmp_path / "none").reckon().pictures == 27
    assert not (tmp_path / "none").exists()


def test_photographs_none_of_which_can_be_read_leave_the_estimate_open(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.png").write_bytes(b"no picture")
    found = Synthesis(Plan(_recipe(), _listed(tmp_path / "photos")), tmp_path / "set").reckon()
    assert (found.measured, found.bytes) == (0, 0.0)
