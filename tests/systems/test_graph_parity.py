"""Every metric that can be written as a graph, against torch: sizes, batches, identical pairs."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

import samples
import visq
from shared_data import lacking
from visq import catalog

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from small_vgg import small_vgg  # noqa: E402

from visq.systems import graphs  # noqa: E402
from visq.systems.graph_export import export, exportable  # noqa: E402

# What is said of graphs: relative to the score.
WITHIN = 1e-5
# The last one is brought to other sizes by metrics that do so.
SIZES = [(99, 72), (270, 530)]
# A network of few channels stands in for VGG where no weights depend on its width.
_LARGE = [i for i in exportable() if "vgg" in " ".join(w.filename for w in catalog.get(i).weights)]
_FIXED = [i for i in _LARGE if len(catalog.get(i).weights) > 1]
_FAST = [i for i in exportable() if i not in _FIXED]


@pytest.fixture(autouse=True)
def _one_thread():
    from visq.ops.threads import set_threads

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    set_threads(1)
    yield
    torch.set_num_threads(before)
    set_threads(None)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where graphs are kept for the tests that follow."""
    return tmp_path_factory.mktemp("graphs")


@pytest.fixture(scope="module")
def narrow():
    """VGG with few channels and random weights, the same for everybody who asks for it."""
    from visq import backbones
    from visq.systems import content_style

    made, real = {}, backbones.shared

    def shared(name, *, device="cpu", dtype=None, **options):
        if not name.startswith("vgg"):
            return real(name, device=device, dtype=dtype, **options)
        counts = (2, 2, 3, 3, 3) if name == "vgg16" else (2, 2, 4, 4, 4)
        key = counts, options.get("pooling", "max"), dtype or torch.float32
        if key not in made:
            made[key] = small_vgg((8, 8, 12, 12, 16), counts, pooling=key[1], dtype=key[2])
        return made[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backbones, "shared", shared)
        content_style.network.cache_clear()
        yield
    content_style.network.cache_clear()


def _pairs(metric):
    for height, width in SIZES:
        reference = samples.picture(height, width)
        image = samples.noisy(reference, 9)
        yield (image, reference) if metric.spec.takes_reference else (image,)


def _agree(name, path, **options):
    export(name, path, **options)
    torch_metric, graph = visq.metric(name, **options), visq.metric(name, model=str(path), **options)
    for arguments in _pairs(graph):
        assert graph(*arguments) == pytest.approx(torch_metric(*arguments), rel=WITHIN, abs=1e-7), arguments[0].shape
        batch = [np.stack([a, a[::-1]]) for a in arguments]
        np.testing.assert_allclose(graph(*batch), torch_metric(*batch), rtol=WITHIN, atol=1e-7)
        assert graph(*batch)[0] == graph(*arguments), "a picture's neighbours change its score"
    tensors = [torch.from_numpy(np.moveaxis(a, -1, 0).copy()) for a in arguments]
    assert float(graph(*tensors)) == pytest.approx(graph(*arguments), rel=1e-6)
    if graph.spec.best is not None:
        for photo in (samples.picture(90, 110), samples.constant(90, 110, 0), samples.constant(90, 110, 255)):
            assert graph(photo, photo.copy()) == graph.spec.best
    about = graphs.load(path).about
    assert (about.metric, about.version) == (name, graph.spec.version)
    assert about.identity == visq.metric(name, **options).identity
    assert graph.identity != torch_metric.identity


@pytest.mark.parametrize("name", [pytest.param(i, marks=[] if i in _LARGE else lacking(catalog.get(i))) for i in _FAST])
def test_a_graph_agrees_with_torch(name, narrow, folder):
    _agree(name, folder / f"{name}.onnx")


_WITHOUT = """
import json, sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "onnx", "safetensors"):
            raise ImportError(name)
sys.meta_path.insert(0, Blocked())
import numpy, visq
image, reference = numpy.load("image.npy"), numpy.load("reference.npy")
found = {}
for name in sys.argv[1:]:
    metric = visq.metric(name)
    found[name] = [float(metric(*((image, reference) if metric.spec.takes_reference else (image,)))), metric.identity]
assert not {"torch", "onnx"} & set(sys.modules)
print(json.dumps(found))
"""


def test_all_of_them_run_without_torch_and_are_found_by_their_names(narrow, folder):
    names = [i for i in _FAST if i in _LARGE or not lacking(catalog.get(i))]
    for name in names:
        if not (folder / f"{name}.onnx").exists():
            export(name, folder / f"{name}.onnx")
    reference = samples.picture(270, 530)
    image = samples.noisy(reference, 9)
    np.save(folder / "image.npy", image)
    np.save(folder / "reference.npy", reference)
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT, *names], capture_output=True, text=True, timeout=200, check=False, cwd=folder,
        env={**os.environ, "VISQ_WEIGHTS": str(folder), "VISQ_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert set(found) == set(names)
    for name, (score, identity) in found.items():
        metric = visq.metric(name, model=str(folder / f"{name}.onnx"))
        assert identity == metric.identity
        assert score == metric(*((image, reference) if metric.spec.takes_reference else (image,))), name


def test_a_graph_takes_pictures_of_two_sizes_as_torch_does(narrow, folder):
    path = folder / "deepdc.onnx"
    if not path.exists():
        export("deepdc", path)
    image, reference = samples.noise(240, 300), samples.picture(96, 64)
    torch_metric, graph = (visq.metric("deepdc", allow_size_mismatch=True, **m) for m in ({}, {"model": str(path)}))
    assert graph(image, reference) == pytest.approx(torch_metric(image, reference), rel=WITHIN)


@pytest.mark.slow
@pytest.mark.parametrize("name", [pytest.param(i, marks=lacking(catalog.get(i))) for i in _FIXED])
def test_a_graph_with_public_weights_agrees_with_torch(name, tmp_path):
    _agree(name, tmp_path / f"{name}.onnx")


def test_squeezenet_with_random_weights_agrees_with_torch(monkeypatch, tmp_path):
    from visq import backbones
    from visq.systems import heads, lpips

    trunk = backbones.create("squeezenet1_1", weights="random")
    generator = torch.Generator().manual_seed(0)

    def random_heads(candidates, shapes):
        return {name: torch.rand(shape, generator=generator) for name, shape in shapes.items()}

    monkeypatch.setattr(backbones, "shared", lambda *_, **__: trunk)
    monkeypatch.setattr(heads, "open_first", random_heads)
    lpips.network.cache_clear()
    _agree("lpips_squeeze", tmp_path / "squeeze.onnx")
    lpips.network.cache_clear()


@pytest.mark.parametrize("name", [pytest.param(i, marks=lacking(catalog.get(i))) for i in ("lpips",)])
def test_maps_agree_with_torch(name, tmp_path):
    export(name, tmp_path / "map.onnx")
    image, reference = samples.noisy(samples.picture(72, 99), 9), samples.picture(72, 99)
    score, values = visq.metric(name, model=str(tmp_path / "map.onnx")).score_and_map(image, reference)
    expected, wanted = visq.metric(name).score_and_map(image, reference)
    assert values.shape == wanted.shape
    assert score == pytest.approx(expected, rel=WITHIN)
    np.testing.assert_allclose(values, wanted, rtol=1e-4, atol=1e-5 * float(wanted.max()))


def test_every_metric_on_a_network_can_be_written_and_says_how_it_is_used():
    for name in exportable():
        spec = catalog.get(name)
        assert spec.extra == "torch"
        assert "model" in {o.name for o in spec.options}, name
    # The probe compares any layer of any network: there is no one graph of it. What is run from a graph anyway is
    # written by its own training. The systems below are several networks to a file, of sizes that the file says.
    deep = {s.id for s in catalog.specs() if s.impl.startswith("visq.systems") and not s.on_a_graph}
    assert deep - set(exportable()) == {"probe", "loda", "pmt", "reiqa"}
