"""`--maps DIR`: where the heat maps of a run go."""

# Names stay the text that was given: pathlib would rewrite "./a", and is slow for a million of them.
# ruff: noqa: PTH103, PTH118

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from visq import catalog
from visq.errors import StoreError

if TYPE_CHECKING:
    from visq.run.tasks import Request

option = click.option(
    "--maps", metavar="DIR", help="Write a heat map (PNG) of each image now scored, for the metrics that have one."
)


class Maps:
    """The folder of maps of a run, made at once where a metric has one.

    Parameters
    ----------
    folder : str, optional
        What `--maps` names; None for no maps.
    requests : sequence of Request
        What is measured.
    kind : str
        Of the metrics that the command measures (fr or nr).

    Raises
    ------
    StoreError
        The folder cannot be made.
    """

    def __init__(self, folder: str | None, requests: Sequence[Request], kind: str) -> None:
        without = [one.id for one in requests if not one.spec.has_map]
        any_map = len(without) < len(requests)
        self._without = without if folder else []
        self._kind = kind
        self.stem: Callable[[str], str] = _Stems(folder) if folder and any_map else no_map
        if folder and any_map:
            _make(folder)

    def notes(self) -> list[str]:
        """What to say of metrics that no map was written for."""
        if not self._without:
            return []
        some = ", ".join(s.id for s in catalog.specs(self._kind) if s.has_map)
        names = list(dict.fromkeys(self._without))
        return [f"{', '.join(names)} {'has' if len(names) == 1 else 'have'} no map; those with one: {some}"]


class _Stems:
    """Where the maps of an image go: its relative path inside the folder, numbered where two would be the same."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._taken: dict[str, int] = {}

    def __call__(self, relative: str) -> str:
        parts = [p for p in relative.split("/") if p not in ("", ".", "..")]
        stem = os.path.join(self._folder, *parts)
        count = self._taken[stem] = self._taken.get(stem, 0) + 1
        return stem if count == 1 else f"{stem}-{count}"


def no_map(relative: str) -> str:  # noqa: ARG001
    """For passes over the inputs that write nothing."""
    return ""


def _make(path: str) -> None:
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"--maps {path}: cannot be made: {error.strerror}", hint="Choose a place you may write to."
        ) from error
