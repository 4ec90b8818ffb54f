"""Losses by name: strict names and kinds, and objectives of several."""

from __future__ import annotations

import sys

import pytest

torch = pytest.importorskip("torch")

import visq  # noqa: E402
from visq import losses  # noqa: E402
from visq.errors import MissingExtraError, OptionError  # noqa: E402
from visq.losses import spec, terms  # noqa: E402

_Y = torch.tensor([0.1, 0.4, 0.5, 0.9])
_P = torch.tensor([0.2, 0.3, 0.6, 0.7])


def test_losses_made_of_metrics_live_beside_them():
    assert losses.loss is visq.loss
    assert dir(losses) == ["loss"]


def test_without_torch_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"a loss needs torch.*visq\[torch\]"):
        terms.make("l1")


@pytest.mark.parametrize(("given", "meant"), [("plc", "plcc"), ("rank_net", "ranknet"), ("tolerence", "tolerance")])
def test_a_name_that_there_is_none_of(given, meant):
    with pytest.raises(OptionError, match=f"no loss is called '{given}'. Did you mean '{meant}'"):
        terms.make(given)


def test_names_are_found_however_they_are_spelt():
    assert terms.get(" Norm-in-Norm ").id == "norm_in_norm"


def test_an_option_that_there_is_none_of():
    with pytest.raises(OptionError, match=r"batch_kl has no option 'tua'\. Did you mean 'tau'"):
        terms.make("batch_kl", tua=1.0)
    with pytest.raises(OptionError, match=r"l1 has no option 'delta'\. Its options: none"):
        terms.make("l1", delta=1.0)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("huber", {"delta": "1"}), ("huber", {"delta": None}), ("huber", {"delta": True}), ("plcc", {"half": 1}),
        ("ordered", {"form": "cubic"}), ("ordered", {"form": 2}), ("tolerance", {"thresholds": 5}),
        ("tolerance", {"thresholds": (5, "2", 0)}), ("tolerance", {"weights": "D"}), ("huber", {"delta": (1.0,)}),
    ],
)  # fmt: skip
def test_a_value_of_another_kind(name, options):
    with pytest.raises(OptionError, match=f"{name}: {next(iter(options))}"):
        terms.make(name, **options)


def test_values_that_are_welcome():
    assert terms.check(terms.get("huber"), {"delta": 2}) == {"delta": 2.0}
    assert terms.check(terms.get("margin_rank"), {"within": None}) == {"within": None}
    assert terms.check(terms.get("margin_rank"), {"within": 1}) == {"within": 1.0}
    assert terms.check(terms.get("tolerance"), {"weights": [1, 2, 3]}) == {"weights": (1.0, 2.0, 3.0)}
    assert terms.check(terms.get("tolerance"), {"weights": "A"}) == {"weights": "A"}


def test_senses():
    assert sorted(name for sense in spec.SENSES for name in terms.ids(sense)) == sorted(terms.ids())
    assert terms.ids("value")[:2] == ["l1", "l2"]
    with pytest.raises(OptionError, match="unknown sense"):
        terms.ids("ordre")


def test_each_sense_tells_what_costs_the_least():
    """Losses of a sense do not mind what the sense says they do not mind, and mind the rest."""
    y = torch.linspace(0.1, 0.9, 9, dtype=torch.float64)
    bent = y**2
    for name in [n for n in terms.ids() if terms.get(n).plain and n != "fidelity"]:  # which wants distances, with std
        cost = terms.make(name)
        least = cost(y, y).item()
        offset, line, order = (cost(p, y).item() - least for p in (y + 1, 3 * y + 1, bent))
        free = {"value": 0, "offset": 1, "line": 2, "order": 3}[terms.get(name).sense]
        if name in ("ranknet", "margin_rank", "relative_triplet", "rank_gradient"):
            assert free == 3
            assert offset == pytest.approx(0, abs=1e-12)
            assert cost(-y, y).item() > least or name == "relative_triplet"  # blind to that, as it says
            continue
        for excess, allowed in ((offset, free >= 1), (line, free >= 2), (order, free >= 3)):
            assert (abs(excess) < 1e-12) == allowed, name


def test_an_objective_is_its_parts_times_their_weights():
    objective = terms.weighted([("l1", 2.0, {}), ("plcc", 0.5, {"half": True}), ("huber", 1, {"delta": 0.1})])
    found = objective(_P, _Y)
    assert list(found) == ["l1", "plcc", "huber"]
    assert torch.equal(found["l1"], 2 * terms.make("l1")(_P, _Y))
    assert torch.equal(found["plcc"], 0.5 * terms.make("plcc", half=True)(_P, _Y))
    assert torch.equal(found["huber"], terms.make("huber", delta=0.1)(_P, _Y))


def test_an_objective_hands_tensors_to_those_that_take_them():
    groups = torch.tensor([0, 0, 1, 1])
    found = terms.weighted([("l1", 1.0, {}), ("ranknet", 1.0, {})])(_P, _Y, groups=groups)
    assert torch.equal(found["ranknet"], terms.make("ranknet")(_P, _Y, groups=groups))
    assert not torch.equal(found["ranknet"], terms.make("ranknet")(_P, _Y))
    with pytest.raises(OptionError, match=r"takes 'group'\. Did you mean 'groups'"):
        terms.weighted([("ranknet", 1.0, {})])(_P, _Y, group=groups)
    with pytest.raises(OptionError, match="Those taken: none"):
        terms.weighted([("l1", 1.0, {})])(_P, _Y, groups=groups)


def test_a_loss_that_comes_twice_is_numbered():
    found = terms.weighted([("ranknet", 1.0, {}), ("ranknet", 1.0, {"temperature": 0.1})])(_P, _Y)
    assert list(found) == ["ranknet", "ranknet_2"]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "no losses"), ([("l1", 0.0, {})], "weight out of range"), ([("l1", "1", {})], "weight out of range"),
        ([("l1", 1.0)], "three entries"), (["l1"], "three entries"), ([("emd", 1.0, {})], "cannot stand beside"),
        ([("l3", 1.0, {})], "no loss is called"), ([("l1", float("inf"), {})], "weight out of range"),
    ],
)  # fmt: skip
def test_rows_that_make_no_objective(rows, said):
    with pytest.raises(OptionError, match=said):
        terms.weighted(rows)
