"""A trained network as callers use it: pictures as arrays or tensors, the cells that count, scores."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from visq.errors import InputError, OptionError, VisqWarning
from visq.explain.cells import Cells, checked_keeps
from visq.ops.arrays import read_one
from visq.systems.inputs import Inputs, building, evaluating, read
from visq.systems.pmt.design import MIN_SIDE, MOST_TOKENS
from visq.systems.pmt.layout import Layout, layout
from visq.systems.pmt.network import Network
from visq.systems.pmt.strips import mapped
from visq.systems.pmt.trunk import gridded
from visq.systems.references import features_of

#: Masks that are computed at a time at most, and numbers that they may need together: 128 MB.
AT_ONCE = 256
ROOM = 2**25


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the network says of a picture or a batch.

    Attributes
    ----------
    score : float, array or tensor
        In 1..5, higher is better.
    distribution : (5,) or (N, 5) array or tensor, or None
        Shares of the grades 1 to 5, whose mean is the score; None of the control that pools by a mean.
    layout : Layout
        The tokens that it looked at.
    """

    score: Any
    distribution: Any
    layout: Layout


class Model:
    """A network that judges pictures, and parts of them.

    Parameters
    ----------
    network : Network
        It is put into evaluation mode, its parameters without gradients; do not change it afterwards.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.

    Examples
    --------
    >>> from visq.systems.pmt.design import Design
    >>> model = Model(Network(Design.of({"variant": "small"}), "random"))
    >>> picture = np.zeros((96, 128, 3), np.uint8)
    >>> model.grid(picture)
    (3, 4)
    >>> model.masked(picture, np.ones((2, 3, 4), bool)).shape
    (2,)
    """

    def __init__(self, network: Network, *, data_range: float | None = None) -> None:
        if network.reads != "images":
            raise OptionError("the network reads maps", expected="one that reads images", got=network.reads)
        self.network = network.eval().requires_grad_(False)
        self.data_range = data_range
        self._elsewhere: dict[tuple[torch.device, torch.dtype], Network] = {}

    def layout(self, image: Any) -> Layout:
        """Which tokens a picture has; nothing is computed."""
        return layout(self.network.design, *read_one(image, data_range=self.data_range, min_side=MIN_SIDE).size)

    def grid(self, image: Any) -> tuple[int, int]:
        """Rows and columns of the tokens of a picture."""
        where = self.layout(image)
        return where.rows, where.columns

    def cells(self, image: Any) -> Cells:
        """Where in the picture they lie."""
        height, width = read_one(image, data_range=self.data_range, min_side=MIN_SIDE).size
        return layout(self.network.design, height, width).cells(height, width)

    def judge(self, image: Any, keep: Any = None) -> Judgement:
        """Score and distribution of a picture, or of pictures of one size.

        Parameters
        ----------
        image : array
            NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`; sides of 64 pixels or more.
        keep : bool array, optional
            `(h, w)`, or `(N, h, w)`: which tokens are looked at. None: all.

        Raises
        ------
        InputError
            A mask of another grid, or that hides all of a picture; values out of range, NaN.
        SizeError
            A side below 64 pixels.

        Warns
        -----
        VisqWarning
            More than 1,024 tokens, which are averaged in squares.
        """
        inputs = read(image, data_range=self.data_range, min_side=MIN_SIDE)
        where = self.network.layout(inputs.image)
        _tell(where)
        with evaluating(inputs):
            network = self._placed(inputs)
            found = network.read(gridded(mapped(network.trunk, inputs.image), where), keep)
        shares = inputs.result(found["logits"].softmax(1)) if "logits" in found else None
        return Judgement(inputs.result(found["score"]), shares, where)

    def score(self, image: Any, keep: Any = None) -> Any:
        """The score alone; as `judge`."""
        return self.judge(image, keep).score

    def masked(self, image: Any, keeps: Any) -> np.ndarray:
        """Scores `(K,)` of one picture by `(K, h, w)` bool masks over `grid(image)`.

        The trunk is computed once, also if the same picture comes again. Masks hide tokens, not pixels: what the trunk
        saw around a token is still in it.

        Raises
        ------
        InputError
            A batch; another grid; a mask that keeps nothing.
        """
        return Tokens(self, image)(keeps)

    def _placed(self, inputs: Inputs) -> Network:
        """The network where the pixels are, in their precision."""
        own = next(self.network.parameters())
        place = inputs.image.device, inputs.image.dtype
        if place == (own.device, own.dtype):
            return self.network
        if place not in self._elsewhere:
            with building():
                self._elsewhere[place] = deepcopy(self.network).to(device=place[0], dtype=place[1])
        return self._elsewhere[place]


class Tokens:
    """One picture, ready to be judged by parts of it.

    Parameters
    ----------
    model : Model
    image : array
        One picture, as `Model.judge` takes it.
    most : int, optional
        No more cells than that: squares of 1, 4, 9, ... tokens are hidden and kept together. None: every one by itself.
    on_step : callable, optional
        Called after every strip of the picture that the trunk has looked at; `visq.systems.pmt.strips.count` says how
        many there are. Not of a picture that comes again.

    Attributes
    ----------
    cells : Cells
        Where the cells lie in the picture.
    factor : int
        How many tokens, a side, are one cell.
    layout : Layout
        The tokens.
    """

    def __init__(
        self, model: Model, image: Any, *, most: int | None = None, on_step: Callable[[], None] = lambda: None
    ) -> None:
        inputs = read(image, data_range=model.data_range, min_side=MIN_SIDE)
        if len(inputs.image) != 1:
            raise InputError("image is a batch", expected="one image", got=f"{len(inputs.image)} images")
        self._network = model._placed(inputs)
        height, width = (int(n) for n in inputs.image.shape[-2:])
        self.layout = self._network.layout(inputs.image)
        _tell(self.layout)
        self.factor = 1
        while most is not None and np.prod(_merged(self.layout, self.factor)) > max(most, 1):
            self.factor += 1
        self._shape = _merged(self.layout, self.factor)
        whole = self.layout.cells(height, width)
        self.cells = Cells(*(np.append(e[:-1][:: self.factor], e[-1]) for e in (whole.rows, whole.columns)))
        with evaluating(inputs), torch.no_grad():
            (self._tokens,) = next(
                features_of((self._network, "tokens"), inputs.image, partial(self._compute, on_step))
            )
        self._inputs = inputs

    def _compute(self, on_step: Callable[[], None], image: Tensor) -> tuple[Tensor]:
        maps = mapped(self._network.trunk, image, on_step=on_step)
        return (self._network.reader.tokens(gridded(maps, self.layout)),)

    def __call__(self, keeps: Any) -> np.ndarray:
        """Scores `(K,)` in 1..5 of `keeps` `(K, h, w)` over the grid of `cells`.

        Masks that keep as many cells are computed together: hidden tokens are left out of the transformer.
        """
        kept = checked_keeps(keeps, self._shape)
        if self.factor > 1:
            kept = kept.repeat(self.factor, 1).repeat(self.factor, 2)[:, : self.layout.rows, : self.layout.columns]
        flat = kept.reshape(len(kept), -1)
        counts, scores = flat.sum(axis=1), np.empty(len(flat))
        with evaluating(self._inputs), torch.no_grad():
            for count in np.unique(counts):
                places = np.flatnonzero(counts == count)
                step = max(1, min(AT_ONCE, ROOM // self._network.reader.room(int(count))))
                for first in range(0, len(places), step):
                    chosen = places[first : first + step]
                    masks = torch.from_numpy(flat[chosen]).to(self._tokens.device)
                    scores[chosen] = self._network.reader.parts(self._tokens, masks).double().cpu().numpy()
        return scores


def from_file(path: str | os.PathLike[str], *, data_range: float | None = None) -> Model:
    """A model out of a file of `visq.systems.pmt.files`, or a checkpoint of a training."""
    from visq.systems.pmt.files import load

    return Model(load(path), data_range=data_range)


def _merged(where: Layout, factor: int) -> tuple[int, int]:
    return -(-where.rows // factor), -(-where.columns // factor)


def _tell(where: Layout) -> None:
    if where.factor > 1:
        warnings.warn(
            f"the picture has more than {MOST_TOKENS} tokens: means over {where.factor} x {where.factor} of them are "
            f"looked at, {where.rows} x {where.columns} in all",
            VisqWarning, stacklevel=3,
        )  # fmt: skip


__all__ = ["AT_ONCE", "Judgement", "Model", "Tokens", "from_file"]
