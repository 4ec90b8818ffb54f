"""Whether a file that is named for a system is one of its own, by what it says of itself.

Nothing but the header is read, and torch is not loaded: a wrong file is refused before anything is scored. Who reads
the tensors checks them.
"""

from __future__ import annotations

import os
from collections.abc import Collection

from visq.errors import WeightsError
from visq.paths import expanded, is_file
from visq.weights.headers import is_safetensors, told
from visq.weights.torch_files import PICKLE, ZIP


def reiqa(path: str | os.PathLike[str]) -> None:
    """Refuse what `visq fit reiqa` did not write, or wrote for pictures with references.

    Raises
    ------
    WeightsError
    """
    _compared(path, False)


def reiqa_fr(path: str | os.PathLike[str]) -> None:
    """Refuse what `visq fit reiqa reference=true` did not write.

    Raises
    ------
    WeightsError
    """
    _compared(path, True)


def ridge(path: str | os.PathLike[str]) -> None:
    """Refuse what `visq fit ridge` did not write.

    Raises
    ------
    WeightsError
    """
    _fitted(path, "ridge")


def loda(path: str | os.PathLike[str]) -> None:
    """Refuse what is neither an adapter nor a checkpoint of the recipes `loda` and `loda-mini`.

    Raises
    ------
    WeightsError
    """
    from visq.systems.loda.design import FORMAT

    _trained(path, FORMAT, ("loda", "loda-mini"))


def loda_frozen(path: str | os.PathLike[str]) -> None:
    """Refuse what holds no parameters of a frozen network: neither safetensors nor PyTorch's, or another system's.

    Raises
    ------
    WeightsError
    """
    from visq.train.checkpoints import FORMAT

    about = _told(path)
    with expanded(path).open("rb") as file:
        head = file.read(16)
    if not is_safetensors(head) and not head.startswith((ZIP, PICKLE)):
        raise WeightsError(f"{os.fspath(path)} holds no parameters", expected="safetensors, or a file of PyTorch")
    if about.get("format") not in (None, FORMAT):
        raise WeightsError(
            f"{os.fspath(path)} holds no frozen network",
            expected="parameters alone, or a checkpoint",
            got=_called(about),
        )


def pmt(path: str | os.PathLike[str]) -> None:
    """Refuse what is neither a file of parameters of PMT nor a checkpoint of the recipes `pmt` and `pmt-small`.

    Raises
    ------
    WeightsError
    """
    from visq.systems.pmt.design import FORMAT

    _trained(path, FORMAT, ("pmt", "pmt-small"))


def _compared(path: str | os.PathLike[str], references: bool) -> None:
    """Of Re-IQA: for pictures with references, or without."""
    options = _fitted(path, "reiqa").get("options")
    if isinstance(options, dict) and bool(options.get("difference")) != references:
        kind = ("with references", "true") if references else ("without references", "false")
        raise WeightsError(
            f"{os.fspath(path)} was not fitted to judge pictures {kind[0]}",
            hint=f"Fit one with reference={kind[1]}, or score by {'reiqa' if references else 'reiqa_fr'}.",
        )


def _fitted(path: str | os.PathLike[str], system: str) -> dict[str, object]:
    from visq.systems.readout.files import FORMAT

    about = _told(path)
    if about.get("format") != FORMAT or about.get("system") != system:
        got = f"a read-out of {about['system']!s:.40}" if about.get("format") == FORMAT else _called(about)
        raise WeightsError(
            f"{os.fspath(path)} is no file of {system}", expected=f"one that `visq fit {system}` wrote", got=got
        )
    return about


def _trained(path: str | os.PathLike[str], own: str, recipes: Collection[str]) -> None:
    from visq.train.checkpoints import FORMAT

    about = _told(path)
    form = about.get("format")
    if form == own:
        return
    recipe = about.get("recipe")
    name = str(recipe.get("name")) if form == FORMAT and isinstance(recipe, dict) else ""
    # The name of a recipe of one's own says nothing: whether it fits is seen when its tensors are read.
    if form != FORMAT or (name not in recipes and name in _shipped()):
        got = f"a checkpoint of the recipe {name}" if name else _called(about)
        raise WeightsError(
            f"{os.fspath(path)} holds no network of this system",
            expected=f"{own}, or a checkpoint of the recipe {' or '.join(recipes)}", got=got,
        )  # fmt: skip


def _shipped() -> Collection[str]:
    from visq.train.shipped import SHIPPED

    return SHIPPED


def _told(path: str | os.PathLike[str]) -> dict[str, object]:
    place = expanded(path)
    if not is_file(place):
        raise WeightsError(f"the parameter file {os.fspath(path)} does not exist", expected="a readable file")
    return told(place)


def _called(about: dict[str, object]) -> str:
    return f"a file that calls itself {about['format']!s:.40}" if about.get("format") else "no file that visq wrote"


__all__ = ["loda", "loda_frozen", "pmt", "reiqa", "reiqa_fr", "ridge"]
