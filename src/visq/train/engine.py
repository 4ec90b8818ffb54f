"""The one way to devices, precisions and processes: `accelerate`. What it and torch keep globally is put back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from visq.errors import OptionError
from visq.extras import require

# Ways of accelerate's to share out a network, so that no process has all of the weights that a checkpoint holds.
_SHARED_OUT = ("DEEPSPEED", "FSDP", "MEGATRON_LM", "TP", "XLA")
_PRECISIONS = {"float32": "no", "bf16": "bf16", "fp16": "fp16"}


@contextmanager
def engine(precision: str, *, cpu: bool = False) -> Iterator[Any]:
    """An `Accelerator` for one training.

    Within, gradients are recorded whatever the caller does, convolutions of NVIDIA's library are the repeatable ones,
    and torch's generators may be seeded: they are as before afterwards.

    Parameters
    ----------
    precision : {"float32", "bf16", "fp16"}
    cpu : bool
        Leave accelerators alone.

    Raises
    ------
    MissingExtraError
        accelerate or torch is not installed.
    OptionError
        A precision that the device does not have, or other than that of an accelerator that the caller has made.
    """
    require("torch", "training", "train")
    accelerate = require("accelerate", "training", "train")
    state = require("accelerate.state", "training", "train")
    had_partial, had_state = bool(state.PartialState._shared_state), bool(state.AcceleratorState._shared_state)
    accumulating = dict(state.GradientState._shared_state)
    started = int(os.environ.get("WORLD_SIZE", "1") or 1)
    joined = started
    try:
        accelerator = _accelerator(accelerate, precision, cpu)
        joined = accelerator.num_processes
        # The caller may be between the batches of a step of his own, in which optimisers do nothing.
        accelerator.gradient_state._set_sync_gradients(True)
        if started != joined:
            # They would all train the same, each for itself, into one folder.
            raise OptionError(
                f"{started} processes were started together, but accelerate joins {joined}",
                hint="On processors alone, several processes need --cpu (cpu=True).",
            )
        with _isolated(accelerator.device):
            yield accelerator
    finally:
        if joined == 1 and not had_state:
            # Without this a second training of the process could not have another precision.
            state.AcceleratorState._reset_state(reset_partial_state=not had_partial)
            state.GradientState._reset_state()
        elif had_state:
            state.GradientState._shared_state.update(accumulating)


def _accelerator(accelerate: Any, precision: str, cpu: bool) -> Any:
    plugin = accelerate.utils.GradientAccumulationPlugin(num_steps=1)  # batches of a step are weighted here
    try:
        made = accelerate.Accelerator(
            cpu=cpu, mixed_precision=_PRECISIONS[precision], gradient_accumulation_plugin=plugin
        )
    except ValueError as error:
        raise OptionError(f"precision {precision!r} cannot be had here", got=str(error)) from None
    if (kind := made.distributed_type.name) in _SHARED_OUT:
        raise OptionError(
            f"{kind} shares the weights of a network out", expected="every process with all of them",
            hint="Start it with accelerate launch --multi_gpu.",
        )  # fmt: skip
    if precision == "fp16" and made.device.type == "cpu":
        raise OptionError("precision 'fp16' needs a GPU", hint="Processors compute in precision=bf16 or float32.")
    return made


@contextmanager
def _isolated(device: Any) -> Iterator[None]:
    import torch

    cuda = device.type == "cuda"
    cudnn = torch.backends.cudnn
    before = cudnn.benchmark, cudnn.deterministic
    with ExitStack() as stack:
        stack.enter_context(torch.random.fork_rng([torch.cuda.current_device()] if cuda else []))
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        try:
            if cuda:
                cudnn.benchmark, cudnn.deterministic = False, True
            yield
        finally:
            if cuda:
                cudnn.benchmark, cudnn.deterministic = before


__all__ = ["engine"]
