"""Networks of which some parts are never learned: what is kept of such a part is a hash."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from visq.errors import WeightsError

#: Name of the buffer that holds the hash.
SEAL = "sealed_sha256"
_HINT = "Give the files of the frozen parameters that it was trained with."


class Sealed(nn.Module):
    """A network whose state leaves the parameters of some of its parts out, and holds their SHA-256 instead.

    So a checkpoint of a small adapter of a large network is small, and is not loaded beside another network than it
    was made with. Buffers stay: the statistics of batch normalisations may go on moving.
    """

    sealed_sha256: Tensor
    _sealed: tuple[str, ...] = ()

    def seal(self, *parts: str) -> None:
        """Freeze these children, and leave their parameters out of the state from now on."""
        self._sealed = tuple(f"{part}." for part in parts)
        for part in parts:
            self.get_submodule(part).requires_grad_(False)
        digest = sha256((name, p) for name, p in self.named_parameters() if name.startswith(self._sealed))
        self.register_buffer(SEAL, torch.tensor(list(bytes.fromhex(digest)), dtype=torch.uint8))

    @property
    def seal_of_parts(self) -> str:
        """SHA-256 of the parameters that are left out."""
        return bytes(self.sealed_sha256.tolist()).hex()

    def state_dict(self, *args: Any, **given: Any) -> dict[str, Any]:  # type: ignore[override]
        """As torch has it, without what is sealed."""
        state = super().state_dict(*args, **given)
        prefix = given.get("prefix", "")
        for name in [f"{prefix}{one}" for one in self._left_out()]:
            state.pop(name, None)
        return state

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """As torch has it, of a state without what is sealed.

        Raises
        ------
        WeightsError
            The sealed parts were other ones.
        """
        if SEAL in state_dict:
            self.check_seal(bytes(state_dict[SEAL].tolist()).hex(), "these parameters")
        own = dict(self.named_parameters())
        whole = {**{name: own[name].data for name in self._left_out()}, **state_dict}
        return super().load_state_dict(whole, strict=strict, assign=assign)

    def check_seal(self, digest: str, what: str) -> None:
        """Refuse what was learned beside frozen parameters with another hash.

        Raises
        ------
        WeightsError
        """
        if digest != self.seal_of_parts:
            raise WeightsError(
                f"{what} were learned beside other frozen networks", expected=f"SHA-256 {self.seal_of_parts}",
                got=digest, hint=_HINT,
            )  # fmt: skip

    def _left_out(self) -> list[str]:
        return [name for name, _ in self.named_parameters() if name.startswith(self._sealed)]


def sha256(tensors: Iterable[tuple[str, Tensor]]) -> str:
    """Of names, shapes, types and values, in the order of the names.

    >>> sha256([("a", torch.zeros(2)), ("b", torch.ones(1))]) == sha256([("b", torch.ones(1)), ("a", torch.zeros(2))])
    True
    """
    total = hashlib.sha256()
    for name, value in sorted(tensors, key=lambda pair: pair[0]):
        total.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
        total.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return total.hexdigest()


__all__ = ["SEAL", "Sealed", "sha256"]
