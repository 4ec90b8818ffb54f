"""Momentum contrast (MoCo-v2): an encoder that learns, a slow copy of it that makes keys, and a queue of past keys.

Everything is a parameter or a buffer of one module: a checkpoint of the training has the slow copy and the queue in it.

The slow copy follows at the beginning of a step what the step before did, ``t' <- m t' + (1 - m) t``: the same numbers
as after each step, and nothing that a training loop has to know of.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from visq.backbones.initial import random_state
from visq.errors import OptionError
from visq.systems.reiqa import exchange, trunks
from visq.systems.reiqa.design import Part, Size

TEMPERATURE = 0.2
#: Of ImageNet's pictures: what the content encoder's input is normalised by. The quality encoder's is not.
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def fed(planes: Tensor, part: Part) -> Tensor:
    """Pixels as an encoder takes them: 0..1 as they are for quality, less ImageNet's mean for content.

    Parameters
    ----------
    planes : (N, 3, H, W)
        uint8, or floats in 0..1.
    part : {"quality", "content"}
    """
    values = planes.float() / 255.0 if planes.dtype == torch.uint8 else planes
    if part == "quality":
        return values
    mean, std = (values.new_tensor(numbers).view(1, 3, 1, 1) for numbers in (_MEAN, _STD))
    return (values - mean) / std


def projection(features: int, embedding: int) -> nn.Sequential:
    """The head: a layer, ReLU, a layer; no normalisation in it. Unit length is made of what it gives afterwards."""
    return nn.Sequential(nn.Linear(features, features), nn.ReLU(), nn.Linear(features, embedding))


class Contrast(nn.Module):
    """What is trained: encoder and head, their slow copy, and the queue.

    Parameters
    ----------
    size : Size
    part : {"quality", "content"}
        Decides how pixels are fed.
    seed : int
        Of the parameters and of the first queue.

    Attributes
    ----------
    encoder, head
        With the names of parameters that the released checkpoints have behind `module.`.
    momentum_encoder, momentum_head
        The slow copy, without gradients, its batch normalisations in training mode: their statistics are its own.
    queue : (K, D)
        Keys of unit length, random ones at first.
    place : int
        Where the oldest key lies, which is overwritten next.
    """

    queue: Tensor
    place: Tensor

    def __init__(self, size: Size, part: Part, seed: int) -> None:
        super().__init__()
        self.part, self.negatives, self.groups = part, size.negatives, size.groups
        self.momentum = size.momentum
        self.encoder = trunks.make(size.trunk, seed)
        self.momentum_encoder = trunks.make(size.trunk, seed)
        self.head = projection(size.features, size.embedding)
        self.momentum_head = projection(size.features, size.embedding)
        for head in (self.head, self.momentum_head):
            head.load_state_dict(random_state(head.state_dict(), seed))
        for slow in (self.momentum_encoder, self.momentum_head):
            slow.requires_grad_(False)
        generator = torch.Generator().manual_seed(seed)
        length = size.queue if part == "quality" else size.content_queue
        first = torch.randn(length, size.embedding, generator=generator)
        self.register_buffer("queue", functional.normalize(first))
        self.register_buffer("place", torch.zeros((), dtype=torch.int64))
        self._followed: tuple[int, ...] | None = None

    def forward(self, query: Tensor, key: Tensor) -> Tensor | dict[str, Tensor]:
        """While it learns, logits of every query: its key, then the negatives. Otherwise features and embeddings.

        Parameters
        ----------
        query, key : (N, 3, p, p)
            uint8: crops that belong together.

        Returns
        -------
        (N, 1 + K) or (N, 1 + K + M - 1) tensor
            ``q.k / T``, the positive first; with `queue+batch` the other M - 1 keys of the step after the queue's.
        dict of tensors
            In evaluation mode: `features` `(N, F)` of the queries, `query` and `key` `(N, D)` by the learning encoder.
        """
        if not self.training:
            features = trunks.pooled(self.encoder, self._fed(query))
            other = trunks.pooled(self.encoder, self._fed(key))
            return {"features": features, "query": self._unit(self.head, features), "key": self._unit(self.head, other)}
        with torch.no_grad():
            self._follow()
            keys, every, first = self._keys(self._fed(key))
        queries = self._unit(self.head, trunks.pooled(self.encoder, self._fed(query)))
        # A copy: the step backwards needs the queue as it was.
        logits = self._logits(queries, keys, every, first, self.queue.clone())
        with torch.no_grad():
            self._put(every)
        return logits

    def _fed(self, planes: Tensor) -> Tensor:
        """A processor convolves faster where the channels of a place lie side by side, in half precision above all."""
        made = fed(planes, self.part)
        return made.contiguous(memory_format=torch.channels_last) if made.device.type == "cpu" else made

    @staticmethod
    def _unit(head: nn.Module, features: Tensor) -> Tensor:
        made = head(features)
        return functional.normalize(made if made.dtype == torch.float64 else made.float())

    def _follow(self) -> None:
        """Let the copy follow, once for each change of the encoder: several batches may make one step."""
        fast = [*self.encoder.parameters(), *self.head.parameters()]
        version = tuple(one._version for one in fast)
        if version == self._followed:
            return
        slow = [*self.momentum_encoder.parameters(), *self.momentum_head.parameters()]
        for one, other in zip(slow, fast, strict=True):
            one.lerp_(other.detach(), 1.0 - self.momentum)
        self._followed = version

    def _keys(self, planes: Tensor) -> tuple[Tensor, Tensor, int]:
        """Keys of these pictures; those of all processes; and where these begin among them.

        What a batch normalisation sees of a query's batch must not tell it which key is its own: keys are normalised
        in other company, that of other processes, or in shuffled groups.
        """
        groups = min(self.groups, len(planes))
        keys, first = exchange.shuffled(planes, lambda part: self._grouped(part, groups))
        return keys[first : first + len(planes)], keys, first

    def _grouped(self, planes: Tensor, groups: int) -> Tensor:
        if groups == 1:
            return self._slow(planes)
        order = torch.randperm(len(planes), device="cpu").to(planes.device)
        made = torch.cat([self._slow(planes[part]) for part in order.chunk(groups)])
        return made[order.argsort()]

    def _slow(self, planes: Tensor) -> Tensor:
        return self._unit(self.momentum_head, trunks.pooled(self.momentum_encoder, planes))

    def _logits(self, queries: Tensor, keys: Tensor, every: Tensor, first: int, queue: Tensor) -> Tensor:
        """In single precision, whatever the encoder computes in: over T, what rounding does to a cosine would count."""
        with torch.autocast(queries.device.type, enabled=False):
            return self._compared(queries, keys, every, first, queue)

    def _compared(self, queries: Tensor, keys: Tensor, every: Tensor, first: int, queue: Tensor) -> Tensor:
        parts = [(queries * keys).sum(1, keepdim=True), queries @ queue.T.to(queries.dtype)]
        if self.negatives == "queue+batch":
            others = queries @ every.T
            own = torch.zeros_like(others, dtype=torch.bool)
            own[torch.arange(len(queries)), torch.arange(len(queries)) + first] = True
            parts.append(others[~own].view(len(queries), -1))
        return torch.cat(parts, dim=1) / TEMPERATURE

    def _put(self, keys: Tensor) -> None:
        """Overwrite the oldest keys of the queue.

        Raises
        ------
        OptionError
            A step has more keys than the queue holds.
        """
        length = len(self.queue)
        if len(keys) > length:
            raise OptionError(
                "a step makes more keys than the queue holds", expected=f"at most {length}", got=str(len(keys)),
                hint="Set options.queue higher, or batch lower.",
            )  # fmt: skip
        places = (torch.arange(len(keys), device=keys.device) + self.place) % length
        self.queue.index_copy_(0, places, keys.to(self.queue.dtype))
        self.place.copy_((self.place + len(keys)) % length)


def contrastive_loss(logits: Tensor) -> Tensor:
    """``-log(e^l_0 / sum_j e^l_j)``, the mean over queries: the positive has the first place.

    >>> round(float(contrastive_loss(torch.zeros(2, 4))), 4)
    1.3863
    """
    return functional.cross_entropy(logits, torch.zeros(len(logits), dtype=torch.int64, device=logits.device))


__all__ = ["TEMPERATURE", "Contrast", "contrastive_loss", "fed", "projection"]
