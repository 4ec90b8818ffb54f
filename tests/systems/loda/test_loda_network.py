"""LoDa's network: what it is made of against loops written from the formulae, what is frozen, what learns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import loda_small  # noqa: E402
from loda_small import SMALL, crops  # noqa: E402
from torch.nn import functional  # noqa: E402

from visq.errors import OptionError, SizeError, WeightsError  # noqa: E402
from visq.systems.loda import trunks  # noqa: E402
from visq.systems.loda.design import MINI, TAPS, Design, distilled_spec  # noqa: E402
from visq.systems.loda.network import LoDa, normalised  # noqa: E402
from visq.systems.loda.parts import CosineHead, CrossAttention, Extractor, Injector  # noqa: E402


def _erf_gelu(x):
    from scipy.special import erf

    return 0.5 * x * (1.0 + erf(x / np.sqrt(2.0)))


def _linear(x, layer):
    bias = 0.0 if layer.bias is None else layer.bias.detach().double().numpy()
    return x @ layer.weight.detach().double().numpy().T + bias


# L1, L2 -------------------------------------------------------------------------------------------------------


def test_the_full_network_has_the_stated_parameters_and_tokens():
    """L1, L2: 8,927,488 learned ones and 118,234,176 in all; Z is N x 196 x 64, x is N x 197 x 768 before a block."""
    network = LoDa(Design(), "random", "random").eval()
    assert network.trained() == 8_927_488
    assert sum(p.numel() for p in network.parameters()) == 118_234_176
    assert sum(p.numel() for p in network.vit.parameters()) == 85_798_656
    assert sum(p.numel() for p in network.cnn.parameters()) == 23_508_032
    seen = []
    hooks = [one.register_forward_pre_hook(lambda _, given: seen.append(given[0].shape)) for one in network.vit.blocks]
    planes = torch.rand(1, 3, 224, 224)
    with torch.no_grad():
        assert network.tokens(planes).shape == (1, 196, 64)
        assert network(planes).shape == (1,)
    assert len(hooks) == 12
    assert set(seen) == {(1, 197, 768)}
    assert len(seen) == 12


@pytest.mark.parametrize(("vit", "count"), [("vit_small", 3_015_040), ("vit_tiny", 1_385_920)])
def test_smaller_transformers_have_the_stated_learned_parameters(vit, count):
    design = Design(vit=vit)
    outer, depth, _, _ = design.shape
    parts = [Extractor(c, 64, 7) for c in design.channels]
    parts += [Injector(outer, 64, 4) for _ in range(depth)] + [CosineHead(outer)]
    assert sum(p.numel() for part in parts for p in part.parameters()) == count


def test_the_mini_design_is_what_its_recipe_says():
    from visq.train import load

    network = LoDa(MINI, "random", "random")
    assert network.trained() == 675_776
    assert "675,776 parameters" in __import__("visq.systems.loda.recipe_mini", fromlist=["x"]).__doc__
    assert sum(p.numel() for p in network.vit.parameters()) == distilled_spec(MINI).parameters == 2_855_232
    assert load("loda-mini").options["design"] == MINI.options()
    assert load("loda").options["design"] == Design().options()


# The formulae -------------------------------------------------------------------------------------------------


def test_the_extractor_is_its_formula():
    layer = Extractor(3, 4, 2)
    maps = torch.randn(1, 3, 6, 8)
    x = maps[0].double().numpy()
    narrow, local = (m.weight.detach().double().numpy() for m in (layer.narrow, layer.local))
    low = _erf_gelu(np.einsum("oc,chw->ohw", narrow[:, :, 0, 0], x) + layer.narrow.bias.detach().numpy()[:, None, None])
    padded = np.pad(low, ((0, 0), (1, 1), (1, 1)))
    found = np.zeros_like(low)
    for i in range(6):
        for j in range(8):
            found[:, i, j] = np.einsum("ocyx,cyx->o", local, padded[:, i : i + 3, j : j + 3])
    wanted = [found[:, a * 3 : a * 3 + 3, b * 4 : b * 4 + 4].mean((1, 2)) for a in range(2) for b in range(2)]
    assert layer.local.bias is None
    np.testing.assert_allclose(layer(maps)[0].detach(), wanted, atol=1e-6)


def test_the_cross_attention_is_its_formula():
    layer = CrossAttention(8, 2)
    query, tokens = torch.randn(5, 8), torch.randn(7, 8)
    q = _linear(query.double().numpy(), layer.q)
    kv = _linear(tokens.double().numpy(), layer.kv)
    k, v = kv[:, :8], kv[:, 8:]
    mixed = np.zeros((5, 8))
    for head in (slice(0, 4), slice(4, 8)):
        for i in range(5):
            logits = np.array([q[i, head] @ k[j, head] / np.sqrt(4) for j in range(7)])
            share = np.exp(logits - logits.max())
            mixed[i, head] = (share / share.sum()) @ v[:, head]
    assert layer.q.bias is None
    assert layer.kv.bias is None
    np.testing.assert_allclose(layer(query[None], tokens[None])[0].detach(), _linear(mixed, layer.proj), atol=1e-6)


def test_the_injector_is_its_formula_with_and_without_attention():
    x, tokens = torch.randn(1, 5, 12), torch.randn(1, 5, 8)
    for heads in (2, 0):
        layer = Injector(12, 8, heads)
        a = _linear(_erf_gelu(_linear(x[0].double().numpy(), layer.down.fc1)), layer.down.fc2)
        low = torch.from_numpy(a).float()[None]
        more = layer.attention(low, tokens) if heads else tokens
        u = _linear(_erf_gelu(_linear(a + more[0].detach().double().numpy(), layer.up.fc1)), layer.up.fc2)
        wanted = x[0].numpy() + layer.scale.detach().numpy() * u
        np.testing.assert_allclose(layer(x, tokens)[0].detach(), wanted, atol=1e-5)
        assert 0.5 * 0.02 < Injector(4096, 8, heads).scale.detach().std() < 1.2 * 0.02


def test_the_head_is_a_cosine_of_a_unit_vector():
    head = CosineHead(6)
    vectors = torch.randn(4, 6)
    w = head.weight.detach().numpy()[0]
    assert np.linalg.norm(w) == pytest.approx(1.0, abs=1e-6)
    wanted = [v @ w / np.linalg.norm(v) / np.linalg.norm(w) for v in vectors.numpy()]
    np.testing.assert_allclose(head(vectors).detach(), wanted, atol=1e-6)
    torch.testing.assert_close(head(3 * vectors), head(vectors))


# L3 and the variants ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("variant", ["loda", "no-tokens", "add"])
def test_nothing_injected_is_the_bare_transformer(variant):
    """L3, within 1e-5."""
    network = loda_small.network(variant=variant)
    planes = crops().float() / 255
    bare = trunks.transformer(SMALL, "random")
    wanted = bare(bare.normalise(planes), "norm")["norm"][:, 0]
    with torch.no_grad():
        assert float((network.feature(planes) - wanted).abs().max()) > 1e-4
        for injector in network.injectors:
            injector.scale.zero_()
        torch.testing.assert_close(network.feature(planes), wanted, rtol=0, atol=1e-5)


def test_the_head_alone_is_the_bare_transformer_to_the_bit():
    network = loda_small.network(variant="probe")
    bare = trunks.transformer(SMALL, "random")
    planes = crops().float() / 255
    assert torch.equal(network.feature(planes), bare(bare.normalise(planes), "norm")["norm"][:, 0])
    assert network.trained() == 24
    assert network.cnn is None


def test_tokens_of_the_four_maps_follow_one_another_with_the_coarsest_last():
    network = loda_small.network()
    planes = crops().float() / 255
    found = network.tokens(planes)
    assert found.shape == (2, 16, 8)
    maps = network.cnn(network.cnn.normalise(planes), TAPS["efficientnet_lite0"])
    assert [tuple(m.shape[2:]) for m in maps.values()] == [(16, 16), (8, 8), (4, 4), (2, 2)]
    for j, values in enumerate(maps.values()):
        torch.testing.assert_close(found[:, 4 * j : 4 * j + 4], network.extractors[j](values))


def test_plain_addition_gives_each_patch_the_sum_of_the_maps_there():
    network = loda_small.network(variant="add")
    planes = crops().float() / 255
    found = network.tokens(planes)
    assert found.shape == (2, 17, 8)
    assert not found[:, 0].any()
    maps = network.cnn(network.cnn.normalise(planes), SMALL.taps)
    grids = [
        functional.adaptive_avg_pool2d(e.local(functional.gelu(e.narrow(m))), 4)
        for e, m in zip(network.extractors, maps.values(), strict=True)
    ]
    torch.testing.assert_close(found[:, 1 + 4 * 2 + 3], sum(grids)[:, :, 2, 3])


def test_without_tokens_the_cnn_has_no_part_in_it():
    network = loda_small.network(variant="no-tokens")
    assert network.cnn is None
    assert not network.tokens(torch.rand(1, 3, 64, 64)).any()


def test_pixels_are_normalised_as_the_authors_do_or_for_each_trunk():
    planes = torch.rand(1, 3, 64, 64)
    network = loda_small.network()
    both = normalised(network.cnn, planes, replace(SMALL, normalise="imagenet"))
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    torch.testing.assert_close(both[0, :, 3, 5], (planes[0, :, 3, 5] - mean) / std)
    own = normalised(network.cnn, planes, SMALL)
    torch.testing.assert_close(own, (planes * 255 - 127) / 128, rtol=1e-5, atol=1e-5)


def test_bytes_and_floats_are_the_same_picture():
    network, images = loda_small.network(), crops()
    with torch.no_grad():
        assert torch.equal(network(images), network(images.float() / 255))
        twice = network.double()
        assert twice(images.double() / 255).dtype == torch.float64


# L6 -----------------------------------------------------------------------------------------------------------


def test_every_learned_tensor_has_a_gradient_and_no_frozen_one():
    """L6, at the first step."""
    from visq.systems.loda.training import objective

    network = loda_small.network().train()
    score = torch.linspace(0, 1, 16)
    loss = sum(objective(network(crops(16)), {"score": score}, {"loss": "plcc"}).values())
    loss.backward()
    for name, parameter in network.named_parameters():
        frozen = name.startswith(("vit.", "cnn."))
        assert frozen == (parameter.grad is None), name
        assert frozen or float(parameter.grad.abs().max()) > 0, name


def test_gradients_reach_the_pixels():
    network = loda_small.network()
    planes = (crops().float() / 255).requires_grad_(True)
    network(planes).sum().backward()
    assert float(planes.grad.abs().max()) > 0


# Refusals -----------------------------------------------------------------------------------------------------


def test_crops_of_another_size_are_refused_early():
    network = loda_small.network()
    for shape in ((1, 3, 96, 96), (1, 3, 64, 80), (3, 64, 64), (1, 1, 64, 64)):
        with pytest.raises(SizeError, match="no crops for the network"):
            network(torch.zeros(shape))


@pytest.mark.parametrize(
    "wrong",
    [
        {"vit": "vit_huge"}, {"cnn": "vgg16"}, {"variant": "lora"}, {"bn": "off"}, {"width": 0}, {"width": 6},
        {"dropout": 1.0}, {"side": 200}, {"vit": "vit_tiny", "side": 192}, {"widht": 64}, {"normalise": "none"},
    ],
)  # fmt: skip
def test_designs_that_cannot_be_built_are_refused(wrong):
    with pytest.raises(OptionError):
        Design.of(wrong)


def test_random_parameters_never_stand_in_for_missing_ones(monkeypatch, tmp_path):
    monkeypatch.setenv("VISQ_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("VISQ_CACHE", str(tmp_path))
    with pytest.raises(WeightsError, match=r"vit_base_patch16_224\.augreg2_in21k_ft_in1k"):
        trunks.transformer(Design())
    with pytest.raises(WeightsError, match=r"resnet50\.a1_in1k"):
        trunks.cnn(Design())


def test_the_small_transformer_ships(monkeypatch, tmp_path):
    """The file, the row that names it and its card are of one network, found where nothing was put for it."""
    from visq import weights
    from visq.systems.loda.design import DISTILLED, WEIGHTS

    monkeypatch.setenv("VISQ_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("VISQ_CACHE", str(tmp_path))
    path = weights.find(WEIGHTS[DISTILLED])
    assert f"`{weights.sha256(path)}`" in path.with_suffix(".md").read_text(encoding="utf-8")
    taught, untaught = trunks.transformer(MINI), trunks.transformer(MINI, "random")
    assert sum(p.numel() for p in taught.parameters()) == 2_855_232
    # Learned parameters are no scaled noise: those of the patches' filters have directions that count more than others.
    own, random = (torch.linalg.svdvals(one.patch_embed.proj.weight.flatten(1)) for one in (taught, untaught))
    assert own[0] / own[96] > 2 * random[0] / random[96]
