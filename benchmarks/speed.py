"""Paired timing of visq's NumPy engine against peers, one process a case.

    python benchmarks/speed.py ssim --size 1920x1080 --threads 1

prints one JSON object a peer. `run.py` calls this for every case.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from functools import lru_cache, partial
from io import BytesIO
from pathlib import Path
from typing import Any

PHOTOS = Path(__file__).parents[1] / "examples" / "photos"
SIZES = ("512x384", "1920x1080", "3840x2160")


def images(size: str) -> tuple[Any, Any]:
    """A mosaic of the example photographs and its JPEG copy at quality 20, uint8 `(H, W, 3)`."""
    import numpy as np
    from PIL import Image

    width, height = map(int, size.split("x"))
    tiles = [np.asarray(Image.open(p).convert("RGB")) for p in sorted(PHOTOS.glob("*.jpg"))]
    tile = np.concatenate([np.concatenate(tiles[:2], 1), np.concatenate(tiles[2:], 1)], 0)
    repeats = (-(-height // tile.shape[0]), -(-width // tile.shape[1]), 1)
    reference = np.ascontiguousarray(np.tile(tile, repeats)[:height, :width])
    stream = BytesIO()
    Image.fromarray(reference).save(stream, "JPEG", quality=20)
    return np.asarray(Image.open(stream)), reference


def grey(pair: tuple[Any, Any]) -> tuple[Any, Any]:
    """Rounded luma of both, uint8 `(H, W)`."""
    from visq.ops.arrays import read_one

    return tuple(read_one(p).luma(255.0, keep_uint8=True)[0] for p in pair)  # type: ignore[return-value]


def tensors(pair: tuple[Any, Any], dtype: str) -> tuple[Any, Any]:
    """`(1, C, H, W)` tensors, uint8 or float32 in 0..1."""
    import numpy as np
    import torch

    planes = [np.atleast_3d(p).transpose(2, 0, 1)[None] for p in pair]
    out = [torch.from_numpy(np.ascontiguousarray(p)) for p in planes]
    return tuple(t if dtype == "uint8" else t.float() / 255 for t in out)  # type: ignore[return-value]


@lru_cache
def bound(name: str) -> Callable[..., Any]:
    """The pure function behind a metric, with the options that its entry fixes."""
    import visq

    metric = visq.metric(name)
    return partial(metric.function, **dict(metric.spec.presets))


def visq_case(name: str, pair: tuple[Any, Any]) -> Callable[[], Any]:
    return lambda: bound(name)(*pair)


def cases(metric: str, pair: tuple[Any, Any]) -> tuple[Callable[[], Any], dict[str, Callable[[], Any]]]:
    """visq's call and the peers' calls for one metric; what is compared is in the peers' names."""
    import frame_analytics as fa
    import piq
    import pytorch_msssim as pm
    from skimage import metrics as sk

    luma = grey(pair)
    gu, gf = tensors(luma, "uint8"), tensors(luma, "float32")
    cu, cf = tensors(pair, "uint8"), tensors(pair, "float32")
    gaussian = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}
    table: dict[str, tuple[Callable[[], Any], dict[str, Callable[[], Any]]]] = {
        "psnr": (
            visq_case("psnr", pair),
            {
                "frame-analytics (RGB u8)": lambda: fa.psnr(*cu),
                "piq (RGB)": lambda: piq.psnr(*cf),
                "scikit-image (RGB)": lambda: sk.peak_signal_noise_ratio(pair[1], pair[0]),
            },
        ),
        "ssim": (
            visq_case("ssim", luma),
            {
                "frame-analytics (grey u8)": lambda: fa.ssim(*gu),
                "scikit-image (gaussian, grey)": lambda: sk.structural_similarity(*luma, **gaussian),
                "piq (no down-sampling, grey)": lambda: piq.ssim(*gf, downsample=False),
                "pytorch-msssim (grey)": lambda: pm.ssim(*gf, data_range=1.0),
            },
        ),
        "ms_ssim": (
            visq_case("ms_ssim", luma),
            {
                "frame-analytics (grey u8)": lambda: fa.ms_ssim(*gu),
                "piq (grey)": lambda: piq.multi_scale_ssim(*gf),
                "pytorch-msssim (grey)": lambda: pm.ms_ssim(*gf, data_range=1.0),
            },
        ),
        "gmsd": (
            visq_case("gmsd", luma),
            {"frame-analytics (grey u8)": lambda: fa.gmsd(*gu), "piq (grey)": lambda: piq.gmsd(*gf)},
        ),
        "ms_gmsd": (
            visq_case("ms_gmsd", luma),
            {
                "frame-analytics (grey u8)": lambda: fa.ms_gmsd(*gu),
                "piq (grey)": lambda: piq.multi_scale_gmsd(*gf),
            },
        ),
        "mdsi": (
            visq_case("mdsi", pair),
            {"frame-analytics (RGB u8)": lambda: fa.mdsi(*cu), "piq (RGB)": lambda: piq.mdsi(*cf)},
        ),
        "haarpsi": (
            visq_case("haarpsi", pair),
            {"frame-analytics (RGB u8)": lambda: fa.haarpsi(*cu), "piq (RGB)": lambda: piq.haarpsi(*cf)},
        ),
        "fsim": (
            visq_case("fsim", luma),
            {
                "frame-analytics (grey u8)": lambda: fa.fsim(*gu),
                "piq (grey)": lambda: piq.fsim(*(t.expand(-1, 3, -1, -1) for t in gf), chromatic=False),
            },
        ),
        "fsimc": (
            visq_case("fsimc", pair),
            {
                "frame-analytics (RGB u8)": lambda: fa.fsim(*cu, chromatic=True),
                "piq (RGB)": lambda: piq.fsim(*cf),
            },
        ),
        "vif_p": (
            visq_case("vif_p", luma),
            {
                "frame-analytics (grey u8)": lambda: fa.vifp(*reversed(gu)),
                "piq (grey)": lambda: piq.vif_p(*gf),
            },
        ),
    }
    return table[metric]


METRICS = ("psnr", "ssim", "ms_ssim", "gmsd", "ms_gmsd", "mdsi", "haarpsi", "fsim", "fsimc", "vif_p")


def paired(ours: Callable[[], Any], theirs: Callable[[], Any], seconds: float, clock: Callable[[], float]) -> dict:
    """Median time of both and the median of theirs over ours, taking turns for about `seconds`."""
    ours(), theirs()
    a, b, start = [], [], time.perf_counter()
    while len(a) < 5 or (time.perf_counter() - start < seconds and len(a) < 200):
        for call, out in ((ours, a), (theirs, b)):
            t = clock()
            call()
            out.append(clock() - t)
    ratios = [y / x for x, y in zip(a, b, strict=True) if x > 0]
    low, _, high = statistics.quantiles(ratios, n=4)
    return {
        "visq_ms": round(statistics.median(a) * 1e3, 3),
        "peer_ms": round(statistics.median(b) * 1e3, 3),
        "ratio": round(statistics.median(ratios), 2),
        "ratio_quartiles": [round(low, 2), round(high, 2)],
        "turns": len(a),
    }


def declare_missing_operators() -> Any:
    """What torchvision's GPU build wants before it can be imported on a CPU build of torch."""
    import torch

    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return library


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("metric", choices=METRICS)
    parser.add_argument("--size", choices=SIZES, default="1920x1080")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=4.0, help="per peer")
    args = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(args.threads)
    import torch

    import visq

    torch.set_num_threads(args.threads)
    visq.set_threads(args.threads)
    library = declare_missing_operators()
    ours, peers = cases(args.metric, images(args.size))
    clock = time.process_time if args.threads == 1 else time.perf_counter
    for peer, call in peers.items():
        row = {"metric": args.metric, "size": args.size, "threads": args.threads, "peer": peer}
        with torch.inference_mode():
            row |= paired(ours, call, args.seconds, clock)
            row |= {"visq_value": float(ours()), "peer_value": float(call())}
        print(json.dumps(row), flush=True)
    del library


if __name__ == "__main__":
    sys.exit(main())
