"""What every loss on scores owes, swept over the table."""

from __future__ import annotations

import inspect
import subprocess
import sys
import warnings
from importlib import import_module

import pytest

torch = pytest.importorskip("torch")

from visq.errors import InputError, InputTypeError, OptionError, VisqWarning  # noqa: E402
from visq.losses import terms  # noqa: E402

_ALL = terms.ids()
# Options other than the defaults that change the way through the code.
_MORE = [
    ("plcc", {"half": True}),
    ("norm_in_norm", {"p": 1.0}),
    ("norm_in_norm", {"p": 1.5, "q": 3.0, "share": 0.25}),
    ("norm_in_norm", {"p": 3.0, "q": 1.0}),
    ("margin_rank", {"margin": 0.3, "slope": 1.0, "within": 1.0}),
    ("ranknet", {"temperature": 0.2}),
    ("fidelity", {"spread": 0.4}),
    ("rank_gradient", {"eps": 0.5}),
    ("ordered", {"form": "logistic"}),
    ("batch_kl", {"tau": 0.5}),
    ("batch_kl", {"pairwise_abs": True, "tau": 0.5}),
    ("margin_triplet", {"over": "flat"}),
    ("tolerance", {"thresholds": (0.3, 0.2, 0.1), "weights": (1.0, 2.0, 3.0)}),
    ("emd", {"order": 1.0}),
    ("emd", {"order": 3.0, "logits": False}),
    ("cross_entropy", {"logits": False}),
    ("consistency", {"squared": True}),
]
_CASES = [(name, {}) for name in _ALL] + _MORE
_SIGNED = {"gaussian_nll", "uncertainty_weighted"}
_LABEL = [name + ("-" + "-".join(options) if options else "") for name, options in _CASES]
_sweep = pytest.mark.parametrize(("name", "options"), _CASES, ids=_LABEL)


def _tensors(name, options, n=7, seed=0, dtype=torch.float64):
    """Tensors that a loss takes, made at random; scores are distinct."""
    rng = torch.Generator().manual_seed(seed)
    shares = name in ("emd", "cross_entropy")
    made = []
    for what in terms.get(name).takes:
        if what == "predictions (N, K)":
            values = torch.rand(n, 5 if shares else 3, generator=rng, dtype=dtype)
            made.append(values.softmax(1) if options.get("logits") is False else values)
        elif what == "scores (N, K)":
            made.append(torch.randn(n, 5, generator=rng, dtype=dtype).softmax(1))
        elif what == "levels":
            made.append(torch.arange(n, dtype=dtype) % 4)
        elif what in ("anchor", "positive", "negative", "values", "fixed"):
            made.append(torch.randn(n, 2, 3, generator=rng, dtype=dtype))
        elif what == "cost" or (what == "log_variance" and name == "uncertainty_weighted"):
            made.append(torch.rand((), generator=rng, dtype=dtype))
        else:
            made.append(torch.rand(n, generator=rng, dtype=dtype))
    return made


def _first(name):
    """How many of its tensors carry a gradient: all but scores, levels, and what is held still."""
    still = {"scores", "scores (N, K)", "levels", "fixed"}
    return [i for i, what in enumerate(terms.get(name).takes) if what not in still]


@_sweep
def test_a_scalar_that_is_finite_and_not_negative(name, options):
    value = terms.make(name, **options)(*_tensors(name, options))
    assert value.shape == ()
    assert value.dtype == torch.float64
    assert torch.isfinite(value)
    assert value >= -1e-12 or name in _SIGNED


@_sweep
def test_gradcheck(name, options):
    """Central differences of torch, float64, at a place without a corner."""
    tensors = _tensors(name, options, seed=3)
    for i in _first(name):
        tensors[i].requires_grad_()
    compute = terms.make(name, **options)
    # What adds up to 1 only within a tolerance is not checked where it is perturbed: scores carry no gradient here.
    assert torch.autograd.gradcheck(compute, tensors, eps=1e-7, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("value", [0.0, 0.3, -40.0, 1e4])
@_sweep
def test_equal_predictions_have_a_finite_cost_and_gradient(name, options, value, dtype):
    tensors = _tensors(name, options, dtype=dtype)
    at = _first(name)
    for i in at:
        tensors[i] = torch.full_like(tensors[i], 0.2 if options.get("logits") is False else value).requires_grad_()
    cost = terms.make(name, **options)(*tensors)
    assert torch.isfinite(cost)
    if cost.requires_grad:
        cost.backward()
    for i in at:
        gradient = tensors[i].grad
        assert gradient is None or torch.isfinite(gradient).all()


@_sweep
def test_predictions_that_hit_have_a_finite_gradient(name, options):
    """Predictions equal to scores: every distance is 0, where roots have no slope."""
    tensors = _tensors(name, options, dtype=torch.float32)
    same = tensors[-1] if terms.get(name).takes[-1] in ("scores", "scores (N, K)", "fixed", "levels") else tensors[0]
    if tensors[0].shape == same.shape:
        tensors[0] = (same.log() if name in ("emd", "cross_entropy") and not options else same).clone()
    tensors[0].requires_grad_()
    cost = terms.make(name, **options)(*tensors)
    cost.backward()
    assert torch.isfinite(cost)
    assert torch.isfinite(tensors[0].grad).all()


@_sweep
def test_float32_is_near_float64(name, options):
    exact = terms.make(name, **options)(*_tensors(name, options))
    single = terms.make(name, **options)(*(t.float() for t in _tensors(name, options)))
    assert single.dtype == torch.float32
    assert single.item() == pytest.approx(exact.item(), rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=["float16", "bfloat16"])
@_sweep
def test_half_precision_is_computed_in_float32(name, options, dtype):
    if "logits" in terms.get(name).options:  # shares of bfloat16 add up to 1 within 1 %: scores stay as they are
        given = [_tensors(name, options)[0].to(dtype), _tensors(name, options, dtype=torch.float32)[1]]
    else:
        given = [t.to(dtype) for t in _tensors(name, options)]
    compute = terms.make(name, **options)
    found = compute(*given)
    assert found.dtype == torch.float32
    assert torch.equal(found, compute(*(t.float() for t in given)))


@_sweep
def test_the_order_of_the_items_does_not_matter(name, options):
    tensors = _tensors(name, options)
    order = torch.tensor([3, 0, 6, 1, 5, 2, 4])
    moved = [t[order] if t.ndim else t for t in tensors]
    compute = terms.make(name, **options)
    assert compute(*moved).item() == pytest.approx(compute(*tensors).item(), rel=1e-9, abs=1e-12)


@_sweep
def test_what_is_not_a_number_is_not_hidden(name, options):
    tensors = _tensors(name, options)
    tensors[0].view(-1)[-1] = float("nan")
    assert torch.isnan(terms.make(name, **options)(*tensors))


@_sweep
def test_nothing_given_is_written_to(name, options):
    tensors = _tensors(name, options)
    before = [t.clone() for t in tensors]
    terms.make(name, **options)(*tensors)
    assert all(torch.equal(a, b) for a, b in zip(before, tensors, strict=True))


@pytest.mark.parametrize("name", _ALL)
def test_tensors_that_do_not_fit_are_refused(name):
    compute, tensors = terms.make(name), _tensors(name, {})
    with pytest.raises(InputTypeError, match="tensor"):
        compute(tensors[0].numpy(), *tensors[1:])
    with pytest.raises(InputTypeError, match="gradient"):
        compute(torch.ones_like(tensors[0], dtype=torch.int64), *tensors[1:])
    with pytest.raises(InputError):
        compute(tensors[0][..., None].expand(*tensors[0].shape, 2), *tensors[1:])
    if tensors[0].ndim:
        with pytest.raises(InputError):
            compute(tensors[0][:-1], *tensors[1:])
        with pytest.raises(InputError, match="empty"):
            compute(*(t[:0] for t in tensors))
    with pytest.raises(InputError, match="another device"):
        compute(tensors[0], *(t.to("meta") for t in tensors[1:]))


@pytest.mark.parametrize("name", [n for n in _ALL if terms.get(n).plain])
def test_a_column_is_refused_and_not_compared_with_every_item(name):
    p, y = _tensors(name, {})
    with pytest.raises(InputError, match="squeeze"):
        terms.make(name)(p[:, None], y)


@pytest.mark.parametrize("name", _ALL)
def test_the_smallest_batch(name):
    term = terms.get(name)
    small = [t[: term.minimum] for t in _tensors(name, {})] if term.takes[0] != "cost" else _tensors(name, {})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", VisqWarning)
        assert torch.isfinite(terms.make(name)(*small))
    if term.minimum > 1:
        with pytest.raises(InputError, match=r"too small.*expected \d predictions"):
            terms.make(name)(*(t[: term.minimum - 1] for t in small))


@pytest.mark.parametrize("name", ["margin_rank", "ranknet", "fidelity", "rank_gradient", "ordered"])
def test_a_batch_of_one_has_no_pairs_and_says_so(name):
    p = torch.ones(1, requires_grad=True)
    with pytest.warns(VisqWarning, match="no pairs"):
        cost = terms.make(name)(p, torch.ones(1))
    cost.backward()
    assert cost == 0
    assert p.grad == 0


@pytest.mark.parametrize("name", ["plcc", "plcc_induced", "norm_in_norm"])
def test_equal_scores_have_no_correlation(name):
    with pytest.raises(InputError, match="all equal"):
        terms.make(name)(torch.rand(5), torch.full((5,), 0.1))


@pytest.mark.parametrize("name", _ALL)
def test_the_table_tells_what_the_function_takes(name):
    term = terms.get(name)
    module, _, function = term.impl.partition(":")
    parameters = inspect.signature(getattr(import_module(module), function)).parameters
    keywords = {n: p.default for n, p in parameters.items() if p.kind is p.KEYWORD_ONLY}
    assert [what.partition(" ")[0] for what in term.takes] == [n for n in parameters if n not in keywords]
    assert {n: d for n, d in keywords.items() if n not in term.also} == term.options
    assert all(keywords[n] is None for n in term.also)
    assert all(
        setting.help and (not setting.choices or setting.default in setting.choices) for setting in term.settings
    )


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("huber", {"delta": 0}), ("smooth_l1", {"beta": -1}), ("norm_in_norm", {"p": 0.5}), ("norm_in_norm", {"q": 0}),
        ("norm_in_norm", {"share": 1.5}), ("margin_rank", {"margin": -0.1}), ("margin_rank", {"within": 0}),
        ("ranknet", {"temperature": 0}), ("fidelity", {"spread": 0}), ("rank_gradient", {"eps": 0}),
        ("ordered", {"slope": -1}), ("below_reference", {"margin": -1}), ("batch_kl", {"tau": 0}),
        ("margin_triplet", {"margin": float("nan")}), ("tolerance", {"thresholds": (5, 2, -1)}),
        ("emd", {"order": 0.5}), ("gaussian_nll", {"limit": 0}), ("uncertainty_weighted", {"limit": float("inf")}),
    ],
)  # fmt: skip
def test_numbers_out_of_range_are_refused_by_name(name, options):
    with pytest.raises(OptionError, match=rf"{next(iter(options))}.*out of range"):
        terms.make(name, **options)(*_tensors(name, {}))


def test_the_table_loads_no_torch():
    code = (
        "import sys; from visq.losses import terms; terms.ids(); print('torch' in sys.modules, 'numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120)
    assert done.stdout == "False False\n", done.stderr


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=["float16", "bfloat16"])
@pytest.mark.parametrize("name", [term.id for term in terms.specs() if term.plain])
def test_equal_predictions_of_half_precision_have_a_slope_that_it_can_say(name, dtype):
    """As a head that starts at 0 gives them. 1e6 is an infinity of float16, which no scaling of losses ends."""
    p = torch.zeros(8, dtype=dtype, requires_grad=True)
    terms.make(name)(p, torch.linspace(0, 1, 8)).backward()
    assert torch.isfinite(p.grad).all()
    assert p.grad.abs().max() <= 1000


def test_powers_of_high_order_do_not_vanish():
    """The 300th power of a half is 0 in float32; the norm is near the largest of the values, which the limit is."""
    p, y = torch.tensor([0.3, 0.5, 0.2, 0.1], requires_grad=True), torch.tensor([0.1, 0.4, 0.2, 0.6])
    centred, wanted = (p - p.mean()).detach(), (y - y.mean())
    u, v = (one / one.abs().max() for one in (centred, wanted))
    found = terms.make("norm_in_norm", p=1.0, q=300.0, share=1.0)(p, y)
    found.backward()
    # 4^(1/300) is 1.005: what the norm may differ from the largest value by.
    assert found.item() == pytest.approx((u - v).abs().sum().item() / (2 * 4 ** (1 - 1 / 300)), rel=0.01)
    assert torch.isfinite(p.grad).all()
    assert p.grad.abs().max() > 0
    shares = torch.tensor([[0.5, 0.5, 0.0, 0.0], [0.0, 0.0, 0.4, 0.6]], requires_grad=True)
    votes = torch.tensor([[0.25, 0.5, 0.25, 0.0], [0.0, 0.0, 0.0, 1.0]])
    cost = terms.make("emd", order=400.0, logits=False)(shares, votes)
    assert cost.item() == pytest.approx((0.25 + 0.4) / 2, rel=0.01)
