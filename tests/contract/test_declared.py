"""The catalogue against the code it describes: nothing declared that is not there, nothing there undeclared."""

from __future__ import annotations

import re

import numpy as np
import pytest

import samples
import visq
from visq import catalog
from visq.errors import OptionError

_NOT_OPTIONS = {"data_range", "full"}


def _option_names(case):
    keywords = {n for n, p in case.parameters.items() if p.kind is p.KEYWORD_ONLY}
    # What one entry fixes is what tells it from another entry of the same function: not an option of either,
    # unless the spec makes it one.
    family = [s for s in catalog.specs() if s.impl == case.spec.impl]
    fixed = {name for spec in family for name, _ in spec.presets} - {o.name for o in case.spec.options}
    return keywords - _NOT_OPTIONS - fixed


def test_the_implementation_can_be_imported_and_takes_the_arguments(case):
    names = list(case.parameters)
    assert names[: 1 + case.full_reference] == (["image", "reference"] if case.full_reference else ["image"])
    positional = [n for n, p in case.parameters.items() if p.kind is not p.KEYWORD_ONLY]
    assert len(positional) == 1 + case.full_reference, "options are keyword-only"
    assert case.parameters["data_range"].default is None


def test_options_are_those_of_the_function(case):
    assert {o.name for o in case.spec.options} == _option_names(case)


def test_defaults_are_those_of_the_function(case):
    stated = {o.name: o.default for o in case.spec.options}
    assert stated == {n: case.parameters[n].default for n in stated}


def test_presets_are_keywords_of_the_function(case):
    assert set(dict(case.spec.presets)) <= set(case.parameters)


def test_stating_the_defaults_changes_nothing(case):
    image, reference = case.distorted(), case.picture()
    defaults = {o.name: o.default for o in case.spec.options}
    assert case.as_it_is(image, reference, **defaults) == case.as_it_is(image, reference)


def _option_values(option):
    if option.choices:
        return list(option.choices)
    return {"bool": [True, False]}.get(option.type, [])


def test_every_choice_is_accepted_and_any_other_refused(case):
    side = max(case.spec.min_side, 200)
    image, reference = (_picture(side, s) for s in (1, 0))
    for option in case.spec.options:
        for value in _option_values(option):
            score = visq.metric(case.spec.id, **{option.name: value})(image, *([reference] * case.full_reference))
            assert np.isfinite(float(score)), (option.name, value)
        if option.choices:
            with pytest.raises(OptionError, match=option.name):
                visq.metric(case.spec.id, **{option.name: "no such choice"})
        if option.choices and option.type == "str":
            with pytest.raises(OptionError):
                case(image, reference, **{option.name: "no such choice"})


def _picture(side, sigma):
    pixels = samples.picture(side, side)
    return samples.blurred(pixels, sigma) if sigma else pixels


def test_option_texts_convert(case):
    texts = {"bool": "true", "int": "3", "float": "0.5"}
    for option in case.spec.options:
        if option.type in texts and not option.choices:
            catalog.check_options(case.spec, {option.name: texts[option.type]})
        assert option.help.strip(), option.name
        assert option.default is None or not option.choices or option.default in option.choices


_WRONG = {
    "int": [None, "x", 2.5, True, [1], float("nan"), float("inf")],
    "float": [None, "x", True, [1], 1j],
    "bool": ["x", 2, 0.5, [1]],
    "str": [None, 3, True, b"luma"],
    "path": [3, True, [1]],
}


def test_a_value_of_another_type_is_refused(case):
    for option in case.spec.options:
        for value in _WRONG[option.type]:
            if value is None and (option.optional or option.default is None):
                continue
            with pytest.raises(OptionError, match=option.name):
                visq.metric(case.spec.id, **{option.name: value})
        if option.optional or option.default is None:
            assert visq.metric(case.spec.id, **{option.name: None}).options == {option.name: None}
        elif option.type not in ("str", "path"):
            with pytest.raises(OptionError, match=option.name):
                visq.metric(case.spec.id, **{option.name: "none"})


def test_one_setting_has_one_identity():
    def identity(**options):
        return visq.metric("ssim", **options).identity

    assert identity(window=9) == identity(window=np.int64(9)) == identity(window=9.0) == identity(window="9")
    assert identity(sigma=2) == identity(sigma=2.0) == identity(sigma=np.float32(2)) == identity(sigma="2")
    assert identity(downsample=True) == identity(downsample=1) == identity(downsample=np.True_)
    assert identity(downsample=0) == identity(downsample=np.False_) == identity()


@pytest.mark.parametrize("options", [{"window": 2.5}, {"window": float("nan")}, {"k1": float("inf")}, {"sigma": -1.0}])
def test_ssim_refuses_a_window_that_is_none(options):
    from visq.metrics.ssim import ssim

    with pytest.raises(OptionError, match="window"):
        ssim(np.zeros((16, 16)), np.zeros((16, 16)), **options)


def test_a_ceiling_may_be_any_number_of_decibels():
    image = samples.picture(16, 16)
    for ceiling in (1.0, 1e9):
        assert float(visq.metric("psnr", ceiling=ceiling)(image, image)) == ceiling


def test_fields_are_filled(case):
    spec = case.spec
    assert re.fullmatch(r"[a-z][a-z0-9_]*", spec.id)
    assert re.fullmatch(r"\d+(\.\d+)*", spec.version)
    low, high = spec.value_range
    assert low < high
    for text in (spec.name, spec.summary, spec.paper, spec.code_licence):
        assert text.strip() == text
        assert text
    assert not spec.summary.endswith(".")
    assert spec.verification, "whose numbers was it compared with?"
    assert spec.min_side >= 1
    assert (spec.best is not None) == (spec.kind == "fr") or spec.kind == "rr"
    assert bool(spec.extract) == bool(spec.compare) == (spec.kind == "rr")
    assert spec.best is None or low <= spec.best <= high
    if spec.best is not None and spec.best != (low if spec.lower_is_better else high):
        assert spec.notes, "a score beyond that of an identical pair has to be explained"


def test_the_docstring_says_what_is_promised(case):
    text = case.function.__doc__ or ""
    assert re.search("better|best|worse", text), "direction"
    for part in ("Parameters", "Examples", ">>> "):
        assert part in text, part
    for name in _option_names(case):
        assert name in text, f"option {name} is not described"


def test_names_and_aliases_are_unique():
    names = [n for spec in catalog.specs() for n in (spec.id, *spec.aliases)]
    assert len(names) == len(set(names))


def test_aliases_and_spellings_lead_to_the_metric(case):
    for name in (case.spec.id, case.spec.id.upper(), case.spec.id.replace("_", "-"), *case.spec.aliases):
        assert catalog.get(name) is case.spec


def test_identities_are_unique_and_follow_the_options(case):
    spec = case.spec
    assert spec.identity() == spec.identity({o.name: o.default for o in spec.options})
    others = {o.id: o.identity() for o in catalog.specs() if o is not spec}
    assert spec.identity() not in others.values()
    for option in spec.options:
        assert spec.identity({option.name: "another value"}) != spec.identity()


def test_weights_have_hash_licence_and_origin(case):
    for weights in case.spec.weights:
        assert re.fullmatch(r"[0-9a-f]{64}", weights.sha256)
        assert weights.licence.strip()
        assert weights.origin.strip()


def test_the_defaults_of_the_command_line_are_in_the_catalogue():
    assert {catalog.get(n).kind for n in catalog.DEFAULT_NO_REFERENCE} == {"nr"}
    assert {catalog.get(n).kind for n in catalog.DEFAULT_FULL_REFERENCE} == {"fr"}


@pytest.mark.parametrize("value", [10**400, -(10**5000), 2**63], ids=["long", "longer", "63 bits"])
def test_numbers_of_hundreds_of_digits_are_no_value_of_an_option(case, value):
    for option in case.spec.options:
        with pytest.raises(OptionError) as caught:
            catalog.check_options(case.spec, {option.name: value})
        assert len(str(caught.value)) < 300


def test_large_whole_numbers_keep_their_last_digit():
    spec = catalog.get("rred")
    assert catalog.check_options(spec, {"tile": 2**53 + 1})["tile"] == 2**53 + 1


@pytest.mark.parametrize("value", [1e-300, 1e-30, 1e30, 1e300, float("inf"), float("nan"), -1e300])
def test_extreme_values_of_options_are_refused_or_give_a_score(case, value):
    for option in case.spec.options:
        if option.type != "float":
            continue
        with np.errstate(all="ignore"):
            try:
                score = visq.metric(case.spec.id, **{option.name: value})(*_arguments(case))
            except OptionError:
                continue
        assert np.isfinite(score), option.name


def _arguments(case):
    return (case.distorted(), case.picture()) if case.full_reference else (case.distorted(),)
