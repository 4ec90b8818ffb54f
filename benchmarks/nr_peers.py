"""pyiqa's no-reference metrics on ResNet-50 with random parameters, because theirs are downloads: good for times.

Runs in pyiqa's environment. Every loader is replaced while a network is made; what is computed afterwards is pyiqa's.
"""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import packaging.version
import torch

#: Each rests on a ResNet-50; that of CLIP-IQA is CLIP's.
NAMES = ("topiq_nr", "hyperiqa", "tres", "arniqa", "clipiqa")


def net(name: str) -> Any:
    """The module behind a metric of pyiqa, in evaluation mode: tensors `(N, 3, H, W)` in 0..1 to scores."""
    torch.manual_seed(0)
    return _MAKERS[name]().eval()


@contextmanager
def _replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    kept = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, kept)


def _arch(name: str) -> Any:
    import pyiqa  # noqa: F401  (registers what the architectures import)

    return importlib.import_module(f"pyiqa.archs.{name}_arch")


def _topiq_nr() -> Any:
    return _arch("topiq").CFANet(backbone_pretrain=False, use_ref=False, pretrained=False)


def _hyperiqa() -> Any:
    module = _arch("hypernet")
    make = module.timm.create_model

    def untrained(name: str, **options: Any) -> Any:
        return make(name, **{**options, "pretrained": False})

    with _replaced(module.timm, "create_model", untrained):
        return module.HyperNet(pretrained=False)


def _tres() -> Any:
    module = _arch("tres")
    make = module.models.resnet50
    with _replaced(module.models, "resnet50", lambda **_: make(weights=None)):
        return module.TReS(pretrained=False)


def _arniqa() -> Any:
    module = _arch("arniqa")
    make = module.torchvision.models.resnet50
    state = torch.nn.Sequential(*list(make(weights=None).children())[:-1]).state_dict()
    with (
        _replaced(module.torchvision.models, "resnet50", lambda **_: make(weights=None)),
        _replaced(module.torch.hub, "load_state_dict_from_url", lambda *_, **__: _prefixed(state)),
        _replaced(module, "load_file_from_url", lambda *_, **__: ""),
        _replaced(module.torch.jit, "load", lambda *_, **__: torch.nn.Linear(4096, 1)),
    ):
        return module.ARNIQA()


def _prefixed(state: dict[str, Any]) -> dict[str, Any]:
    return {f"model.{name}": value for name, value in state.items()}


def _clipiqa() -> Any:
    # The tokeniser's package wants one name of a module that newer set-up tools do not bring.
    sys.modules.setdefault("pkg_resources", types.SimpleNamespace(packaging=packaging))  # type: ignore[arg-type]
    module = _arch("clipiqa")
    clip = importlib.import_module("pyiqa.archs.clip_model")
    # The sizes of OpenAI's RN50.
    made = clip.CLIP(1024, 224, (3, 4, 6, 3), 64, None, 77, 49408, 512, 8, 12)
    with _replaced(module, "load", lambda *_: made):
        return module.CLIPIQA()


_MAKERS: dict[str, Callable[[], Any]] = {
    "topiq_nr": _topiq_nr,
    "hyperiqa": _hyperiqa,
    "tres": _tres,
    "arniqa": _arniqa,
    "clipiqa": _clipiqa,
}
