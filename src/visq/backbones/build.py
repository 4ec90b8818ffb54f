"""From the row of the table to a network with its parameters."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from visq.backbones.registry import get
from visq.backbones.spec import BackboneSpec
from visq.errors import OptionError, WeightsError
from visq.extras import require

if TYPE_CHECKING:
    import torch

    from visq.backbones.backbone import Backbone
    from visq.weights.inventory import Need

_SHARED: dict[tuple[Any, ...], Backbone] = {}
_LOCK = Lock()
# Dimensions of the weights of a convolution.
_MAPS = 4


def create(id: str, *, weights: str | os.PathLike[str] = "public", seed: int = 0, **options: Any) -> Backbone:
    """A network of the table, in evaluation mode, its parameters without gradients, on the CPU in float32.

    Parameters, and so the taps, lie in memory with their channels last: `reshape` them, `view` may refuse.

    Parameters
    ----------
    id : str
        Its name: `visq.backbones.ids()` has all.
    weights : {"public", "random"} or path
        `public`: the file that the table names, found where `visq.weights` looks, never downloaded here. `random`: He
        initialisation from `seed`. A path: a file of the same parameters, safetensors or torch's.
    seed : int
        Of `random`.
    **options
        Those of the network (`spec.options`): `pooling="max"`, `"average"`, `"l2"` or `"blur"`, `blur_size`; for
        transformers `class_token="drop"` or `"keep"`, and `registers`.

    Raises
    ------
    OptionError
        A network or an option that there is none of.
    WeightsError
        Parameters that are missing, damaged, of another file or of another network.
    MissingExtraError
        torch is not installed.

    Examples
    --------
    >>> network = create("squeezenet1_1", weights="random", pooling="blur")
    >>> network.spec.title, network.taps[-1], network.min_side("fire9")
    ('SqueezeNet 1.1', 'fire9', 47)
    """
    spec = get(id)
    try:
        return _created(spec, weights, seed, _check(spec, options))
    except WeightsError as error:
        if weights == "public" and _need(spec).found is None:
            error.hint = f"{error.hint} Without it: weights='random', or the path of a file."
        raise


def _created(spec: BackboneSpec, weights: str | os.PathLike[str], seed: int, options: dict[str, Any]) -> Backbone:
    torch = _torch()
    # Parameters that are made in inference mode are of no use for gradients later.
    with torch.inference_mode(False), torch.no_grad():
        network = _empty(spec, options)
        if weights == "random":
            from visq.backbones.initial import random_state

            if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
                raise OptionError("seed is no seed", expected="a whole number, 0 or more", got=repr(seed))
            state = random_state(network.state_dict(), seed)
        else:
            state = _read(spec, network, weights)
        # On a CPU convolutions are up to twice as fast with the channels of a position side by side.
        laid = {n: v.contiguous(memory_format=torch.channels_last) if v.ndim == _MAPS else v for n, v in state.items()}
        network.load_state_dict(laid, assign=True)
        return network.requires_grad_(False).eval()


def shared(
    id: str,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype | None = None,
    weights: str | os.PathLike[str] = "public",
    seed: int = 0,
    **options: Any,
) -> Backbone:
    """The same network for everybody who asks with the same arguments: `create`, remembered.

    Do not change it. A file that changes later is not read again.

    Raises
    ------
    OptionError, WeightsError, MissingExtraError
        As `create`.

    Examples
    --------
    >>> shared("resnet18", weights="random") is shared("ResNet-18", weights="random", pooling="max")
    True
    """
    torch = _torch()
    spec = get(id)
    checked = _check(spec, options)
    dtype = dtype or torch.float32
    key = (spec.id, str(torch.device(device)), dtype, str(weights), repr(seed), *sorted(checked.items()))
    with _LOCK, torch.inference_mode(False):
        if key not in _SHARED:
            made = _created(spec, weights, seed, checked).to(device=device, dtype=dtype)
            if torch.device(device).type != "cpu":  # channels last are quick on a processor alone
                made = made.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
            _SHARED[key] = made
        return _SHARED[key]


def _check(spec: BackboneSpec, options: dict[str, Any]) -> dict[str, Any]:
    """`options` with defaults, each known and among its choices."""
    known = {option.name: option for option in spec.options}
    for name, value in options.items():
        if name not in known:
            raise OptionError(
                f"{spec.id} has no option {name!r}", expected=f"one of {', '.join(('weights', 'seed', *known))}"
            )
        option = known[name]
        wrong_kind = option.type == "int" and (isinstance(value, bool) or not isinstance(value, int) or value < 0)
        if wrong_kind or (option.choices and value not in option.choices):
            wanted = ", ".join(map(repr, option.choices)) or "a whole number, 0 or more"
            raise OptionError(f"{spec.id}: {name} cannot be that", expected=wanted, got=repr(value))
    return {name: options.get(name, option.default) for name, option in known.items()}


def _empty(spec: BackboneSpec, options: dict[str, Any]) -> Backbone:
    """The network without memory for its parameters: nothing is drawn, so that no generator is touched."""
    torch = _torch()
    module, _, name = spec.impl.partition(":")
    made = getattr(import_module(module), name)
    with torch.device("meta"):
        network: Backbone = made(spec, **options, **dict(spec.config))
    return network


def _torch() -> Any:
    return require("torch", "a network", "torch")


def _read(spec: BackboneSpec, network: Backbone, weights: str | os.PathLike[str]) -> dict[str, torch.Tensor]:
    """Values for the whole state dict out of a file."""
    import torch

    from visq.weights.tensors import load

    shapes, state = {}, {}
    for name, like in network.state_dict().items():
        if like.is_floating_point():
            shapes[name] = tuple(like.shape)
        else:  # counters of batch normalisation, which older files lack and nothing is computed from
            state[name] = torch.zeros(like.shape, dtype=like.dtype)
    path = find_public(spec) if weights == "public" else Path(weights)
    rename = None
    if spec.rename:
        module, _, function = spec.rename.partition(":")
        rename = getattr(import_module(module), function)
    state.update(load(path, shapes, ignore=spec.ignored, rename=rename))
    return state


def available(id: str) -> bool:
    """Whether a file of the network's public parameters is on this machine; its hash is not checked.

    Raises
    ------
    OptionError
        A network that there is none of.
    """
    return _need(get(id)).found is not None


def find_public(spec: BackboneSpec) -> Path:
    """Path of the first file of public parameters that is there, its hash checked.

    Raises
    ------
    WeightsError
        As `visq.weights.inventory.Need.path`.
    """
    return _need(spec).path()


def _need(spec: BackboneSpec) -> Need:
    from visq.weights.inventory import needs

    return needs(spec)[0]
