"""torchvision, and what stands on it, beside a torch that was built for processors alone."""

from __future__ import annotations

import pytest

# Operators that torchvision's compiled half defines, without which it cannot be imported beside a torch for CPUs.
_OPERATORS = ("nms", "qnms")
_KEPT_ALIVE = []


def library(name: str):
    """The module `name`; skips the test where it is not installed or does not load."""
    torch = pytest.importorskip("torch")
    try:
        return pytest.importorskip(name, exc_type=ImportError)
    except RuntimeError:
        pass
    try:
        stub = torch.library.Library("torchvision", "DEF")
        for operator in _OPERATORS:
            stub.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _KEPT_ALIVE.append(stub)
        return pytest.importorskip(name, exc_type=ImportError)
    except (RuntimeError, OSError) as error:
        pytest.skip(f"{name} does not load: {error}")
