"""The class behind every network: taps, the forward pass that stops early, normalisation, and checks of the input."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from visq.backbones.spec import INPUT, BackboneSpec
from visq.errors import InputError, SizeError

_RANK, _COLOURS = 4, 3


class Stage(NamedTuple):
    """One tap and what computes it from the one before.

    Attributes
    ----------
    tap : str
        Its name.
    run : callable
        From what the stage before computed.
    overwrite : callable, optional
        The same, which may write over what the stage before computed.
    show : callable, optional
        From what is computed to what the tap holds, where that is not the same.
    """

    tap: str
    run: Callable[[Tensor], Tensor]
    overwrite: Callable[[Tensor], Tensor] | None = None
    show: Callable[[Tensor], Tensor] | None = None


class Backbone(nn.Module):
    """A network with named taps, in evaluation mode, its parameters without gradients.

    Made by `visq.backbones.create`. Gradients with respect to the images flow.

    Parameters
    ----------
    spec : BackboneSpec
        The network as data.
    pooling : str
        `max` as published, `average`, `l2` or `blur`, as far as the network has poolings.
    blur_size : int
        Taps of the filter of `blur`.
    """

    def __init__(self, spec: BackboneSpec, *, pooling: str = "max", blur_size: int = 4) -> None:
        super().__init__()
        self.spec = spec
        self.pooling = pooling
        self.blur_size = blur_size

    @property
    def taps(self) -> tuple[str, ...]:
        """Names of all taps in the order of computation, `input` first."""
        return self.spec.taps

    def min_side(self, taps: str | Iterable[str] | None = None) -> int:
        """The smallest height and width with which every one of `taps` (all, if None) can be had."""
        return self.spec.min_side(taps, pooling=self.pooling, blur_size=self.blur_size)

    def normalise(self, images: Tensor) -> Tensor:
        """Images in 0..1, red first, as the network was trained on them: ``(scale * images - mean) / std``.

        `forward` does not do it: some metrics feed their networks otherwise.
        """
        mean, std = (images.new_tensor(values).view(1, -1, 1, 1) for values in (self.spec.mean, self.spec.std))
        if self.spec.colour == "bgr":
            images = images.flip(1)
        scaled = images if self.spec.scale == 1 else images * self.spec.scale
        return (scaled - mean) / std

    def forward(self, images: Tensor, taps: str | Iterable[str] | None = None) -> dict[str, Tensor]:
        """What the network computes at `taps`; what lies behind the deepest of them is not computed.

        Parameters
        ----------
        images : (N, 3, H, W)
            What the network is fed: `normalise` makes it out of pixels in 0..1.
        taps : str or iterable of str, optional
            All of them if not given.

        Returns
        -------
        dict of str to Tensor
            `(N, C, h, w)` each, in the order asked for, in memory with the channels last. Nothing else is kept alive.

        Raises
        ------
        OptionError
            A tap that there is none of.
        InputError, SizeError
            Not `(N, 3, H, W)`; too small for the deepest tap.
        """
        asked = self.spec.asked(taps)
        wanted = set(asked)
        self._check(images, asked)
        found = {INPUT: images} if INPUT in wanted else {}
        kept, values = True, images
        for stage in self.stages(images):
            if len(found) == len(wanted):
                break
            run = stage.run if kept or stage.overwrite is None else stage.overwrite
            values = run(values)
            kept = stage.tap in wanted
            if kept:
                found[stage.tap] = values if stage.show is None else stage.show(values)
        return {tap: found[tap] for tap in asked}

    def stages(self, images: Tensor) -> Iterator[Stage]:
        """Every tap but `input`, in order, with what computes it for images of this size."""
        raise NotImplementedError

    def _check(self, images: Any, taps: tuple[str, ...]) -> None:
        # Sizes are tensors while a graph is recorded, and a comparison would become part of it.
        if torch.jit.is_tracing():
            return
        if not (isinstance(images, Tensor) and images.ndim == _RANK and images.shape[1] == _COLOURS):
            got = tuple(images.shape) if isinstance(images, Tensor) else type(images).__name__
            raise InputError(f"{self.spec.id}: not a batch of images", expected="a tensor (N, 3, H, W)", got=str(got))
        if not taps:
            return
        height, width = images.shape[2:]
        deepest = max(taps, key=self.spec.index)
        least = self.min_side(deepest)
        if min(height, width) < least:
            raise SizeError(
                f"{self.spec.id}: the image is too small for the tap {deepest}",
                expected=f"sides of {least} pixels or more", got=f"{height}x{width}",
            )  # fmt: skip
        multiple = self.spec.multiple
        if deepest != INPUT and (height % multiple or width % multiple):
            raise SizeError(
                f"{self.spec.id} cuts images into squares of {multiple} pixels",
                expected=f"sides that are multiples of {multiple}", got=f"{height}x{width}",
                hint="Crop or resize the image first.",
            )  # fmt: skip
