"""DeepDC: what its description promises, on small networks, and the traps of the released program."""

from __future__ import annotations

import numpy as np
import pytest

import samples
from shared_data import lacking, load
from visq import catalog
from visq.errors import OptionError, SizeError

torch = pytest.importorskip("torch")

from small_vgg import psnr, small_vgg, tensor  # noqa: E402

from visq import backbones  # noqa: E402
from visq.systems.deepdc import TAPS, deepdc, deepdc_layers, loader_size  # noqa: E402
from visq.systems.deepdc_network import DeepDC, DeepDCGraph, centred_distances  # noqa: E402

LEVELS = {
    "noise": lambda p: [samples.noisy(p, s) for s in (5, 20, 80)],
    "blur": lambda p: [samples.blurred(p, s) for s in (0.5, 2, 5)],
    "jpeg": lambda p: [samples.jpeg(p, q) for q in (90, 40, 8)],
}


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def judge():
    return DeepDC(small_vgg((16, 32, 48, 64, 64), (2, 2, 4, 4, 4)), TAPS["released"])


def _photo(name):
    data = pytest.importorskip("skimage.data", reason="needs scikit-image's pictures")
    pixels = getattr(data, name)()
    top, left = (n // 2 - 64 for n in pixels.shape[:2])
    return pixels[top : top + 128, left : left + 128]


def _score(judge, image, reference):
    with torch.no_grad():
        return float(judge(tensor(image), tensor(reference)))


def test_identity_symmetry_and_range(judge):
    reference = samples.picture(128, 128)
    noise = samples.noise(128, 128)
    assert _score(judge, reference, reference.copy()) == 0.0
    for image in (samples.noisy(reference, 3), noise, 255 - reference, 0 * reference):
        value = _score(judge, image, reference)
        assert 0.0 <= value <= 1.0
        assert value == pytest.approx(_score(judge, reference, image), abs=1e-6)


def test_the_places_may_be_exchanged():
    x = torch.rand(64, 900, generator=torch.Generator().manual_seed(0))
    order = torch.randperm(900, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(centred_distances(x[:, order]), centred_distances(x), rtol=0, atol=1e-5)
    # What all channels share at a place is in no distance either.
    torch.testing.assert_close(centred_distances(x + torch.rand(900)), centred_distances(x), rtol=0, atol=1e-5)


@pytest.mark.parametrize("damage", list(LEVELS))
@pytest.mark.parametrize("name", ["astronaut", "coffee", "chelsea"])
def test_it_rises_with_the_damage(judge, name, damage):
    reference = _photo(name)
    found = [_score(judge, image, reference) for image in LEVELS[damage](reference)]
    assert found[0] > 0
    assert np.all(np.diff(found) > 0), found


@pytest.mark.parametrize("name", ["astronaut", "coffee", "chelsea"])
def test_a_shift_counts_little_beside_noise_of_the_same_error(judge, name):
    reference = _photo(name)
    shifted = np.roll(reference, 8, axis=1)
    wanted = psnr(tensor(shifted), tensor(reference))
    # Noise is clipped at black and white: its strength is searched for.
    low, high = 1.0, 200.0
    for _ in range(30):
        middle = (low + high) / 2
        noisy = samples.noisy(reference, middle)
        low, high = (low, middle) if psnr(tensor(noisy), tensor(reference)) < wanted else (middle, high)
    assert psnr(tensor(noisy), tensor(reference)) == pytest.approx(wanted, abs=0.1)
    assert _score(judge, noisy, reference) >= 10 * _score(judge, shifted, reference)


def test_crops_of_one_texture_are_nearer_than_those_of_two(judge):
    data = pytest.importorskip("skimage.data", reason="needs scikit-image's pictures")
    crops = {n: [getattr(data, n)()[i : i + 128, i : i + 128] for i in (40, 300)] for n in ("grass", "gravel", "brick")}
    one = {n: _score(judge, *pair) for n, pair in crops.items() if n != "brick"}
    others = [_score(judge, crops["grass"][0], crops[n][0]) for n in ("gravel", "brick")]
    others.append(_score(judge, crops["grass"][0], samples.blurred(crops["grass"][0], 2)))
    assert max(one.values()) < min(others), (one, others)


def test_the_closed_form_is_the_double_loop():
    rng = np.random.default_rng(0)
    x, y = rng.random((6, 10)), rng.random((6, 10))

    def matrix(v):
        d = len(v)
        b = np.array([[np.sqrt(((v[i] - v[j]) ** 2).sum() / d**2 + 1e-5) for j in range(d)] for i in range(d)])
        return np.array([[b[i, j] - b[i].mean() - b[:, j].mean() + b.mean() for j in range(d)] for i in range(d)])

    a, b = matrix(x), matrix(y)
    product = sum(a[i, j] * b[i, j] for i in range(6) for j in range(6))
    wanted = 1 - (product + 1e-6) / (np.sqrt((a * a).sum() * (b * b).sum()) + 1e-6)
    ours = [centred_distances(torch.from_numpy(v))[None] for v in (x, y)]
    np.testing.assert_allclose(ours[0][0].numpy(), a, atol=1e-12)
    found = DeepDC.departures(DeepDC(None, ()), (ours[0],), (ours[1],))
    assert float(found) == pytest.approx(wanted, abs=1e-12)


def test_scaling_one_side_changes_next_to_nothing():
    x, y = torch.rand(2, 32, 400, dtype=torch.float64, generator=torch.Generator().manual_seed(2)) * 5e3
    judge = DeepDC(None, ())
    matrices = [(centred_distances(v)[None],) for v in (x, y, 7 * y)]
    assert float(judge.departures(matrices[0], matrices[1])) == pytest.approx(
        float(judge.departures(matrices[0], matrices[2])), rel=1e-4
    )


def test_what_is_compared_is_what_the_release_compares():
    """Four rectified layers and the last convolution as it is; `preact` differs in the four alone."""
    network = small_vgg((8, 8, 8, 8, 8), (2, 2, 4, 4, 4))
    x = tensor(samples.picture(64, 64))
    for activation in TAPS:
        found = network(x, TAPS[activation])
        signs = [bool((v < 0).any()) for v in found.values()]
        assert signs == ([False] * 4 + [True] if activation == "released" else [True] * 5)
    released, preact = (DeepDC(network, TAPS[a]).features(x) for a in ("released", "preact"))
    assert torch.equal(released[4], preact[4])
    assert not any(torch.equal(a, b) for a, b in zip(released[:4], preact[:4], strict=True))
    # What is kept of a layer is what it was when it was kept.
    assert torch.equal(network(x, TAPS["preact"])["conv1_2"], network(x, ["conv1_2"])["conv1_2"])


def test_graphs_and_references_that_are_shared(judge):
    reference = tensor(samples.picture(64, 64))
    images = torch.cat([tensor(samples.noisy(samples.picture(64, 64), s)) for s in (5, 40)] + [reference])
    batch = reference.expand(3, -1, -1, -1)
    calls = []
    handle = judge.backbone.features[0].register_forward_hook(lambda *_: calls.append(1))
    try:
        found = judge.compare(images, batch)
    finally:
        handle.remove()
    assert len(calls) == 4
    assert float(found[2]) == 0.0
    torch.testing.assert_close(judge(images, batch), found)
    torch.testing.assert_close(DeepDCGraph(judge.backbone, judge.taps)(images, batch), found, rtol=1e-4, atol=1e-7)


def test_the_gradient_is_that_of_the_image():
    judge = DeepDC(small_vgg((4, 6, 6, 8, 8), (2, 2, 4, 4, 4), dtype=torch.float64), TAPS["released"])
    reference = tensor(samples.picture(32, 36), torch.float64)
    image = tensor(samples.noisy(samples.picture(32, 36), 20), torch.float64)
    assert torch.autograd.gradcheck(
        judge, (image.requires_grad_(), reference.clone().requires_grad_()), fast_mode=True, atol=1e-5, rtol=1e-3
    )
    black = torch.zeros_like(reference)
    for first, second in ((reference, reference), (black, reference), (reference, black), (black, black)):
        leaf, other = (v.detach().clone().requires_grad_() for v in (first, second))
        judge(leaf, other).sum().backward()
        assert torch.isfinite(leaf.grad).all()
        assert torch.isfinite(other.grad).all()
    # A reference that asks for no gradient gets none, and the image its own.
    leaf = image.detach().clone().requires_grad_()
    judge.compare(leaf, reference).sum().backward()
    assert leaf.grad.abs().max() > 0


def test_layers_say_where_there_is_nothing_to_correlate():
    network = small_vgg((8, 8, 8, 8, 8), (2, 2, 4, 4, 4))
    photo = samples.picture(64, 64)
    layers = deepdc_layers(samples.noisy(photo, 10), photo, backbone=network)
    assert layers.correlations.shape == (5,)
    assert not layers.degenerate
    x, y = tensor(samples.noisy(photo, 10)), tensor(photo)
    assert 1 - layers.correlations.mean() == pytest.approx(float(DeepDC(network, TAPS["released"])(x, y)), abs=1e-9)
    # Without biases a black picture leaves nothing behind.
    assert deepdc_layers(0 * photo, photo, backbone=network).degenerate
    batch = deepdc_layers(np.stack([photo] * 2), np.stack([photo] * 2), backbone=network, activation="preact")
    assert batch.correlations.tolist() == [[1.0] * 5] * 2


def test_the_loader_is_torchvisions():
    from PIL import Image

    assert loader_size((223, 500)) == (223, 500)
    assert loader_size((512, 384)) == (298, 224)
    network = small_vgg((4, 4, 4, 4, 4), (2, 2, 4, 4, 4))
    photo = samples.picture(230, 320)
    image = samples.noisy(photo, 10)
    small = [np.asarray(Image.fromarray(p).resize((311, 224), Image.Resampling.BILINEAR)) for p in (image, photo)]
    found = deepdc_layers(image, photo, backbone=network).correlations
    np.testing.assert_allclose(deepdc_layers(*small, backbone=network).correlations, found, atol=1e-9)
    whole = deepdc_layers(image, photo, backbone=network, resize=False).correlations
    assert np.abs(whole - found).max() > 1e-7


def test_wrong_arguments_are_refused():
    photo = samples.picture(40, 40)
    with pytest.raises(OptionError, match="activation"):
        deepdc(photo, photo, activation="relu")
    with pytest.raises(SizeError, match="at least 32x32"):
        deepdc(photo[:31], photo[:31])


def test_vgg19_itself_with_random_weights():
    judge = DeepDC(backbones.shared("vgg19", weights="random"), TAPS["released"])
    photo = samples.picture(48, 48)
    found = [_score(judge, samples.noisy(photo, s), photo) for s in (0, 10, 60)]
    assert found[0] == 0.0 < found[1] < found[2] < 1.0


@pytest.mark.parametrize(("picture", "printed"), [("A0013_03_09", 0.079), ("A0013_06_26", 0.050)])
@pytest.mark.parametrize("_", [pytest.param("vgg19", marks=lacking(catalog.get("deepdc")))])
def test_the_examples_of_the_authors(picture, printed, _):
    image, reference = (load(f"golden/deepdc/{name}.png") for name in (picture, "A0013"))
    assert deepdc(image, reference) == pytest.approx(printed, abs=5e-4)


@pytest.fixture
def narrow(monkeypatch):
    """A small network in the place of VGG-19, whose weights need not be here."""
    network = small_vgg((8, 8, 12, 12, 16), (2, 2, 4, 4, 4))
    monkeypatch.setattr(backbones, "shared", lambda *_, **__: network)
    return network


@pytest.mark.parametrize("resize", [True, False])
def test_pictures_of_two_sizes_where_that_is_allowed(narrow, resize):
    """Only channels are compared: the score is made of what each picture's own features give."""
    image, reference = samples.noise(240, 300), samples.picture(96, 64)
    with pytest.raises(SizeError, match="differ in size"):
        deepdc(image, reference, resize=resize)
    found = deepdc(image, reference, resize=resize, allow_size_mismatch=True)
    judge = DeepDC(narrow, TAPS["released"])
    shrunk = tensor(image)
    if resize:  # 240 x 300 by the rule of the loader, with Pillow itself
        from PIL import Image

        shrunk = tensor(np.asarray(Image.fromarray(image).resize((280, 224), Image.Resampling.BILINEAR)))
    with torch.no_grad():
        wanted = judge.distance(judge.features(shrunk), judge.features(tensor(reference)))
    assert found == pytest.approx(float(wanted), rel=1e-5)
    batch = deepdc(np.stack([image] * 2), np.stack([reference] * 2), resize=resize, allow_size_mismatch=True)
    assert batch.tolist() == [found, found]
    with pytest.raises(SizeError):
        deepdc(np.stack([image] * 2), reference[None], allow_size_mismatch=True)


def test_pictures_of_one_size_score_the_same_either_way(narrow):
    reference = samples.picture(64, 80)
    image = samples.noisy(reference, 9)
    assert deepdc(image, reference, allow_size_mismatch=True) == deepdc(image, reference)
    assert deepdc(reference, reference.copy(), allow_size_mismatch=True) == 0.0


def test_files_of_two_sizes_are_rows_for_this_metric_alone(narrow, tmp_path):
    from PIL import Image

    from visq.run.shard import score_shard
    from visq.run.tasks import Request, Task

    for name, pixels in (("a.png", samples.picture(80, 64)), ("b.png", samples.picture(64, 64))):
        Image.fromarray(pixels).save(tmp_path / name)
    given = (("deepdc", {"allow_size_mismatch": True}), ("deepdc", {}), ("psnr", {}))
    wanted = [Request(name, options, str(i)) for i, (name, options) in enumerate(given)]
    task = Task(0, str(tmp_path / "a.png"), str(tmp_path / "b.png"))
    allowed, *others = score_shard([task], wanted)
    assert (allowed.status, allowed.error) == ("ok", "")
    assert [(one.status, one.error.partition(";")[0]) for one in others] == [
        ("error", "image and reference differ in size")
    ] * 2


def test_the_option_is_the_one_that_the_catalogue_names():
    spec = catalog.get("deepdc")
    assert [o.default for o in spec.options if o.name == spec.size_option] == [False]
