"""What every metric on a network owes whatever its caller has switched on in torch."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import samples
import visq
from shared_data import lacking
from visq import catalog

torch = pytest.importorskip("torch")

NETWORKS = [pytest.param(s, id=s.id, marks=lacking(s)) for s in catalog.specs() if s.extra == "torch"]


def _tensors(spec, side=64):
    pixels = samples.picture(max(side, spec.min_side), max(side, spec.min_side)) / 255.0
    damaged = np.clip(pixels + 0.1 * np.random.default_rng(0).standard_normal(pixels.shape), 0, 1)
    found = [torch.from_numpy(a).float().permute(2, 0, 1)[None] for a in (damaged, pixels)]
    return found if spec.takes_reference else found[:1]


def _run(script):
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize("spec", NETWORKS)
def test_mixed_precision_changes_no_score_then_or_later(spec):
    tensors, metric = _tensors(spec), visq.metric(spec.id)
    with torch.autocast("cpu", torch.bfloat16):
        within = metric(*tensors)
    assert within.dtype == torch.float32
    assert float(within) == float(metric(*tensors))
    if spec.best is not None:
        assert float(metric(tensors[1], tensors[1])) == spec.best


@pytest.mark.parametrize("spec", NETWORKS)
def test_pixels_that_lie_otherwise_in_memory_are_the_same_picture(spec):
    tensors, metric = _tensors(spec), visq.metric(spec.id)
    plain = [t.contiguous() for t in tensors]
    assert float(metric(*tensors)) == float(metric(*plain))
    if spec.best is not None:
        assert float(metric(tensors[1], plain[1])) == spec.best


@pytest.mark.parametrize("spec", NETWORKS)
def test_a_network_first_used_in_inference_mode_gives_gradients_later(spec):
    done = _run(
        "import torch, visq\n"
        f"spec = visq.catalog.get({spec.id!r})\n"
        "torch.set_num_threads(1)\n"
        "image = torch.rand(1, 3, *[max(64, spec.min_side)] * 2)\n"
        "more = [image.flip(3)] * spec.takes_reference\n"
        "with torch.inference_mode():\n"
        "    visq.metric(spec.id)(image, *more)\n"
        "leaf = image.clone().requires_grad_()\n"
        "visq.metric(spec.id)(leaf, *more).sum().backward()\n"
        "print(bool(leaf.grad.any()))\n"
    )
    assert done.stdout == "True\n", done.stderr[-500:]


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="needs fork")
@pytest.mark.parametrize("spec", [p for p in NETWORKS if p.id == "lpips"])
def test_a_forked_process_goes_on_with_arrays(spec):
    """As torch's loaders of data do it: threads do not survive the fork, and whoever waits for them waits for ever."""
    done = _run(
        "import multiprocessing, numpy as np, torch, visq, warnings\n"
        "warnings.simplefilter('ignore')\n"
        "visq.set_threads(2)\n"
        "torch.set_num_threads(2)\n"
        "a, b = np.random.default_rng(0).random((2, 256, 256, 3), np.float32)\n"
        "judge = visq.metric('lpips')\n"
        "first = judge(a, b)\n"
        "def again(queue):\n"
        "    queue.put(float(judge(b, a)))\n"
        "queue = multiprocessing.get_context('fork').Queue()\n"
        "child = multiprocessing.get_context('fork').Process(target=again, args=(queue,))\n"
        "child.start()\n"
        "print(abs(queue.get(timeout=60) - float(first)) < 1e-5)\n"
        "child.join(10)\n"
    )
    assert done.stdout == "True\n", done.stderr[-500:]
