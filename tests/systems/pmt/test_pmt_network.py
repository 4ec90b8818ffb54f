"""The transformer of PMT: masks against tokens that are left out, numbers of parameters, the block against a loop."""

from __future__ import annotations

import math

import numpy as np
import pytest

from visq.errors import InputError, OptionError, SizeError

torch = pytest.importorskip("torch")

from visq.systems.pmt.design import VARIANTS, Design  # noqa: E402
from visq.systems.pmt.layout import layout  # noqa: E402
from visq.systems.pmt.masks import drawn  # noqa: E402
from visq.systems.pmt.network import Network  # noqa: E402
from visq.systems.pmt.readers import Attention, Block, Positions, hidden_keys  # noqa: E402

pytestmark = pytest.mark.usefixtures("one_thread")
SMALL = Design.of({"variant": "small"})


def _reader(design=SMALL, seed=0):
    """A reader whose parameters are far from their beginnings, so that what it looks at shows in the score."""
    torch.manual_seed(seed)
    reader = Attention(design).eval().requires_grad_(False)
    for parameter in reader.parameters():
        parameter.add_(0.2 * torch.randn_like(parameter))
    return reader


def _cells(design=SMALL, rows=6, columns=8, count=1, seed=1):
    return torch.randn(count, design.channels, rows, columns, generator=torch.Generator().manual_seed(seed))


def _masks(count, cells, seed=2):
    """Random ones, of all shares that are kept."""
    generator = np.random.default_rng(seed)
    masks = np.zeros((count, cells), bool)
    for mask in masks:
        mask[generator.permutation(cells)[: generator.integers(1, cells)]] = True
    return torch.from_numpy(masks)


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("variant", ["small", "triq-r50"])
def test_masking_equals_deleting_tokens(variant, legacy):
    """T1: 50 random masks, 1e-5 in single precision; and the masks do change the score."""
    design = Design.of({"variant": variant, "legacy_positions": legacy})
    reader = _reader(design)
    tokens, scores = reader.tokens(_cells(design)), []
    for mask in _masks(50, 48):
        by_mask = reader(tokens, mask[None])
        left = torch.cat([tokens[:, :1], tokens[:, 1:][:, mask]], dim=1)
        by_deleting = reader(left)
        assert (by_mask["logits"] - by_deleting["logits"]).abs().max() <= 1e-5
        assert abs(by_mask["score"] - by_deleting["score"]) <= 1e-5
        scores.append(float(by_mask["score"]))
    assert np.std(scores) > 0.01


def test_parts_are_what_masks_say():
    reader = _reader()
    tokens = reader.tokens(_cells())
    masks = torch.stack([torch.randperm(48, generator=torch.Generator().manual_seed(k)) < 20 for k in range(12)])
    by_mask = torch.cat([reader(tokens, mask[None])["score"] for mask in masks])
    torch.testing.assert_close(reader.parts(tokens, masks), by_mask, rtol=0, atol=1e-5)


def test_nothing_reads_what_is_masked():
    """T2: noise in the place of masked cells changes no score by more than 1e-5; in that of kept ones it does."""
    network = Network(SMALL, "random", seed=1).eval()
    network.reader = _reader()
    cells, keep = _cells(count=4), _masks(4, 48).reshape(4, 6, 8)
    noise = 10.0 * _cells(count=4, seed=9)
    hidden, shown = torch.where(keep[:, None], cells, noise), torch.where(keep[:, None], noise, cells)
    score = network.read(cells, keep)["score"]
    assert (network.read(hidden, keep)["score"] - score).abs().max() <= 1e-5
    assert (network.read(shown, keep)["score"] - score).abs().min() > 1e-3


@pytest.mark.parametrize("variant", ["small", "triq-r50"])
def test_a_mask_that_hides_nothing_is_no_mask(variant):
    """T3: to the last bit."""
    design = Design.of({"variant": variant})
    reader, every = _reader(design), torch.ones(3, 48, dtype=torch.bool)
    tokens = reader.tokens(_cells(design, count=3))
    for name, value in reader(tokens).items():
        assert torch.equal(value, reader(tokens, every)[name])


def test_masks_by_picture_do_not_mix():
    reader = _reader()
    tokens, masks = reader.tokens(_cells(count=3)), _masks(3, 48)
    together = reader(tokens, masks)["score"]
    alone = torch.cat([reader(tokens[k : k + 1], masks[k : k + 1])["score"] for k in range(3)])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-6)


def test_hidden_keys_in_every_precision():
    keep = torch.tensor([[True, False]])
    assert hidden_keys(keep, torch.float32).flatten().tolist() == [0.0, 0.0, -1e9]
    for kind in (torch.float16, torch.bfloat16):
        bias = hidden_keys(keep, kind)
        assert bias.dtype == kind
        assert torch.isfinite(bias).all()
        assert bias.flatten()[2] == torch.finfo(kind).min
        assert bias.double().softmax(-1).flatten().tolist() == [0.5, 0.5, 0.0]


def _count(module):
    return sum(p.numel() for p in module.parameters())


def test_parameters_of_the_full_network():
    """The table of the specification: 23,508,032 of ResNet-50, 91,301 of transformer and head."""
    network = Network(Design.of({"variant": "triq-r50", "legacy_positions": True}), "random")
    reader = network.reader
    assert _count(network.trunk) == 23_508_032
    assert _count(reader.project) == 65_568
    assert reader.quality.numel() == 32
    assert _count(reader.positions) == 6_176
    assert [_count(block) for block in reader.blocks] == [8_544, 8_544]
    assert _count(reader.hidden) + _count(reader.grade) == 2_437
    assert _count(reader) == 91_301
    assert _count(network) == 23_599_333
    # With the table of two sides, 32 x 32 places in the place of 193.
    assert _count(Attention(VARIANTS["triq-r50"])) == 91_301 + (32 * 32 - 193) * 32


def test_parameters_of_the_small_networks():
    """ResNet-18 up to its third stage, as the specification counts it; EfficientNet-Lite0 without its head."""
    assert _count(Network(VARIANTS["small-r18"], "random").trunk) == 2_782_784
    network = Network(SMALL, "random")
    # timm's tf_efficientnet_lite0 has 4,652,008; its head 320 * 1280 + 2 * 1280, its classifier 1280 * 1000 + 1000.
    assert _count(network.trunk) == 4_652_008 - (320 * 1280 + 2 * 1280) - (1280 * 1000 + 1000)
    d, wide = 48, 96
    block = 4 * (d * d + d) + d * wide + wide + wide * d + d + 4 * d
    head = d * 64 + 64 + 64 * 5 + 5
    assert _count(network.reader) == (320 * d + d) + d + 32 * 32 * d + 2 * block + head


def _normal(x, norm):
    x = x - x.mean(axis=-1, keepdims=True)
    x = x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + 1e-6)
    return x * norm.weight.double().numpy() + norm.bias.double().numpy()


def _linear(x, layer):
    return x @ layer.weight.double().numpy().T + layer.bias.double().numpy()


def test_a_block_is_its_formulae():
    """Post-norm attention of 8 heads of width 4 and two layers, head by head and query by query in double precision."""
    design = VARIANTS["triq-r50"]
    torch.manual_seed(3)
    block = Block(design).eval().requires_grad_(False)
    for parameter in block.parameters():
        parameter.add_(0.1 * torch.randn_like(parameter))
    x, keep = torch.randn(1, 7, 32), torch.tensor([[True, False, True, True, False, True]])
    given = x[0].double().numpy()
    queries, keys, values = np.split(_linear(given, block.qkv), 3, axis=1)
    mixed = np.zeros((7, 32))
    seen = [0] + [1 + j for j in range(6) if keep[0, j]]
    for head in range(8):
        part = slice(4 * head, 4 * head + 4)
        for i in range(7):
            weights = [math.exp(queries[i, part] @ keys[j, part] / math.sqrt(4)) for j in seen]
            mixed[i, part] = sum(w * values[j, part] for w, j in zip(weights, seen, strict=True)) / sum(weights)
    middle = _normal(given + _linear(mixed, block.out), block.norm1)
    wanted = _normal(middle + _linear(np.maximum(_linear(middle, block.wide), 0), block.narrow), block.norm2)
    np.testing.assert_allclose(block(x, keep)[0].numpy(), wanted, rtol=0, atol=2e-6)
    np.testing.assert_allclose(block(x, keep, first=True)[0].numpy(), wanted[:1], rtol=0, atol=2e-6)


def test_the_score_is_the_mean_grade():
    found = _reader()(_reader().tokens(_cells(count=5)))
    shares = found["logits"].double().softmax(1).numpy()
    np.testing.assert_allclose(found["score"].numpy(), shares @ np.arange(1, 6), atol=1e-6)
    assert (found["score"] >= 1).all()
    assert (found["score"] <= 5).all()


def test_positions_are_resampled_between_the_places_of_the_table():
    """Middles of cells, linear in both directions: written out for one row of cells."""
    positions = Positions(SMALL)
    table = positions.table[0].detach().numpy()
    found = positions(4, 16)[0].detach().numpy()
    assert not found[0].any(), "the quality token lies nowhere"
    grid = found[1:].reshape(4, 16, -1)
    for i, j in ((0, 0), (2, 5), (3, 15)):
        y, x = (i + 0.5) * 32 / 4 - 0.5, (j + 0.5) * 32 / 16 - 0.5
        top, left = int(y), int(x)
        v, u = y - top, x - left
        near = table[:, top : top + 2, left : left + 2]
        wanted = (1 - v) * ((1 - u) * near[:, 0, 0] + u * near[:, 0, 1])
        wanted = wanted + v * ((1 - u) * near[:, 1, 0] + u * near[:, 1, 1])
        np.testing.assert_allclose(grid[i, j], wanted, atol=1e-6)


def test_legacy_positions_are_those_of_the_index():
    design = Design.of({"variant": "triq-r50", "legacy_positions": True})
    positions = Positions(design)
    assert torch.equal(positions(12, 16), positions(16, 12))
    assert torch.equal(positions(3, 4)[0], positions.table[0, :13])
    with pytest.raises(SizeError, match="more tokens than there are learned positions"):
        layout(design, 480, 640)


def test_grids_of_the_full_network():
    """Pooled from 16 rows on, as TRIQ pools: 384 x 512 has 12 rows, 1024 x 768 has 32 and half of them."""
    full = VARIANTS["triq-r50"]
    assert [(p.rows, p.columns, p.pooled) for p in (layout(full, 384, 512), layout(full, 1024, 768))] == [
        (12, 16, False), (16, 12, True)
    ]  # fmt: skip
    for height, width in ((512, 512), (97, 131), (1024, 768), (2100, 1400)):
        for design in VARIANTS.values():
            where = layout(design, height, width)
            assert where.tokens <= 1024
            assert where.cells(height, width).shape == (where.rows, where.columns)
            assert where.cells(height, width).size == (height, width)
            assert (np.diff(where.cells(height, width).rows) > 0).all()


def test_random_masks_have_the_stated_shares():
    torch.manual_seed(0)
    kept = drawn(4000, 8, 8, share=0.5, least=0.25).flatten(1).sum(1)
    whole = float((kept == 64).float().mean())
    assert 0.47 < whole < 0.54  # half, and those of which everything was drawn
    part = kept[kept < 64].float()
    assert part.min() >= 16
    assert abs(float(part.mean()) / 64 - 0.625) < 0.02  # the middle of 0.25 and 1
    assert (drawn(50, 1, 2, share=1.0, least=0.0).flatten(1).sum(1) >= 1).all()
    torch.manual_seed(5)
    one = drawn(10, 4, 4, share=0.5, least=0.25)
    torch.manual_seed(5)
    assert torch.equal(one, drawn(10, 4, 4, share=0.5, least=0.25))


@pytest.mark.parametrize(
    ("keep", "said"),
    [
        (torch.ones(2, 2, 2, dtype=torch.bool), r"another grid; expected \(2, 2, 3\)"),
        (torch.ones(2, 2, 3), "expected bool"),
        (torch.tensor([[[True] * 3] * 2, [[False] * 3] * 2]), "no cell for picture 1"),
    ],
)
def test_masks_that_cannot_be_are_refused(keep, said):
    network = Network(SMALL, "random").eval()
    with pytest.raises(InputError, match=said):
        network(torch.rand(2, 3, 64, 96), keep)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"variant": "large"}, "unknown variant"),
        ({"depth": 3}, "no option 'depth'"),
        ({"heads": 7}, "a divisor of width"),
        ({"tap": "layer9"}, "no tap 'layer9'"),
        ({"reading": "max"}, "unknown reading"),
        ({"dropout": 1.0}, "dropout is no share"),
    ],
)
def test_designs_that_cannot_be_are_refused(options, said):
    with pytest.raises(OptionError, match=said):
        Design.of(options)


def test_a_part_that_is_frozen_lies_before_the_layer_that_is_read():
    with pytest.raises(OptionError, match="frozen_to lies behind"):
        Network(VARIANTS["small-r18"], "random", frozen_to="layer4.0.relu")
