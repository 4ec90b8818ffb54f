"""Parameters of an untrained network: drawn from a seed, the same bits on every machine."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

# Of the tokens and positions of a transformer, as its authors have it.
_TOKEN_SPREAD = 0.02
_MANTISSA = 24


def random_state(shapes: Mapping[str, Tensor], seed: int) -> dict[str, Tensor]:
    """A value for every name of a state dict: He initialisation, and normalisations that do nothing.

    Weights of convolutions and linear layers are uniform with variance ``2 / fan_in`` (He et al. 2015). Every tensor
    has a stream of its own, which depends on the seed and on its name alone. The integers of PCG64 are turned into
    numbers by exact operations: no logarithm or cosine, which differ from machine to machine, has a part in it.

    Parameters
    ----------
    shapes : mapping of str to Tensor
        Anything with these shapes and types; values are not looked at.
    seed : int
        0 or more.
    """
    return {name: _value(name, like, seed) for name, like in shapes.items()}


def _value(name: str, like: Tensor, seed: int) -> Tensor:
    if not like.is_floating_point():
        return torch.zeros(like.shape, dtype=like.dtype)
    shape, last = tuple(like.shape), name.rpartition(".")[2]
    if len(shape) == 1:
        return torch.ones(shape) if last in ("weight", "running_var") else torch.zeros(shape)
    spread = math.sqrt(2 / math.prod(shape[1:])) if last == "weight" else _TOKEN_SPREAD
    bits = np.random.PCG64(np.random.SeedSequence([seed, zlib.crc32(name.encode())]))
    whole = bits.random_raw(math.prod(shape)) >> np.uint64(64 - _MANTISSA)
    # Symmetric about 0, and sqrt(3) wide for a variance of 1.
    unit = (whole.astype(np.float64) + 0.5) * 2.0 ** (1 - _MANTISSA) - 1.0
    return torch.from_numpy((unit * (math.sqrt(3.0) * spread)).astype(np.float32).reshape(shape))
