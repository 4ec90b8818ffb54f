"""What every contract test is swept over, and the calls they share."""

from __future__ import annotations

import atexit
import inspect
import sys
import tempfile
from functools import cache
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import samples
from shared_data import lacking
from visq import catalog

sys.path.append(str(Path(__file__).parents[1] / "systems" / "loda"))


@cache
def _small_loda():
    """A small network that learned nothing, on five small crops: what is promised holds for any."""
    import loda_small

    folder = tempfile.TemporaryDirectory(prefix="visq-")
    atexit.register(folder.cleanup)
    return {"crops": "corners", **loda_small.saved(loda_small.network(1), Path(folder.name))}


#: Options with which a metric does the same in less time, by its id.
QUICK = {"loda": _small_loda}


def function_of(spec):
    module, _, name = spec.impl.partition(":")
    return getattr(import_module(module), name)


class Case:
    """One metric of the catalogue, with inputs large enough for it."""

    def __init__(self, spec):
        self.spec = spec
        self.full_reference = spec.takes_reference
        self.side = max(spec.min_side, 48)
        self.size = (self.side + 3, self.side + 18)

    @property
    def function(self):
        return function_of(self.spec)

    @property
    def arrays_within(self):
        """What arrays may differ by from tensors, whatever their type: a graph is run by onnxruntime, in float32."""
        return 1e-5 if self.spec.on_a_graph else 0.0

    @property
    def parameters(self):
        return inspect.signature(self.function).parameters

    def __call__(self, image, reference=None, **options):
        return self.as_it_is(image, reference, **{**QUICK.get(self.spec.id, dict)(), **options})

    def as_it_is(self, image, reference=None, **options):
        """With the metric's own defaults, however long they take."""
        arguments = (image, reference) if self.full_reference else (image,)
        return self.function(*arguments, **{**dict(self.spec.presets), **options})

    def picture(self, *, grey=False):
        return samples.picture(*self.size, grey=grey)

    def distorted(self, *, grey=False, seed=1):
        """The picture, its left part blurred and its right part noisy."""
        pixels = self.picture(grey=grey)
        rng = np.random.default_rng(seed)
        out = np.clip(samples.blurred(pixels, 0.5 + seed) + rng.normal(0, 4.0, pixels.shape), 0, 255)
        return out.round().astype(np.uint8)

    def pairs(self):
        """Name, image, reference: what a metric may meet that is not an ordinary photograph."""
        h, w = self.size
        black, grey, white = (samples.constant(h, w, v) for v in (0, 117, 255))
        one, two = samples.noise(h, w), samples.noise(h, w, seed=1)
        checks = ((np.indices((h, w)).sum(0) % 2) * 255).astype(np.uint8)[:, :, None].repeat(3, 2)
        photo = self.picture()
        found = {
            "black-black": (black, black),
            "white-white": (white, white),
            "grey-grey": (grey, grey),
            "noise-itself": (one, one),
            "photo-itself": (photo, photo),
        }
        if self.full_reference:
            found |= {
                "black-white": (black, white),
                "white-black": (white, black),
                "grey-noise": (grey, one),
                "noise-grey": (one, grey),
                "noise-noise": (one, two),
                "checks-inverse": (checks, 255 - checks),
                "photo-negative": (255 - photo, photo),
                "photo-black": (photo, black),
                "ordinary": (self.distorted(), photo),
            }
        return found

    def in_range(self, value):
        low, high = self.spec.value_range
        return low <= value <= high

    def worse(self, value, than):
        return value > than if self.spec.lower_is_better else value < than


CASES = [Case(spec) for spec in catalog.specs() if spec.kind != "video"]


def pytest_generate_tests(metafunc):
    wanted = {
        "case": CASES,
        "fr": [c for c in CASES if c.spec.kind == "fr"],
        "reduced": [c for c in CASES if c.spec.kind == "rr"],
        # With a reference, whole or reduced; of these, those that give an identical pair exactly the best value.
        "paired": [c for c in CASES if c.full_reference],
        "exact": [c for c in CASES if c.full_reference and c.spec.best is not None],
        "mapped": [c for c in CASES if c.spec.has_map],
        "smooth": [c for c in CASES if c.spec.differentiable],
    }
    for name, cases in wanted.items():
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, [pytest.param(c, id=c.spec.id, marks=lacking(c.spec)) for c in cases])


@pytest.fixture
def one_thread():
    from visq.ops.threads import set_threads

    yield set_threads
    set_threads(None)
