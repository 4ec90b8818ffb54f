"""Parts of a picture hidden from LoDa: nothing hidden is the score, hidden patches are as masked keys, what is left."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import loda_small  # noqa: E402

import samples  # noqa: E402
from visq.errors import InputError  # noqa: E402
from visq.systems.inputs import read  # noqa: E402
from visq.systems.loda.masking import Masked, Tokens, _kept, cells  # noqa: E402
from visq.systems.loda.parts import CrossAttention  # noqa: E402
from visq.systems.loda.pictures import crops_of  # noqa: E402
from visq.systems.loda.score import judged  # noqa: E402
from visq.train.data.crops import Crop  # noqa: E402


def scores(network, seen, keeps, **options):
    """Of tokens that are not told together."""
    with torch.no_grad():
        return Masked(network, seen, **options)(keeps)


@pytest.fixture
def seen():
    return read(samples.picture(384, 400))


@pytest.mark.parametrize("variant", ["loda", "no-tokens", "add", "probe"])
def test_with_all_cells_it_is_the_score(variant, seen):
    network = loda_small.network(variant=variant)
    keeps = np.ones((1, 12, 12), bool)
    with torch.no_grad():
        assert scores(network, seen, keeps)[0] == pytest.approx(judged(seen, network).score, abs=1e-6)


@pytest.mark.parametrize("variant", ["loda", "add"])
def test_patches_left_out_are_keys_that_nobody_asks(variant, monkeypatch):
    """The class token with an attention mask written out: rows of minus infinity for hidden patches."""
    from visq.backbones import vit

    network = loda_small.network(variant=variant)
    planes = loda_small.crops(1).float() / 255
    tokens = network.tokens(planes)
    patches = torch.tensor([0, 3, 4, 9, 15])
    chosen = torch.cat([torch.zeros(1, dtype=torch.long), 1 + patches])
    local = tokens[:, chosen] if variant == "add" else tokens[:, ::2]
    with torch.no_grad():
        found = network.read(planes, local, patches)

    def attention(q, k, v):
        logits = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
        hidden = torch.ones(17, dtype=torch.bool)
        hidden[chosen] = False
        return logits.masked_fill(hidden, float("-inf")).softmax(-1) @ v

    monkeypatch.setattr(vit.functional, "scaled_dot_product_attention", attention)

    def plain(self, query, given):
        """The attention to the CNN's tokens, which are chosen already."""
        q, (k, v) = self._split(self.q(query)), map(self._split, self.kv(given).chunk(2, -1))
        share = (q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5).softmax(-1)
        return self.proj((share @ v).transpose(1, 2).flatten(2))

    monkeypatch.setattr(CrossAttention, "forward", plain)
    with torch.no_grad():
        wanted = network.read(planes, tokens if variant == "add" else local)
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-5)


def test_what_is_hidden_has_no_part_in_the_score():
    """Without the CNN, whose tokens see their neighbourhood: other pixels in hidden cells change no bit."""
    network = loda_small.network(variant="no-tokens")
    pixels = samples.picture(384, 400)
    keep = np.ones((1, 12, 12), bool)
    keep[0, 4:8, 3:9] = False
    # Patches of crops at any place reach half a patch beyond a cell whose middle they have.
    other = pixels.copy()
    other[4 * 32 + 16 : 8 * 32 - 16, 3 * 34 + 16 : 9 * 33 - 16] = 0
    with torch.no_grad():
        found = [scores(network, read(p), keep)[0] for p in (pixels, other)]
        plain = [scores(network, read(p), np.ones_like(keep))[0] for p in (pixels, other)]
    assert found[0] == found[1]
    assert plain[0] != plain[1]


def test_parts_are_kept_where_their_middles_lie():
    keep = np.zeros((12, 12), bool)
    keep[2, 5] = True  # rows 64 to 96, columns 160 to 192 of a picture of 384
    found = _kept(keep, (384, 384), Crop(16, 32, 224, 224), 224, 14)
    # Patches whose middles, 16 + 8 + 16 i and 32 + 8 + 16 j, lie in it: rows 3 and 4, columns 8 and 9.
    assert found.tolist() == [3 * 14 + 8, 3 * 14 + 9, 4 * 14 + 8, 4 * 14 + 9]


def test_crops_without_a_kept_patch_are_left_out(seen):
    network = loda_small.network()
    keep = np.zeros((1, 12, 12), bool)
    keep[0, :2, :2] = True
    with torch.no_grad():
        first = crops_of((384, 400), 64, "grid15")[0]
        part = seen.image[:, :, first.top : first.top + 64, first.left : first.left + 64]
        wanted = network(part)
        assert scores(network, seen, keep)[0] == pytest.approx(float(wanted), abs=1e-6)
        keep[0] = False
        keep[0, 3, 3] = True
        with pytest.raises(InputError, match="no crop"):
            scores(network, seen, keep)


@pytest.fixture
def small(monkeypatch):
    """The metric with a network that costs nothing."""
    from visq.systems.loda import masking

    network = loda_small.network(side=160)
    monkeypatch.setattr(masking, "opened", lambda *_: network)
    return network


@pytest.mark.filterwarnings("ignore::visq.errors.VisqWarning")
@pytest.mark.parametrize(
    ("width", "crops", "taken"),
    [(400, "corners", True), (800, "corners", False), (1152, "grid15", True), (1920, "grid15", False)],
)
def test_pictures_of_which_crops_see_less_than_half_are_refused_first(small, width, crops, taken):
    """Crops of 160 pixels: five show 0.8 and 0.4 of the first two, fifteen, in five columns, 0.7 and 0.4."""
    picture, done = samples.picture(384, width), []
    given = {"crops": crops, "on_step": lambda: done.append(1)}
    if taken:
        assert Tokens(picture, **given).cells.shape == (12, width // 32)
        return
    with pytest.raises(InputError, match=f"crops={crops} leave out .* of {width}x384 pixels"):
        Tokens(picture, **given)
    assert not done


def test_wrong_masks_are_refused(small):
    tokens = Tokens(samples.picture(384, 400))
    with pytest.raises(InputError, match="another grid"):
        tokens(np.ones((1, 5, 5), bool))
    with pytest.raises(InputError, match="keeps no cell"):
        tokens(np.zeros((1, 12, 12), bool))


@pytest.mark.parametrize(
    ("size", "most", "shape"),
    [((384, 400), None, (12, 12)), ((384, 400), 144, (12, 12)), ((384, 400), 48, (6, 6)), ((500, 3000), 192, (4, 24))],
)
def test_there_are_no_more_cells_than_were_asked_for(size, most, shape):
    """A short side of 384 has 12 tokens, a side six times as long 72: of squares of two there are still 216."""
    found = cells(np.zeros((*size, 3), np.uint8), most)
    assert found.size == size
    assert found.shape == shape


def test_a_cell_of_several_tokens_hides_all_of_them(small):
    image = samples.picture(384, 400)
    few = Tokens(image, most=48)
    assert few.factor == 2
    keep = np.ones((6, 6), bool)
    keep[1, 2] = keep[5, 5] = False
    assert few(keep[None])[0] == Tokens(image)(np.kron(keep, np.ones((2, 2), bool))[None])[0]


def test_every_piece_of_work_is_told(small):
    from visq.explain import region_importance
    from visq.explain.importances import steps

    told = []
    settings = {"estimator": "loo", "cells": 9}
    found = region_importance(
        "loda:crops=corners", samples.picture(384, 400), on_step=lambda: told.append(0), **settings
    )
    assert found.cells.shape == (3, 3)
    assert len(told) == steps("loda:crops=corners", samples.picture(384, 400), **settings) == 5 + 9 + 3


@pytest.mark.parametrize("options", ["rounded=false", "crops=random15,seed=2", "filter=bilinear"])
def test_every_option_of_the_metric_is_taken(small, options):
    from visq.catalog.learned.loda import SPEC
    from visq.explain.masking import as_metric, prepared

    assert {o.name for o in SPEC.options} == {"crops", "seed", "filter", "rounded", "model", "vit", "cnn"}
    metric = as_metric(f"loda:{options}")
    masker = prepared(metric, samples.picture(100, 120))
    with torch.no_grad():
        expected = judged(read(samples.picture(100, 120)), small, **{k: v for k, v in metric.options.items()}).score
    assert masker(np.ones((1, *masker.cells.shape), bool))[0] == pytest.approx(expected, abs=1e-6)
