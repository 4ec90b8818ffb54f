"""Recipes: what is refused in one, how text changes settings, where recipes come from."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import sys

import pytest

from visq.errors import OptionError
from visq.train import Group, Optimiser, Recipe, Schedule, Validation, load, override
from visq.train.shipped import SHIPPED


def _recipe(**changes):
    return dataclasses.replace(load("example"), **changes)


def test_text_changes_settings_in_their_own_types():
    recipe = _recipe(
        optimiser=Optimiser(groups=(Group("a."), Group("b."))),
        options={"width": 2, "names": ("x",), "deep": {"rate": 1.5}},
    )
    changed = override(
        recipe, "epochs=7", "average=none", "optimiser.rate=1e-4", "optimiser.betas=0.5,0.9", "optimiser.clip=2",
        "optimiser.groups.1.rate=0.1", "optimiser.frozen=a.,c.", "optimiser.decay_vectors=true", "schedule.kind=step",
        "options.width=3", "options.names=y,z", "options.deep.rate=2", "precision=bf16", "validation.patience=4",
    )  # fmt: skip
    assert (changed.epochs, changed.average, changed.precision) == (7, None, "bf16")
    assert changed.optimiser.rate == 1e-4
    assert changed.optimiser.betas == (0.5, 0.9)
    assert changed.optimiser.clip == 2.0
    assert changed.optimiser.groups == (Group("a."), Group("b.", rate=0.1))
    assert changed.optimiser.frozen == ("a.", "c.")
    assert changed.optimiser.decay_vectors is True
    assert changed.schedule.kind == "step"
    assert changed.options == {"width": 3, "names": ("y", "z"), "deep": {"rate": 2.0}}
    assert changed.validation.patience == 4
    assert recipe.epochs == 10, "the recipe itself stays as it was"


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("epoch=3", "did you mean 'epochs'"),
        ("optimiser.rat=1", "did you mean 'optimiser.rate'"),
        ("options.featuers=3", "did you mean 'options.features'"),
        ("epochs=many", "epochs: expected a whole number, got 'many'"),
        ("epochs=2.5", "epochs: expected a whole number, got '2.5'"),
        ("epochs=true", "expected a whole number"),
        ("options.features=2.5", "options.features: expected a whole number"),
        ("optimiser.rate=fast", "optimiser.rate: expected a number, got 'fast'"),
        ("optimiser.rate=nan", "optimiser.rate: expected a number"),
        ("optimiser.betas=0.9", "expected a list of 2, each a number"),
        ("optimiser.clip=big", "expected a number or none"),
        ("optimiser.decay_vectors=2", "expected true or false"),
        ("schedule.kind=cosin", "expected 'cosine' or 'plateau' or 'constant' or 'step'"),
        ("optimiser=adam", "optimiser is a part of its own"),
        ("seed.x=3", "seed has no parts"),
        ("source=abc", "no such setting"),
        ("epochs", "'epochs' is not KEY=VALUE"),
        ("epochs=0", "epochs must be 1 or more"),
        ("optimiser.betas=0.5,x", "optimiser.betas: expected a list of 2"),
        ("average=1.5", "average must be between 0 and 1"),
    ],
)
def test_a_setting_that_cannot_be_taken_is_an_error_that_says_why(setting, said):
    with pytest.raises(OptionError) as caught:
        override(_recipe(), setting)
    assert said in str(caught.value)


@pytest.mark.parametrize("settings", [("betas=0.5,0.9", "betas.0=0.3"), ("betas.0=0.3", "betas=0.5,0.9")])
def test_a_setting_is_not_given_as_a_whole_and_in_part(settings):
    with pytest.raises(OptionError, match="is given both as a whole and in part"):
        override(_recipe(), *(f"optimiser.{one}" for one in settings))


def test_all_mistakes_are_told_at_once():
    with pytest.raises(OptionError) as caught:
        override(_recipe(), "epoch=3", "seed=one", "seed=2", "batch=8")
    text = str(caught.value)
    assert "3 settings cannot be taken" in text
    assert all(part in text for part in ("'epochs'", "seed: expected a whole number", "seed is given twice"))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: _recipe(epochs="10"), "epochs must be a whole number, not '10'"),
        (lambda: _recipe(network="nowhere"), "network must be 'module:function'"),
        (lambda: _recipe(inputs=()), "inputs names no tensor"),
        (lambda: _recipe(seed=-1), "seed must be 0 or more"),
        (lambda: Optimiser(rate=-1.0), "rate must be 0 or more"),
        (lambda: Optimiser(name="lion"), "'adamw' or 'adam' or 'sgd'"),
        (lambda: Optimiser(betas=(0.9, 1.0)), "betas must be in 0..1"),
        (lambda: Optimiser(clip=0.0), "clip must be above 0"),
        (lambda: Schedule("cosine", factor=0.5), "factor has no effect in the schedule 'cosine'"),
        (lambda: Schedule("constant", floor=0.5), "floor has no effect"),
        (lambda: Schedule("step", factor=1.5), "factor must be between 0 and 1"),
        (lambda: Validation(every=0), "every must be 1 or more"),
        (lambda: _recipe(options={"a": object()}).as_data(), "options.a cannot be kept in a checkpoint"),
        (lambda: _recipe(options={"a": float("inf")}).as_data(), "options.a cannot be kept"),
    ],
)
def test_a_recipe_that_is_none_is_refused(make, said):
    with pytest.raises(OptionError) as caught:
        make()
    assert said in str(caught.value)


def test_a_recipe_is_plain_data_but_for_its_functions():
    data = _recipe(options={"a": (1, (2.5, None))}, network=_recipe).as_data()
    assert json.loads(json.dumps(data)) == data
    assert data["network"].endswith("test_recipes:_recipe")
    assert data["options"] == {"a": [1, [2.5, None]]}
    assert "source" not in data


def test_functions_that_are_not_there_are_named():
    with pytest.raises(OptionError, match="there is no module nowhere"):
        _recipe(network="nowhere.at_all:make").call("network", {})
    with pytest.raises(OptionError, match=r"visq\.train\.example has no such"):
        _recipe(network="visq.train.example:such").call("network", {})
    with pytest.raises(OptionError, match="is not a function"):
        _recipe(network="visq.train.example:RECIPE").call("network", {})


def test_options_are_handed_to_functions_that_take_them():
    recipe = _recipe(options={"a": 1}, objective=lambda outputs, batch, options: (outputs, batch, options))
    assert recipe.call("objective", 2, 3) == (2, 3, {"a": 1})
    assert _recipe(measure=lambda outputs, batch: (outputs, batch)).call("measure", 2, 3) == (2, 3)


@pytest.mark.parametrize("name", SHIPPED)
def test_the_head_of_a_shipped_recipe_says_how_it_is_run(name):
    """Command, time, hardware, result: the docstring of its file."""
    import importlib

    head = importlib.import_module(SHIPPED[name].module).__doc__
    for word in ("Command:", "Time:", "Hardware:", "Result:"):
        assert word in head, word
    assert f"visq train {name}" in head
    recipe = load(name)
    assert recipe.name == name
    assert len(recipe.source) == 64
    recipe.as_data()


def test_a_file_of_ones_own(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(
        "from dataclasses import replace\nfrom visq.train import load\ndef network(options):\n    return None\n"
        "RECIPE = replace(load('example'), name='mine', network=network)\n",
        encoding="utf-8",
    )
    recipe = load(path)
    assert recipe.name == "mine"
    assert recipe.as_data()["network"] == "visq_recipe_mine:network"
    before = recipe.source
    path.write_text(path.read_text(encoding="utf-8") + "# more\n", encoding="utf-8")
    assert load(path).source != before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("RECIPE = 3\n", "holds no recipe"),
        ("x = 1\n", "holds no recipe"),
        ("x = 1\ny = x / 0\n", "ZeroDivisionError: division by zero (line 2)"),
        ("x = (\n", "SyntaxError"),
        ("import sys\nsys.exit(3)\n", "SystemExit: 3 (line 2)"),
        ("import no_such_module_at_all\n", "No module named 'no_such_module_at_all' (line 1)"),
        ("from visq.train import Schedule\nSchedule('cosin')\n", "kind must be"),
    ],
)
def test_a_file_that_is_no_recipe_is_refused_with_its_reason(tmp_path, text, said):
    path = tmp_path / "mine.py"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(OptionError) as caught:
        load(path)
    assert said in str(caught.value)


@pytest.mark.parametrize(("name", "said"), [("exmple", "'example'"), ("absent.py", "is not there"), ("zzz", "Shipped")])
def test_a_recipe_that_there_is_none_of(tmp_path, monkeypatch, name, said):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OptionError, match=said):
        load(name)


def test_the_default_recipe_parts_make_sense():
    recipe = Recipe("a", "m:f", "m:f", "m:f", "m:f")
    assert recipe.inputs == ("image",)
    assert recipe.validation.split == "val"


def test_functions_that_alter_their_options_do_not_alter_the_recipe():
    def pops(*given):
        options = given[0].options if isinstance(given[0], Recipe) else given[-1]
        options["deep"].append(1)
        return options.pop("a")

    def objective(outputs, batch, options):
        return pops(options)

    recipe = _recipe(options={"a": 1, "deep": []}, network=pops, streams=pops, objective=objective, measure=objective)
    calls = {"network": (recipe.options,), "streams": (recipe, None), "objective": (2, 3), "measure": (2, 3)}
    for part, given in calls.items():
        for _ in range(2):
            assert recipe.call(part, *given) == 1
    assert recipe.options == {"a": 1, "deep": []}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import torch_of_nobody.x\n", None),
        ("def other(): pass\n", "own_module has no make"),
        ("[].absent\n", "own_module cannot be imported; got AttributeError: 'list' object has no attribute 'absent'"),
        ("x = (\n", "own_module cannot be imported; got SyntaxError"),
        ("class make:\n    pass\nmake.part = 3\n", "is not a function"),
    ],
)
def test_modules_of_ones_own_that_fail(tmp_path, monkeypatch, text, said):
    (tmp_path / "own_module.py").write_text(text, encoding="utf-8")
    recipe = _recipe(network="own_module:make.part" if "part" in text else "own_module:make")
    with pytest.raises(OptionError, match=r"there is no module own_module\. .*PYTHONPATH"):
        recipe.call("network", {})
    monkeypatch.syspath_prepend(tmp_path)
    try:
        with pytest.raises(OptionError if said else ModuleNotFoundError) as caught:
            recipe.call("network", {})
    finally:
        sys.modules.pop("own_module", None)
    assert (said or "torch_of_nobody") in str(caught.value)


def test_functions_within_classes_and_relative_names():
    assert _recipe(network="visq.train.recipe:Recipe.as_data").call("network", load("example"))["name"] == "example"
    with pytest.raises(OptionError, match="cannot be imported"):
        _recipe(network=".example:network").call("network", {})


def test_a_file_that_has_just_changed_is_run_as_it_is(tmp_path, monkeypatch):
    """Of the same length and in the same second: what Python keeps of modules tells such files not apart."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    path = tmp_path / "mine.py"
    for seed in (3, 4, 5):
        text = "from dataclasses import replace\nfrom visq.train import load\n"
        text += f"RECIPE = replace(load('example'), seed={seed})\n"
        path.write_text(text, encoding="utf-8")
        os.utime(path, (10**9, 10**9))
        found = load(path)
        assert found.seed == seed
        assert found.source == hashlib.sha256(text.encode()).hexdigest()
    assert [p.name for p in tmp_path.iterdir()] == ["mine.py"], "nothing is left beside it"
