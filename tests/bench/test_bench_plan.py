"""Which pictures and which metrics a bench takes."""

from __future__ import annotations

from itertools import pairwise

import pytest

from rated_folders import rated, write_csv
from visq import catalog
from visq.bench import plan
from visq.errors import DatasetError, OptionError, UnknownDatasetError, UnknownMetricError
from visq.run.tasks import request


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("csiq=/data/c=d", ("csiq", "/data/c=d", "")), ("csiq", ("csiq", "csiq", "")),
        ("cidiq:mos50=x", ("cidiq", "x", "mos50")), ("cidiq:mos50", ("cidiq", "cidiq", "mos50")),
    ],
)  # fmt: skip
def test_how_a_database_is_named(text, expected):
    found = plan.source(text)
    assert (found.id, found.root, found.labels) == expected


@pytest.mark.parametrize("text", ["", "=x", "csiq=", "csiq:=x", "csiq:"])
def test_names_that_name_nothing_are_refused(text):
    with pytest.raises(OptionError, match="names no database"):
        plan.source(text)


def test_file_names_of_a_database_hold_nothing_but_letters_digits_and_dashes():
    assert plan.Source("cidiq", "x", "MOS at 50 cm/../a").name == "cidiq-MOS_at_50_cm_.._a"


def test_all_is_what_is_made_for_the_kind_of_database_and_can_be_computed_here(classical):
    assert len(classical("fr")) < len(catalog.ids("fr"))
    chosen = plan.choose(["all"], ["fr", "nr"])
    assert [one.id for one in chosen["fr"]] == classical("fr") + catalog.ids("rr")
    assert [one.id for one in chosen["nr"]] == classical("nr")
    assert [one.id for one in plan.choose(["nr"], ["fr"])["fr"]] == classical("nr")


def test_what_all_stands_for_and_what_is_said_of_it_are_one_answer(classical):
    from visq.weights.stand_in import computable

    names, reasons = computable("fr", "nr")
    assert names == classical("fr") + classical("nr")
    assert sorted(names + [one for each in reasons.values() for one in each]) == sorted(
        catalog.ids("fr") + catalog.ids("nr")
    )
    assert any("lpips" in each for each in reasons.values())


def test_without_metrics_the_usual_ones_are_taken():
    chosen = plan.choose([], ["fr", "nr"])
    assert tuple(one.id for one in chosen["fr"]) == catalog.DEFAULT_FULL_REFERENCE
    assert tuple(one.id for one in chosen["nr"]) == ("visq_nr", "niqe", "brisque", "piqe")


def test_a_metric_named_twice_is_judged_once_and_variants_apart():
    chosen = plan.choose(["ssim,psnr", "ssim,ssim:downsample=true"], ["fr"])["fr"]
    assert [plan.label(one) for one in chosen] == ["ssim", "psnr", "ssim:downsample=true"]


def test_a_preset_of_another_program_is_labelled_by_what_it_comes_to():
    one = request("ssim", {"like": "piq"})
    assert plan.label(one).startswith("ssim:")
    assert "like" not in plan.label(one)


@pytest.mark.parametrize("texts", [["psnr"], ["fr"], ["psnr,ssim", "rr"]])
def test_metrics_with_references_are_refused_where_there_are_none(texts):
    with pytest.raises(OptionError, match=r"reference"):
        plan.choose(texts, ["nr"])


def test_other_wrong_metrics_are_refused():
    with pytest.raises(OptionError, match="another kind"):
        plan.choose(["st_rred"], ["fr"])
    with pytest.raises(OptionError, match="takes no options"):
        plan.choose(["all:window=7"], ["fr"])
    with pytest.raises(UnknownMetricError):
        plan.choose(["no_such"], ["fr"])


def test_tasks_pair_every_picture_with_its_reference_and_give_it_alone_to_metrics_without(folder, plan_of):
    made = plan_of(folder, "psnr,niqe,mse")
    tasks = list(made.tasks())
    assert len(tasks) == 60
    assert len({task.item for task in tasks}) == 60
    for task in tasks:
        image, reference = made.names(task)
        assert task.image == str(folder / image)
        if task.only == (1,):
            assert (task.reference, reference) == ("", "")
        else:
            assert task.only == (0, 2)
            assert image.startswith(reference.replace("references", "images").removesuffix(".png"))
            assert task.reference == str(folder / reference)


def test_pictures_of_one_reference_follow_one_another(folder, plan_of):
    references = [task.reference for task in plan_of(folder).tasks()]
    changes = sum(a != b for a, b in pairwise(references))
    assert changes == len(set(references)) - 1


def test_parts_of_splits(folder, plan_of):
    whole = plan_of(folder).dataset
    official = plan_of(folder, split="official:test").dataset
    assert {s.part for s in official.samples} == {"test"}
    assert [s.image for s in official.samples] == [s.image for s in whole.samples if s.part == "test"]
    assert [s.part for s in plan_of(folder, split="official").dataset.samples] == ["test"] * len(official.samples)
    parts = [plan_of(folder, split=f"3:{part}").dataset for part in ("train", "val", "test")]
    assert sorted(s.image for p in parts for s in p.samples) == sorted(s.image for s in whole.samples)
    assert not set(parts[0].groups) & set(parts[2].groups)


@pytest.mark.parametrize("split", ["official:none", "twelve", "3:none", ":test"])
def test_parts_that_there_are_not(split, folder, plan_of):
    with pytest.raises(OptionError):
        plan_of(folder, split=split)


def test_no_official_split(tmp_path, plan_of):
    rows = [row | {"part": ""} for row in rated(tmp_path)]
    write_csv(tmp_path, rows)
    with pytest.raises(DatasetError, match="official"):
        plan_of(tmp_path, split="official:test")


def test_a_trial_takes_the_first_contents_whole(folder, plan_of):
    made = plan_of(folder, limit=2)
    assert set(made.dataset.groups) == {"c0", "c1"}
    assert (len(made.dataset.samples), made.whole, made.limit) == (12, 30, 2)
    assert len(plan_of(folder, limit=99).dataset.samples) == 30


def test_a_folder_without_references_is_judged_without(tmp_path, plan_of, classical):
    rated(tmp_path, references=False)
    assert [one.id for one in plan_of(tmp_path, "all").requests] == classical("nr")


def test_two_folders_of_one_database_are_told_apart_by_their_names(tmp_path):
    for name in ("one", "two"):
        rated(tmp_path / name)
    plans = plan.make([plan.source(f"folder={tmp_path / name}") for name in ("one", "two")], ["psnr"])
    assert [one.name for one in plans] == ["folder-one", "folder-two"]
    with pytest.raises(OptionError, match="twice"):
        plan.make([plan.source(f"folder={tmp_path / 'one'}")] * 2, ["psnr"])


def test_databases_that_cannot_be_judged(tmp_path):
    with pytest.raises(OptionError, match="no database"):
        plan.make([])
    with pytest.raises(UnknownDatasetError):
        plan.make([plan.source(f"no-such={tmp_path}")])
    with pytest.raises(DatasetError, match=r"visq\.csv"):
        plan.make([plan.source(f"folder={tmp_path}")])
    with pytest.raises(DatasetError, match="another kind"):
        plan.make([plan.source(f"bapps={tmp_path}")])
