"""What makes LoDa's trainings cheaper changes no value and no gradient."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

import loda_small  # noqa: E402
from torch.nn import functional  # noqa: E402

from visq.backbones.vit import attention  # noqa: E402
from visq.systems.loda import distil  # noqa: E402
from visq.systems.loda.parts import Extractor, Injector  # noqa: E402

#: The step between two numbers of bfloat16 near 1.
STEP = 2.0**-7


def _gradients(values, *tensors):
    """Of a sum with weights of its own for each number."""
    weights = torch.linspace(-1.0, 1.0, values.numel(), dtype=values.dtype).view_as(values)
    return torch.autograd.grad((values * weights).sum(), tensors)


@pytest.mark.parametrize(("height", "width", "grid"), [(56, 56, 7), (7, 7, 7), (7, 7, 14), (6, 9, 4), (5, 3, 1)])
def test_means_before_the_convolution_are_those_behind_it(height, width, grid):
    """In float64 within its rounding: sums of at most 56 * 56 numbers near 1, each by 1e-16."""
    layer = Extractor(3, 4, grid).double()
    maps = torch.randn(2, 3, height, width, dtype=torch.float64, requires_grad=True)
    plain = layer.local(functional.gelu(layer.narrow(maps)))
    wanted = functional.adaptive_avg_pool2d(plain, grid).flatten(2).transpose(1, 2)
    found = layer(maps)
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-12)
    learned = (maps, *layer.parameters())
    for one, other in zip(_gradients(found, *learned), _gradients(wanted, *learned), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("heads", "width", "keys"), [(3, 64, 17), (4, 16, 12)])
def test_attention_written_out_in_bfloat16_is_as_near_to_the_exact_one_as_torchs(heads, width, keys):
    """Against float64: no further away than torch's own is, and half of bfloat16's step of the largest number."""
    parts = [torch.randn(2, heads, n, width).to(torch.bfloat16) for n in (17, keys, keys)]
    kinds = (torch.float64, torch.bfloat16, torch.bfloat16)
    rows = []
    for dtype, function in zip(kinds, (attention, attention, functional.scaled_dot_product_attention), strict=True):
        given = [p.to(dtype).requires_grad_() for p in parts]
        values = function(*given)
        assert values.dtype == dtype
        rows.append([t.double() for t in (values, *_gradients(values, *given))])
    for exact, found, torchs in zip(*rows, strict=True):
        limit = (torchs - exact).abs().max() + STEP / 2 * exact.abs().max()
        assert (found - exact).abs().max() <= limit


def test_attention_is_torchs_to_the_bit_in_float32_and_where_nothing_is_learned():
    q, k, v = torch.randn(3, 2, 3, 9, 8)
    wanted = functional.scaled_dot_product_attention(q, k, v)
    assert torch.equal(attention(q.requires_grad_(), k, v), wanted)
    low = [p.detach().to(torch.bfloat16) for p in (q, k, v)]
    assert torch.equal(attention(*low), functional.scaled_dot_product_attention(*low))


def test_one_zero_token_says_what_all_of_them_do():
    """Within float32's rounding of shares that sum to 1 times 0: nothing."""
    layer, x = Injector(12, 8, 2), torch.randn(2, 5, 12)
    wanted, found = (layer(x, torch.zeros(2, count, 8)) for count in (16, 1))
    assert torch.equal(found, wanted)
    learned = tuple(layer.parameters())
    for one, other in zip(_gradients(found, *learned), _gradients(wanted, *learned), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("variant", ["loda", "no-tokens", "add", "probe"])
def test_nothing_is_kept_for_a_way_back_before_what_learns(variant):
    """The patches never, the blocks only behind an injector; the CNN is not there where it is not looked at."""
    network = loda_small.network(variant=variant).train()
    seen = []
    network.vit.patch_embed.register_forward_hook(lambda _, __, out: seen.append(out.requires_grad))
    network.vit.blocks[0].register_forward_hook(lambda _, __, out: seen.append(out.requires_grad))
    if network.cnn is not None:
        network.cnn.register_forward_hook(lambda _, __, out: seen.extend(m.requires_grad for m in out.values()))
    scores = network(loda_small.crops(4))
    assert (network.cnn is None) == (variant in ("no-tokens", "probe"))
    assert sum(seen) == (variant != "probe")
    scores.sum().backward()
    assert all(p.grad is None for n, p in network.named_parameters() if n.startswith(("vit.", "cnn.")))


@pytest.mark.parametrize("variant", ["loda", "no-tokens", "add", "probe"])
def test_scores_are_whole_float32_in_bfloat16(variant):
    """A band of 0.1 would have some thirty scores otherwise. Near to float32's: ten roundings of 2**-8 one by one."""
    network, images = loda_small.network(variant=variant), loda_small.crops(6)
    with torch.no_grad():
        wanted = network(images)
        with torch.autocast("cpu", torch.bfloat16):
            found = network(images)
    assert found.dtype == torch.float32
    assert (found - wanted).abs().max() < 10 * 2.0**-8


def test_the_teacher_says_of_parts_of_a_batch_what_it_says_of_the_whole(monkeypatch):
    """Within float32's rounding of standardised features, which divide by deviations far below 1 here."""
    pupil, planes = distil.Pupil(loda_small.SMALL, "random").train(), loda_small.crops(6).float() / 255
    wanted = pupil.taught(planes)
    monkeypatch.setattr(distil, "_TOGETHER", 4)
    found = pupil.taught(planes)
    for name, values in wanted.items():
        torch.testing.assert_close(found[name], values, rtol=0, atol=2e-3)
