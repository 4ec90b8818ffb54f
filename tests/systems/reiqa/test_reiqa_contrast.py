"""The network that is trained: its parameters (R1), its loss and queue (R4), its slow copy, and who normalises whom."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")

from visq.errors import OptionError  # noqa: E402
from visq.systems.reiqa import contrast, trunks  # noqa: E402
from visq.systems.reiqa.contrast import Contrast, contrastive_loss, fed, projection  # noqa: E402
from visq.systems.reiqa.design import SIZES, size_of  # noqa: E402


def _count(*modules):
    return sum(p.numel() for module in modules for p in module.parameters())


def _small(part="quality", **options):
    return Contrast(size_of({"size": "small", "queue": 24, **options}), part, 0)


def _crops(seed, count=6, side=32):
    return torch.randint(0, 256, (count, 3, side, side), generator=torch.Generator().manual_seed(seed)).to(torch.uint8)


def test_parameters_of_the_published_size():
    """R1: the counts of the specification, and the queue's 33.6 MB."""
    full = SIZES["full"]
    with torch.device("meta"):
        trunk = trunks.spec_of(full.trunk)
        from visq.backbones.resnet import ResNet

        network = ResNet(trunk, **dict(trunk.config))
        head = projection(full.features, full.embedding)
    assert _count(network) == trunk.parameters == 23_508_032
    assert _count(head) == 4_458_624
    assert _count(network, head) == 27_966_656
    assert 2 * _count(network) == 47_016_064
    assert (full.queue, full.embedding) == (65_536, 128)
    assert full.queue * full.embedding * 4 == 33_554_432
    assert (full.patch, full.distorted, full.negatives) == (160, 11, "queue")


def test_parameters_of_the_small_size_fit_12_megabytes_twice_in_half_precision():
    made = _small()
    assert _count(made.encoder) == trunks.spec_of("resnet18_half").parameters
    buffers = sum(b.numel() for b in made.encoder.buffers())
    assert 2 * 2 * (_count(made.encoder) + buffers) < 12e6


def test_the_copy_begins_as_the_encoder_and_has_no_gradient():
    made = _small()
    for fast, slow in ((made.encoder, made.momentum_encoder), (made.head, made.momentum_head)):
        for name, value in fast.state_dict().items():
            assert torch.equal(value, slow.state_dict()[name]), name
        assert all(p.requires_grad for p in fast.parameters())
        assert not any(p.requires_grad for p in slow.parameters())


def test_only_the_content_encoder_sees_normalised_pixels():
    planes = torch.full((1, 3, 2, 2), 0.5)
    assert torch.equal(fed(planes, "quality"), planes)
    expected = [(0.5 - m) / s for m, s in zip((0.485, 0.456, 0.406), (0.229, 0.224, 0.225), strict=True)]
    assert fed(planes, "content")[0, :, 0, 0].tolist() == pytest.approx(expected, abs=1e-6)
    assert fed(torch.full((1, 3, 1, 1), 51, dtype=torch.uint8), "quality").tolist() == [[[[pytest.approx(0.2)]]] * 3]


@pytest.mark.parametrize("negatives", ["queue", "queue+batch"])
def test_the_loss_is_that_of_the_formula_and_keys_come_into_the_queue_after_it(negatives):
    """R4, with a loop written from the formula: this step's keys are negatives only where they are asked to be."""
    made = _small(negatives=negatives, groups=1)
    before = made.queue.clone()
    query, key = _crops(1), _crops(2)
    logits = made(query, key)
    with torch.no_grad():
        # Nothing moved before the first step, so the copy makes these keys; its normalisations see the same batch.
        q = torch.nn.functional.normalize(made.head(trunks.pooled(made.encoder, made._fed(query))))
        k = torch.nn.functional.normalize(made.head(trunks.pooled(made.encoder, made._fed(key))))
    losses = []
    for i in range(6):
        negative = [math.exp(float(q[i] @ u) / 0.2) for u in before]
        if negatives == "queue+batch":
            negative += [math.exp(float(q[i] @ k[j]) / 0.2) for j in range(6) if j != i]
        positive = math.exp(float(q[i] @ k[i]) / 0.2)
        losses.append(-math.log(positive / (positive + sum(negative))))
    # Sums of thirty terms in single precision.
    assert float(contrastive_loss(logits).detach()) == pytest.approx(sum(losses) / 6, rel=1e-5)
    assert torch.allclose(made.queue[:6], k, atol=1e-6)
    assert torch.equal(made.queue[6:], before[6:])
    assert int(made.place) == 6


def test_logits_are_of_single_precision_whatever_the_encoder_computes_in():
    """bfloat16 has 3 digits: cosines over T, up to 5, would be off by 0.02."""
    made = _small(groups=1)
    query, key = _crops(1), _crops(2)
    seen = []
    made.head.register_forward_hook(lambda *given: seen.append(given[2].detach()))
    made.momentum_head.register_forward_hook(lambda *given: seen.append(given[2].detach()))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = made(query, key)
    assert [one.dtype for one in seen] == [torch.bfloat16] * 2
    assert logits.dtype == torch.float32
    k, q = (torch.nn.functional.normalize(one.double()) for one in seen)
    assert torch.allclose(logits[:, 0].double(), (q * k).sum(1) / 0.2, atol=1e-5)


def test_the_oldest_keys_are_overwritten_first():
    made = _small()
    rows = torch.nn.functional.normalize(torch.randn(20, 128, generator=torch.Generator().manual_seed(0)))
    before = made.queue.clone()
    made._put(rows)
    made._put(rows[:10] * -1)
    assert torch.equal(made.queue[:6], -rows[4:10])
    assert torch.equal(made.queue[6:20], rows[6:])
    assert torch.equal(made.queue[20:], -rows[:4])
    assert not torch.equal(made.queue[:20], before[:20])
    assert int(made.place) == 6


def test_more_keys_than_the_queue_holds_are_refused():
    with pytest.raises(OptionError, match="at most 24"):
        _small()._put(torch.zeros(25, 128))


def test_the_queue_begins_with_unit_vectors():
    assert torch.allclose(_small().queue.norm(dim=1), torch.ones(24), atol=1e-6)


def test_the_copy_follows_each_change_once():
    """``t' <- m t' + (1 - m) t``, at the first forward pass after it; a second one in the step changes nothing."""
    made = _small(momentum=0.999)
    made(_crops(1), _crops(2))
    with torch.no_grad():
        for p in made.head.parameters():
            p.add_(1.0)
    was = made.momentum_head[0].bias.clone()
    made(_crops(1), _crops(2))
    once = made.momentum_head[0].bias.clone()
    assert torch.allclose(once, was + 0.001, atol=1e-7)
    made(_crops(1), _crops(2))
    assert torch.equal(made.momentum_head[0].bias, once)


def test_keys_are_normalised_in_shuffled_groups():
    """With as many groups as pictures each is normalised alone; queries keep their batch."""
    made = _small(groups=3)
    sizes = []
    for encoder in (made.momentum_encoder, made.encoder):
        encoder.conv1.register_forward_hook(lambda *seen: sizes.append(len(seen[1][0])))
    torch.manual_seed(0)
    made(_crops(1), _crops(2))
    assert sizes == [2, 2, 2, 6]


def test_groups_hand_the_keys_back_in_order():
    """In evaluation mode no picture's key depends on its company."""
    made = _small(groups=3)
    made.momentum_encoder.eval()
    planes = fed(_crops(5), "quality")
    with torch.no_grad():
        assert torch.allclose(made._grouped(planes, 3), made._slow(planes), atol=1e-6)


def test_the_copy_has_statistics_of_its_own():
    made = _small()
    made(_crops(1), _crops(2))
    name = "bn1.running_mean"
    assert not torch.equal(made.encoder.state_dict()[name], made.momentum_encoder.state_dict()[name])


def test_judging_changes_nothing():
    made = _small()
    made.eval()
    before = {name: value.clone() for name, value in made.state_dict().items()}
    with torch.no_grad():
        found = made(_crops(1), _crops(2))
    assert {name: tuple(v.shape) for name, v in found.items()} == {
        "features": (6, 256), "query": (6, 128), "key": (6, 128),
    }  # fmt: skip
    assert all(torch.equal(value, before[name]) for name, value in made.state_dict().items())


def test_constants_are_the_published_ones():
    assert (contrast.TEMPERATURE, SIZES["full"].momentum) == (0.2, 0.999)


@pytest.mark.parametrize("wrong", [{"size": "large"}, {"negatives": "batch"}, {"patch": 8}, {"momentum": 1.0}])
def test_sizes_that_cannot_be(wrong):
    with pytest.raises(OptionError):
        size_of({"size": "small", **wrong})
