"""What a worker needs of each library before it can be called: the names that the calls in `cases.py` use.

Runs in the peers' environments: nothing here imports visq but `_visq`.
"""

from __future__ import annotations

import importlib
import os
import tempfile
from pathlib import Path
from typing import Any

Names = dict[str, Any]


def names(library: str) -> Names:
    """Import a library and give the names its calls use."""
    return _ADAPTERS[library]()


def tensor_threads() -> None:
    """Hold torch to the number of threads that the environment variables say."""
    import torch

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))


def declare_missing_operators() -> Any:
    """What torchvision's GPU build wants before it can be imported on a CPU build of torch; keep what it returns."""
    import torch

    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return library


def _visq() -> Names:
    from functools import partial

    # Loaded before a memory measurement forks, so that it is loaded once.
    import numba  # noqa: F401

    import visq

    visq.set_threads(int(os.environ.get("VISQ_THREADS", "1")))

    def bound(name: str, **options: Any) -> Any:
        """The pure function behind a metric, with what its entry and the case fix."""
        metric = visq.metric(name)
        return partial(metric.function, **{**dict(metric.spec.presets), **options})

    return {"bound": bound}


def _frame_analytics() -> Names:
    import frame_analytics

    return {"fa": frame_analytics}


def _piq() -> Names:
    library = declare_missing_operators()
    import piq
    import torch

    generator = torch.Generator().manual_seed(0)
    # The package has a function under the module's name.
    module = importlib.import_module("piq.brisque")
    # The authors' support vectors are a download; numbers of the same shape take the same time.
    vectors = torch.randn(774, generator=generator), torch.randn(774, 36, generator=generator)
    module.load_url = lambda *_, **__: tuple(t.clone() for t in vectors)
    return {"piq": piq, "library": library}


def _pyiqa() -> Names:
    library = declare_missing_operators()
    import pyiqa
    import torch

    def net(name: str, **options: Any) -> Any:
        """The module behind a metric, without the file reading around it."""
        return pyiqa.create_metric(name, device=torch.device("cpu"), **options).net

    return {"net": net, "model": _made_up_model, "library": library}


def _made_up_model(kind: str) -> str:
    """A parameter file of the right shape, because the real ones are downloads: good for times, not for values."""
    import numpy as np
    import scipy.io
    import torch

    rng = np.random.default_rng(0)
    path = Path(tempfile.mkdtemp(prefix="visq-bench-")) / f"{kind}.mat"
    if kind == "niqe":
        scipy.io.savemat(path, {"mu_prisparam": np.zeros((1, 36)), "cov_prisparam": np.eye(36)})
    elif kind == "ilniqe":
        cell = np.empty((1, 4), object)
        vectors = np.linalg.qr(rng.standard_normal((468, 430)))[0]
        cell[0] = [np.zeros((1, 430)), np.eye(430), np.zeros((468, 1)), vectors]
        scipy.io.savemat(path, {"templateModel": cell})
    else:
        values = rng.standard_normal((774, 37)).astype(np.float32)
        # One row a feature, as the published file has it.
        torch.save((torch.from_numpy(values[:, 36].copy()), torch.from_numpy(values[:, :36].copy())), path)
    return str(path)


def _lpips() -> Names:
    return {"library": declare_missing_operators()}


def _torchmetrics() -> Names:
    import torchmetrics.functional.image as functional

    return {"tm": functional}


def _pytorch_msssim() -> Names:
    import pytorch_msssim

    return {"pm": pytorch_msssim}


def _sewar() -> Names:
    import sewar.full_ref as sewar
    from sewar.utils import Filter

    return {"sewar": sewar, "gaussian": {"fltr": Filter.GAUSSIAN, "sigma": 1.5, "ws": 11}}


def _scikit_image() -> Names:
    from skimage import color, metrics

    wang = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}
    return {"metrics": metrics, "color": color, "wang": wang}


def _blazediff_ssim() -> Names:
    import blazediff_ssim

    return {"blaze": blazediff_ssim}


def _flip_evaluator() -> Names:
    import flip_evaluator

    return {"flip": flip_evaluator}


def _ssimulacra2() -> Names:
    import ssimulacra2.ssimulacra2 as module

    class Decoded:
        """Stands in for PIL.Image: the program takes paths only, and decoding is not what is measured."""

        def __init__(self, picture: Any) -> None:
            self.picture = picture

        @classmethod
        def open(cls, picture: Any) -> Decoded:
            return cls(picture)

        def convert(self, mode: str) -> Any:
            assert mode == "RGB"
            return self.picture

    module.Image = Decoded
    return {"ssimulacra2": module}


_ADAPTERS = {
    "visq": _visq,
    "frame-analytics": _frame_analytics,
    "piq": _piq,
    "lpips": _lpips,
    "pyiqa": _pyiqa,
    "torchmetrics": _torchmetrics,
    "pytorch-msssim": _pytorch_msssim,
    "sewar": _sewar,
    "scikit-image": _scikit_image,
    "blazediff-ssim": _blazediff_ssim,
    "flip-evaluator": _flip_evaluator,
    "ssimulacra2": _ssimulacra2,
}
#: Libraries whose calls are made with torch, without gradients.
TORCH = ("frame-analytics", "piq", "lpips", "pyiqa", "torchmetrics", "pytorch-msssim")
