"""Trunk and reader as one network: from pixels, or from maps that were computed before, to scores."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Literal, get_args

from torch import Tensor, nn

from visq.backbones.spec import INPUT
from visq.errors import OptionError
from visq.ops.choices import check_choice
from visq.systems.pmt.design import Design
from visq.systems.pmt.layout import Layout, layout
from visq.systems.pmt.masks import checked, drawn
from visq.systems.pmt.readers import Attention, Mean
from visq.systems.pmt.trunk import Trunk, gridded

Reads = Literal["images", "maps"]


class Network(nn.Module):
    """From pictures, and which of their cells count, to scores in 1..5.

    Parameters
    ----------
    design : Design
    weights, frozen_to, depthwise, seed
        Of the trunk, see there.
    reads : {"images", "maps"}
        What `forward` is called with: pictures, or what the frozen part of the trunk made of them.
    masked : float
        While training: the share of pictures of which a random part of the cells is hidden.
    least : float
        The smallest share of cells that is kept of them.
    paired : bool
        While training: also judge every picture whole, as `whole`, for a term that draws the two together.

    Examples
    --------
    >>> import torch
    >>> network = Network(Design.of({"variant": "small"}), weights="random").eval()
    >>> found = network(torch.zeros(2, 3, 64, 96))
    >>> tuple(found["score"].shape), tuple(found["logits"].shape)
    ((2,), (2, 5))
    """

    def __init__(
        self, design: Design, weights: str | os.PathLike[str] = "public", *, frozen_to: str = INPUT,
        reads: Reads = "images", masked: float = 0.5, least: float = 0.25, paired: bool = False, seed: int = 0,
        depthwise: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        check_choice("reads", reads, get_args(Reads))
        for name, value in (("masked", masked), ("least", least)):
            if not 0 <= value <= 1:
                raise OptionError(f"{name} is no share", expected="0 to 1", got=repr(value))
        self.design, self.reads, self.masked, self.least, self.paired = design, reads, masked, least, paired
        self.trunk = Trunk(design, weights, frozen_to=frozen_to, seed=seed, depthwise=depthwise)
        self.reader = Attention(design) if design.reading == "attention" else Mean(design)

    def cells(self, images: Tensor) -> Tensor:
        """`(N, C, rows, columns)`, a place a token."""
        return gridded(self.trunk(images), self.layout(images))

    def layout(self, images: Tensor) -> Layout:
        """The tokens of pictures `(N, 3, H, W)`."""
        return layout(self.design, int(images.shape[-2]), int(images.shape[-1]))

    def forward(self, given: Tensor, keep: Tensor | None = None) -> dict[str, Tensor]:
        """Scores of a batch.

        Parameters
        ----------
        given : Tensor
            Pictures `(N, 3, H, W)`, bytes or numbers in 0..1, or maps `(N, C', h', w')`.
        keep : (N, rows, columns) bool, optional
            Which cells count. None: all; while training, random ones.

        Returns
        -------
        dict
            `score` `(N,)`; of a transformer also `logits` `(N, 5)`, whose softmax is the distribution over grades;
            while training with `paired` also `whole` `(N,)`.

        Raises
        ------
        InputError
            A mask of another grid, or that hides all of a picture.
        """
        if self.reads == "maps":
            maps = self.trunk.back(given.float())
            # Maps know no size in pixels; their own is that of a picture as large as all of their cells.
            where = layout(self.design, maps.shape[-2] * self.design.stride, maps.shape[-1] * self.design.stride)
        else:
            maps, where = self.trunk(given), self.layout(given)
        return self.read(gridded(maps, where), keep)

    def read(self, cells: Tensor, keep: Tensor | None = None) -> dict[str, Tensor]:
        """As `forward`, of `cells(images)`."""
        tokens = self.reader.tokens(cells)
        count, _, rows, columns = cells.shape
        if keep is not None:
            keep = checked(keep, count, rows, columns, cells.device).flatten(1)
        elif self.training and self.masked > 0:
            keep = drawn(count, rows, columns, share=self.masked, least=self.least).to(cells.device).flatten(1)
        found: dict[str, Tensor] = self.reader(tokens, keep)
        if self.training and self.paired:
            found["whole"] = self.reader(tokens)["score"]
        return found


def network(options: Mapping[str, Any]) -> Network:
    """The network that a recipe's options name.

    Parameters
    ----------
    options : mapping
        `design`, as `Design.of` takes it; `weights`, `frozen_to`, `depthwise` and `trunk_seed` of the trunk; `masked`,
        `least`, `consistency`. With `frozen_to` other than `input` the network reads maps.
    """
    frozen_to = options.get("frozen_to", INPUT)
    return Network(
        Design.of(options["design"]), options.get("weights", "public"), frozen_to=frozen_to,
        reads="images" if frozen_to == INPUT else "maps", masked=options.get("masked", 0.5),
        least=options.get("least", 0.25), paired=options.get("consistency", 0.0) > 0, seed=options.get("trunk_seed", 0),
        depthwise=options.get("depthwise", True),
    )  # fmt: skip


__all__ = ["Network", "network"]
