"""Filling cells of pictures: what is shown, that every metric takes it, that damage is found where it is."""

from __future__ import annotations

import numpy as np
import pytest

import samples
import visq
from visq import catalog
from visq.errors import InputError, InputTypeError, OptionError
from visq.explain import explain, region_importance
from visq.explain.agreements import auc
from visq.explain.cells import Cells, squares
from visq.explain.estimators import calls
from visq.explain.importances import steps
from visq.explain.masking import as_metric, levels, prepared
from visq.explain.pixels import array_of, filling

PICTURE = samples.picture(96, 128)
KEEP = np.random.default_rng(0).random((3, 4)) < 0.5


def _prepared(metric, *pictures, **options):
    return prepared(metric, *pictures, level="pixel", cells=12, **options)


@pytest.mark.parametrize("fill", ["mean", "blur", "noise"])
@pytest.mark.parametrize(
    "picture", [PICTURE, PICTURE[..., 0], PICTURE.astype(np.uint16) * 257, PICTURE / 255.0, PICTURE / np.float32(255)]
)
def test_kept_cells_are_untouched_and_hidden_ones_filled(fill, picture):
    masker = _prepared("tv", picture, fill=fill)
    found = masker.picture(KEEP)
    assert found.dtype == picture.dtype
    assert found.shape == picture.shape
    kept = masker.cells.expand(KEEP)
    assert (found[kept] == picture[kept]).all()
    wanted = filling(picture, masker.cells, fill, masker.cells.size and array_peak(picture))
    assert (found[~kept] == wanted[~kept]).all()
    assert 0 <= found.min() <= found.max() <= array_peak(picture)


def array_peak(picture):
    return float(np.iinfo(picture.dtype).max) if picture.dtype.kind == "u" else 1.0


def test_fillings_are_what_they_are_called():
    cells = squares(PICTURE.shape[:2], 12)
    mean = filling(PICTURE, cells, "mean", 255.0)
    assert (mean == np.rint(PICTURE.reshape(-1, 3).mean(axis=0))).all()
    noise = filling(PICTURE / 255.0, cells, "noise", 1.0, seed=1)
    assert noise.mean() == pytest.approx(PICTURE.mean() / 255, abs=0.02)
    assert (noise == filling(PICTURE / 255.0, cells, "noise", 1.0, seed=1)).all()
    assert not (noise == filling(PICTURE / 255.0, cells, "noise", 1.0, seed=2)).all()


def test_the_blur_is_a_gaussian_of_half_a_cell():
    from scipy import ndimage

    for side in (2, 6, 32):
        cells = Cells(np.arange(0.0, 97, side), np.arange(0.0, 129, side))
        wanted = ndimage.gaussian_filter(PICTURE / 255.0, (side / 2, side / 2, 0), mode="reflect", truncate=3.0)
        found = filling(PICTURE / 255.0, cells, "blur", 1.0)
        # Wide ones are computed on a smaller picture.
        assert np.abs(found - wanted).max() < 0.04
        assert np.abs(found - wanted).mean() < 0.006


def test_with_everything_kept_the_score_is_the_metrics_own():
    """T3 of the specification: bitwise."""
    for name in ("brisque", "piqe", "entropy"):
        assert _prepared(name, PICTURE)(np.ones((1, 3, 4), bool))[0] == float(visq.metric(name)(PICTURE))


def test_with_a_reference_hidden_cells_do_not_differ():
    damaged = samples.noisy(PICTURE, 20)
    masker = _prepared("mse", damaged, PICTURE)
    assert masker.fill == "reference"
    kept = masker.cells.expand(KEEP)
    error = ((damaged.astype(float) - PICTURE) ** 2).mean(axis=2)
    assert masker(KEEP)[0] == pytest.approx((error * kept).mean(), rel=1e-5)
    for fill in ("mean", "blur", "noise"):
        assert _prepared("mse", damaged, PICTURE, fill=fill)(KEEP)[0] == pytest.approx((error * kept).mean(), rel=1e-5)


def _computable(kind):
    return [s.id for s in catalog.specs(kind) if not s.extra]


@pytest.mark.parametrize("name", _computable("nr"))
def test_every_metric_without_a_reference_is_explained(name):
    picture = samples.jpeg(samples.picture(128, 160), 30)
    found = region_importance(name, picture, level="pixel", cells=6, estimator="loo")
    assert found.score == float(visq.metric(name)(picture))
    assert found.map.shape == (2, 3)
    assert np.isfinite(found.map).all()
    assert found.critical.sum() == 3
    assert found.calls == 9


@pytest.mark.parametrize("name", [*_computable("fr"), *_computable("rr")])
def test_every_metric_with_a_reference_is_explained(name):
    reference = samples.picture(192, 192)
    damaged = samples.jpeg(reference, 20)
    found = region_importance(name, damaged, reference, level="pixel", cells=4, estimator="loo")
    assert found.score == pytest.approx(float(visq.metric(name)(damaged, reference)))
    assert np.isfinite(found.map).all()


@pytest.mark.parametrize("name", ["ssim", "gmsd", "psnr", "fsim", "vif_p"])
def test_damage_in_one_quadrant_is_found_there(name):
    """T5 of the specification for metrics that compare."""
    reference = samples.picture(192, 256)
    for quadrant in range(4):
        rows, columns = slice(96 * (quadrant // 2), 96 * (quadrant // 2) + 96), slice(128 * (quadrant % 2), None)
        columns = slice(columns.start, columns.start + 128)
        damaged = reference.copy()
        damaged[rows, columns] = samples.blurred(reference, 2)[rows, columns]
        found = region_importance(name, damaged, reference, level="pixel", estimator="loo")
        truth = found.cells.means(np.abs(damaged.astype(float) - reference).sum(axis=2)) > 0
        assert auc(found.map.ravel(), truth.ravel()) > 0.95


def test_steps_are_told_before_they_are_made():
    for estimator in ("loo", "half", "greedy"):
        done = []
        options = {"level": "pixel", "cells": 6, "estimator": estimator, "masks": 40}
        found = region_importance("tv", PICTURE, on_step=lambda done=done: done.append(1), **options)
        assert len(done) == found.calls == steps("tv", PICTURE, **options) == calls(estimator, 6, 40) + 3


def test_the_seed_decides_and_nothing_else():
    def found(seed):
        return region_importance(
            "tv", PICTURE, level="pixel", fill="noise", cells=6, masks=24, seed=seed, estimator="half"
        )

    assert (found(3).map == found(3).map).all()
    assert not (found(3).map == found(4).map).all()


def test_pictures_come_in_every_form(tmp_path):
    from PIL import Image

    path = tmp_path / "a.png"
    Image.fromarray(PICTURE).save(path)
    for given in (path, str(path), path.read_bytes(), Image.open(path), PICTURE[None]):
        assert (array_of(given) == PICTURE).all()
    torch = pytest.importorskip("torch")
    tensor = torch.from_numpy(np.moveaxis(PICTURE, -1, 0).copy())
    assert (array_of(tensor) == PICTURE).all()
    assert (array_of(tensor[None]) == PICTURE).all()
    for bad in (np.zeros((2, 8, 8, 3), np.uint8), np.zeros((8, 8, 4), np.uint8)):
        with pytest.raises(InputError, match="not one picture"):
            array_of(bad)
    with pytest.raises(InputTypeError):
        array_of(np.zeros((8, 8), bool))


class _System:
    """A system of 3 x 4 tokens whose score is the mean over those that are kept; each mask is a pass."""

    EACH = True

    class Tokens:
        factor = 1

        def __init__(self, image, *, most, on_step):
            assert most == 64
            self.cells, self._on_step = _System.cells(image), on_step
            self._means = image.reshape(3, 32, 4, 32, 3).mean(axis=(1, 3, 4))
            on_step()

        def __call__(self, keeps):
            for _ in keeps:
                self._on_step()
            return (keeps * self._means).sum(axis=(1, 2)) / keeps.sum(axis=(1, 2))

    @staticmethod
    def cells(image, most=None):
        return squares(image.shape[:2], 12 if most is None else min(most, 12), 32)

    @staticmethod
    def steps(image):
        return len(image) // 96


def test_a_systems_tokens_are_left_out_and_every_pass_is_counted(monkeypatch):
    from visq.explain import masking

    monkeypatch.setattr(masking, "tokens_of", lambda _metric: _System)
    assert levels(as_metric("tv")) == ("token", "pixel")
    done = []
    found = region_importance("tv", PICTURE, estimator="loo", on_step=lambda: done.append(1))
    means = PICTURE.reshape(3, 32, 4, 32, 3).mean(axis=(1, 3, 4))
    without = (means.sum() - means) / 11
    assert found.map == pytest.approx(np.abs(without - means.mean()))
    assert found.score == pytest.approx(PICTURE.mean())
    assert (found.cells.rows == [0, 32, 64, 96]).all()
    assert len(done) == steps("tv", PICTURE, estimator="loo") == 1 + 12 + 3
    with pytest.raises(OptionError, match="nothing fills them"):
        region_importance("tv", PICTURE, fill="mean")


def test_mistakes_are_told():
    assert levels(as_metric("ssim")) == ("pixel",)
    with pytest.raises(OptionError, match="no tokens"):
        region_importance("brisque", PICTURE)
    with pytest.raises(OptionError, match="level"):
        region_importance("brisque", PICTURE, level="region")
    with pytest.raises(InputError, match="no reference was given"):
        _prepared("ssim", PICTURE)
    with pytest.raises(InputError, match="takes no reference"):
        _prepared("brisque", PICTURE, PICTURE)
    with pytest.raises(InputError, match="no reference to fill with"):
        _prepared("brisque", PICTURE, fill="reference")
    with pytest.raises(OptionError, match="fill"):
        _prepared("brisque", PICTURE, fill="black")
    with pytest.raises(InputError, match="differ in size"):
        _prepared("ssim", PICTURE, PICTURE[:-1])
    with pytest.raises(InputError, match="no single image"):
        prepared("st_rred", PICTURE, PICTURE, level="pixel")
    with pytest.raises(OptionError, match="one metric"):
        as_metric("ssim,psnr")
    with pytest.raises(InputTypeError, match="no metric"):
        as_metric(3)
    for level in ("token", "pixel"):
        for cells in (0, 1, 1025):
            with pytest.raises(OptionError, match="no such number of cells; expected 2 to 1024"):
                explain("niqe" if level == "pixel" else "cnniqa", PICTURE, level=level, cells=cells)
    for cells in (2, 3):  # nearly square cells: one of them, or four
        with pytest.raises(OptionError, match=f"no {cells} cells of one size; expected 4 or more; got one cell"):
            explain("tv", samples.picture(96, 96), cells=cells)
    assert explain("tv", samples.picture(96, 96), cells=4, maps=False).importance.map.shape == (2, 2)
    with pytest.raises(OptionError, match="no tokens that could be hidden"):
        explain("tv", PICTURE, level="token")
    with pytest.raises(InputError, match="with 11 of 12 cells hidden"):
        prepared(_refusing(), PICTURE, level="pixel", cells=12)(np.eye(12, dtype=bool)[0].reshape(3, 4))


def _refusing():
    """A metric that does not take flat pictures."""
    metric = visq.metric("tv")

    def function(image, **_):
        if image.std() < 40:
            raise InputError("too flat")
        return 1.0

    metric.__dict__["function"] = function
    return metric
