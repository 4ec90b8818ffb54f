"""What a reduced-reference metric sends of a reference: a few numbers, kept as JSON, enough to judge images by.

A file of features holds those of one reference for one or several metrics. The reference itself is not in it and is
never needed again.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from visq import catalog
from visq.errors import InputError, OptionError, ReadError, StoreError, VisqError
from visq.types import MetricSpec

_FORMAT = 1
# The features of a reference are some hundred bytes; with one number a block of a large photograph, a few megabytes.
_MAX_BYTES = 16_000_000
# What names and sizes in a file may come to: more is damage, and would end up in messages.
_LONGEST = 1000
_LARGEST = 2**53
# Memory that a character of a file may come to once it is read: of a list of lists.
_BYTES_A_CHARACTER = 20


@dataclass(frozen=True, slots=True)
class Features:
    """What one metric keeps of one reference.

    Attributes
    ----------
    metric, version, identity : str
        Which metric made them, and the key of the scores they give.
    options : dict
        Options they were made with; `compare` uses the same.
    height, width : int
        Size of the reference.
    bits : int
        What sending them costs.
    values : dict
        The numbers, by name, as JSON takes them.
    source, sha256 : str
        Name and hash of the file they were taken from, where it was one.
    warnings : tuple of str
        What was altered or noted on reading it.

    Examples
    --------
    >>> Features("osvp", "1", "osvp@1", {}, 480, 640, 288, {"histogram": [0.5, 0.5]}).numbers
    2
    """

    metric: str
    version: str
    identity: str
    options: dict[str, Any]
    height: int
    width: int
    bits: int
    values: dict[str, Any]
    source: str = ""
    sha256: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def numbers(self) -> int:
        """How many numbers they are."""
        return sum(len(value) if isinstance(value, list | tuple) else 1 for value in self.values.values())

    def check(self, spec: MetricSpec, identity: str) -> None:
        """Refuse to be used by another metric, version or setting than they were made by.

        Raises
        ------
        InputError
            Says which.
        """
        if self.metric != spec.id:
            raise InputError(
                "these features were made by another metric", expected=spec.id, got=self.metric,
                hint=f"Extract those of {spec.id} from the reference.",
            )  # fmt: skip
        if self.version != spec.version:
            raise InputError(
                f"these features were made by another version of {spec.id}", expected=spec.version, got=self.version,
                hint="Extract them again from the reference.",
            )  # fmt: skip
        if self.identity != identity:
            raise InputError(
                f"these features were made by {spec.id} with other options", expected=identity, got=self.identity,
                hint="Give the same options to both, or extract them again from the reference.",
            )  # fmt: skip


def write_features(path: str | os.PathLike[str], features: Features | Iterable[Features]) -> None:
    """Write the features of one reference, of one or several metrics, to a JSON file.

    Raises
    ------
    InputError
        None at all, or of different references.
    StoreError
        The file cannot be written.
    """
    chosen = [features] if isinstance(features, Features) else list(features)
    if not chosen:
        raise InputError("no features to write", expected="those of one metric at least")
    if len({(f.height, f.width, f.source, f.sha256) for f in chosen}) > 1:
        raise InputError("these features are of different references", expected="one file a reference")
    if len({f.identity for f in chosen}) < len(chosen):
        raise InputError("the same features twice", expected="each metric and setting once")
    first = chosen[0]
    document = {
        "visq_features": _FORMAT,
        "reference": {
            "name": first.source, "sha256": first.sha256, "width": first.width, "height": first.height,
            "warnings": list(first.warnings),
        },
        "features": [
            {
                "metric": f.metric, "version": f.version, "identity": f.identity, "options": f.options, "bits": f.bits,
                "values": f.values,
            }
            for f in chosen
        ],
    }  # fmt: skip
    text = json.dumps(document, indent=1, allow_nan=False) + "\n"
    temporary = Path(f"{os.fspath(path)}.part")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except BaseException as error:
        with suppress(OSError, ValueError):
            temporary.unlink()
        if not isinstance(error, OSError | ValueError):
            raise
        reason = getattr(error, "strerror", None) or error
        raise StoreError(f"{os.fspath(path)} cannot be written: {reason}") from error


def read_features(path: str | os.PathLike[str]) -> tuple[Features, ...]:
    """The features in a file that `write_features` or `visq features` wrote, one entry a metric and setting.

    Raises
    ------
    ReadError
        Not there, not readable, not a file of features, damaged, or written by a later version.
    """
    name = os.fspath(path)
    try:
        if not stat.S_ISREG(Path(path).stat().st_mode):
            raise ReadError(f"{name}: no file of features", expected="a regular file")
        with Path(path).open("rb") as stream:
            text = stream.read(_MAX_BYTES + 1)
    except VisqError:
        raise
    except (OSError, ValueError) as error:
        raise ReadError(f"{name}: {getattr(error, 'strerror', None) or error}") from None
    if len(text) > _MAX_BYTES:
        raise ReadError(f"{name}: too large for a file of features", expected=f"at most {_MAX_BYTES} bytes")
    hint = "Make it with: visq features REFERENCE -o FILE.json."
    try:
        document = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise ReadError(f"{name}: not a file of features", expected="JSON", hint=hint) from None
    if not isinstance(document, dict) or "visq_features" not in document:
        raise ReadError(f"{name}: not a file of features", expected="an entry visq_features", hint=hint)
    if not _whole(document["visq_features"]) or document["visq_features"] != _FORMAT:
        raise ReadError(f"{name}: written by another version of visq", expected=f"format {_FORMAT}",
                        got=repr(document["visq_features"])[:40], hint=hint)  # fmt: skip
    try:
        return _parse(document)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ReadError(f"{name}: a damaged file of features", got=f"{type(error).__name__}: {error}"[:120],
                        hint=hint) from None  # fmt: skip


def _no_constant(text: str) -> float:
    raise ValueError(text)


def _parse(document: Mapping[str, Any]) -> tuple[Features, ...]:
    reference = document["reference"]
    warnings = tuple(reference.get("warnings", ()))
    found: list[Features] = []
    for entry in document["features"]:
        options, values = entry["options"], entry["values"]
        if not isinstance(options, dict) or not isinstance(values, dict):
            raise TypeError("options and values must be objects")
        one = Features(
            metric=entry["metric"],
            version=entry["version"],
            identity=entry["identity"],
            options=options,
            height=reference["height"],
            width=reference["width"],
            bits=entry["bits"],
            values=values,
            source=reference["name"],
            sha256=reference["sha256"],
            warnings=warnings,
        )
        texts = (one.metric, one.version, one.identity, one.source, one.sha256, *warnings)
        if not all(isinstance(t, str) and len(t) <= _LONGEST for t in texts):
            raise TypeError(f"names must be texts of at most {_LONGEST} characters")
        if not all(_whole(n) for n in (one.height, one.width, one.bits)):
            raise TypeError("sizes must be whole numbers above 0 that a picture can have")
        found.append(one)
    if not found:
        raise ValueError("no features in it")
    if len({one.identity for one in found}) < len(found):
        raise ValueError("the same features twice")
    return tuple(found)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < _LARGEST


class FeatureFile:
    """A file of features in the place of a reference image, for the engines that score files."""

    def __init__(self, path: str) -> None:
        self._entries = {f.identity: f for f in read_features(path)}
        first = next(iter(self._entries.values()))
        self.width, self.height, self.warnings = first.width, first.height, first.warnings
        #: Memory it may take, at most.
        self.nbytes = _BYTES_A_CHARACTER * Path(path).stat().st_size

    def requests(self) -> tuple[list[tuple[str, dict[str, Any]]], list[str]]:
        """Metric and options of every entry that this visq can use, and why it cannot use the others.

        A file comes from somewhere else: what it says is checked, and no other file is opened because it names one.
        """
        usable, reasons = [], []
        for entry in self._entries.values():
            try:
                usable.append((entry.metric, _options(entry)))
            except VisqError as error:
                reasons.append(str(error))
        return usable, reasons

    def of(self, spec: MetricSpec, identity: str) -> Features:
        """The entry of a metric and setting.

        Raises
        ------
        InputError
            It holds none.
        """
        if identity in self._entries:
            return self._entries[identity]
        for entry in self._entries.values():
            if entry.metric == spec.id:
                entry.check(spec, identity)
        raise InputError(
            f"no features of {spec.id}", expected=f"one of {', '.join(f.metric for f in self._entries.values())}",
            hint="Extract them from the reference with `visq features`.",
        )  # fmt: skip


def _options(entry: Features) -> dict[str, Any]:
    spec = catalog.get(entry.metric)
    if spec.kind != "rr":
        raise InputError(f"{spec.id} takes no features of a reference", expected="a reduced-reference metric")
    files = [o.name for o in spec.options if o.type == "path" and entry.options.get(o.name) is not None]
    if files:
        raise OptionError(f"{spec.id}: features name a file as {files[0]}", hint="Give it yourself, with -m.")
    return catalog.check_options(spec, entry.options)


def option_values(spec: MetricSpec, options: dict[str, Any]) -> dict[str, Any]:
    """Options as JSON keeps them: paths as texts."""
    paths = {o.name for o in spec.options if o.type == "path"}
    return {name: os.fspath(v) if name in paths and v is not None else v for name, v in options.items()}


__all__ = ["FeatureFile", "Features", "option_values", "read_features", "write_features"]
