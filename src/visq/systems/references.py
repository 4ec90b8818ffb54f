"""What a network makes of a reference, computed once however many images are compared with it.

Images of one test set share references: what is known of a picture is kept until others have taken its place. A picture
is known by its pixels, all of them: what lies at a few hundred places finds a candidate, and it counts only if every
value is equal. Nothing is kept of a tensor that asks for a gradient.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

#: Bytes that are kept at most, pictures and features together.
LIMIT = 256 * 2**20
# Places that are looked at to find a candidate: a prime, so that they do not fall into one column.
_PLACES = 509

Features = tuple["torch.Tensor", ...]


@dataclass(frozen=True, slots=True)
class _Known:
    picture: torch.Tensor
    features: Features

    @property
    def bytes(self) -> int:
        return sum(t.untyped_storage().nbytes() for t in (self.picture, *self.features))


_kept: OrderedDict[Hashable, _Known] = OrderedDict()
_bytes = 0
_lock = threading.Lock()


def features_of(
    key: Hashable, references: torch.Tensor, compute: Callable[[torch.Tensor], Sequence[torch.Tensor]]
) -> Iterator[Features]:
    """`compute` of each reference of a batch, from memory where the same pixels were seen under the same `key`.

    Parameters
    ----------
    key : hashable
        What computes: the network itself, with all that decides the features. It is kept as long as they are.
    references : torch.Tensor
        `(N, C, H, W)`. Where gradients are recorded and these ask for one, every reference is computed.
    compute : callable
        From `(1, C, H, W)` to tensors of its own, which nobody may write to afterwards.

    Yields
    ------
    tuple of torch.Tensor
        One a reference, in turn, so that a batch needs no more memory than what is kept. Reference by reference: the
        features of a picture do not depend on the batch it came in.

    Examples
    --------
    >>> import torch
    >>> batch = torch.rand(1, 3, 8, 8).expand(4, 3, 8, 8)
    >>> seen = []
    >>> found = list(features_of("mean", batch, lambda x: seen.append(1) or (x.mean(),)))
    >>> len(found), len(seen)
    (4, 1)
    """
    import torch

    if torch.is_grad_enabled() and references.requires_grad:
        for picture in references.split(1):
            yield tuple(compute(picture))
        return
    last: tuple[Hashable, _Known] | None = None
    for picture in references.split(1):
        # Outside inference mode: what is kept may be needed for a gradient of the image later.
        with torch.inference_mode(False), torch.no_grad():
            # Sums are cut by the number of threads: an identical pair has to be computed alike on both sides.
            threads = torch.get_num_threads()
            place = (key, threads, picture.dtype, picture.device, tuple(picture.shape[1:]), _glance(picture))
            # One that is too large to be kept may still serve the next of its batch.
            known = _same(last[1], picture) if last is not None and last[0] == place else None
            known = known or _same(_look(place), picture)
            if known is None:
                own = picture.detach().clone(memory_format=torch.contiguous_format)
                known = _Known(own, tuple(compute(own)))
                _keep(place, known)
            last = (place, known)
        yield known.features


def clear() -> None:
    """Forget everything."""
    global _bytes
    with _lock:
        _kept.clear()
        _bytes = 0


def kept_bytes() -> int:
    """How much is kept."""
    return _bytes


def _glance(picture: torch.Tensor) -> bytes:
    flat = picture.reshape(-1)
    places = flat[:: max(1, flat.shape[0] // _PLACES)]
    return places.detach().cpu().contiguous().numpy().tobytes()


def _same(known: _Known | None, picture: torch.Tensor) -> _Known | None:
    import torch

    return known if known is not None and torch.equal(known.picture, picture) else None


def _look(place: Hashable) -> _Known | None:
    with _lock:
        if place in _kept:
            _kept.move_to_end(place)
        return _kept.get(place)


def _keep(place: Hashable, known: _Known) -> None:
    global _bytes
    if known.bytes > LIMIT:
        return
    with _lock:
        before = _kept.pop(place, None)
        _bytes += known.bytes - (before.bytes if before else 0)
        _kept[place] = known
        while _bytes > LIMIT:
            _, oldest = _kept.popitem(last=False)
            _bytes -= oldest.bytes


def _forget_lock() -> None:
    # It may have been held by a thread that does not survive the fork.
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_lock)
