"""Masked pooling of maps: equal to deleting positions, blind to what is hidden, at several scales."""

from __future__ import annotations

import numpy as np
import pytest

from visq.errors import InputError
from visq.explain.pooling import Pooled, of_backbone, pooled

RNG = np.random.default_rng(0)
MAPS = RNG.normal(size=(5, 6, 8))
KEEPS = RNG.random((50, 6, 8)) < RNG.uniform(0.1, 0.9, (50, 1, 1))


def _deleted(keep, pool):
    """The same without the hidden positions, which are not there at all."""
    left = MAPS[:, keep]
    if pool == "mean":
        return left.mean(axis=1)
    if pool == "max":
        return left.max(axis=1)
    if pool == "sum":
        return left.sum(axis=1) / 48
    return np.mean([np.outer(f, f).ravel() for f in left.T], axis=0)


@pytest.mark.parametrize("pool", ["mean", "max", "sum", "outer"])
def test_masking_equals_deleting(pool):
    """T1 of the specification, in double precision."""
    found = pooled(MAPS, KEEPS, pool)
    for keep, row in zip(KEEPS, found, strict=True):
        np.testing.assert_allclose(row, _deleted(keep, pool), atol=1e-12)


@pytest.mark.parametrize("pool", ["mean", "max", "sum", "outer"])
def test_what_is_hidden_is_not_seen(pool):
    """T2: noise in hidden cells."""
    for keep in KEEPS[:10]:
        changed = np.where(keep, MAPS, RNG.normal(scale=100.0, size=MAPS.shape))
        np.testing.assert_allclose(pooled(changed, keep[None], pool), pooled(MAPS, keep[None], pool), atol=1e-9)


def test_everything_kept_is_the_mean():
    """T3 to rounding: a sum of products in another order."""
    np.testing.assert_allclose(pooled(MAPS, np.ones((1, 6, 8), bool))[0], MAPS.mean(axis=(1, 2)), rtol=1e-12)


def test_masks_reach_other_scales_by_the_nearest_cell():
    fine, coarse = RNG.random((2, 8, 8)), RNG.random((3, 4, 4))
    model = Pooled([fine, coarse], lambda features: features.sum(axis=1), (64, 64))
    keep = np.zeros((8, 8), bool)
    keep[:, :4] = True
    wanted = fine[:, :, :4].mean(axis=(1, 2)).sum() + coarse[:, :, :2].mean(axis=(1, 2)).sum()
    assert model(keep)[0] == pytest.approx(wanted)
    lone = np.zeros((8, 8), bool)
    lone[0, 0] = True
    with pytest.raises(InputError, match="keeps nothing of the map"):
        model(lone)


def test_maps_that_are_none_are_refused():
    with pytest.raises(InputError, match="no maps"):
        Pooled([np.ones((3, 4))], lambda f: f, (8, 8))
    with pytest.raises(InputError, match="no maps"):
        Pooled([np.full((1, 3, 4), np.nan)], lambda f: f, (8, 8))
    with pytest.raises(ValueError, match="pool"):
        Pooled([np.ones((1, 3, 4))], lambda f: f, (8, 8), "median")


def test_a_network_of_this_package_is_masked_behind_its_layers():
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    import samples
    from visq import backbones

    network = backbones.create("resnet18", weights="random", seed=0).eval()
    taps = [tap for tap in network.taps if "layer" in tap or "block" in tap][-1:] or list(network.taps)[-1:]
    picture = samples.picture(96, 128)
    model = of_backbone(network, taps, picture, lambda features: features.mean(axis=1))
    with torch.no_grad():
        planes = torch.from_numpy(np.moveaxis(picture, -1, 0).copy())[None] / 255.0
        responses = network(network.normalise(planes), tuple(taps))[taps[0]][0].double().numpy()
    assert model.cells.shape == responses.shape[1:]
    whole = model(np.ones((1, *model.cells.shape), bool))[0]
    assert whole == pytest.approx(responses.mean(), rel=1e-5)
