"""The rows of the table on BIQ2021 as data, the files that they are scored with, and what those say of themselves.

A row is of one system; it has a start for each training from another random beginning. Files are named in TOML:

    [loda-mini]
    model = ["loda0/best.safetensors", "loda1/best.safetensors", "loda2/best.safetensors"]
    vit = "vit/best.safetensors"

A list has a file for each start, a single name stands for all of them; paths are relative to the TOML file. They are
the starts 0, 1, 2, unless `starts = [1, 2]` gives their numbers. Rows that need no file of their own are always there.
"""

from __future__ import annotations

import hashlib
import math
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from visq import catalog, weights
from visq.errors import OptionError
from visq.run.tasks import Request, request
from visq.weights.headers import ITEM_BYTES, Entry, read_header, told

#: What every training has held apart from its fit part, and the seed that it was drawn by (`visq.train.data.splits`).
#: Beside it the official test part, which another split would have learned from.
APART: dict[str, Any] = {"validation": 0.1, "calibration": 0.1, "seed": 0, "split": None}
_STATISTICS = ("running_mean", "running_var", "num_batches_tracked")
_ENCODERS = ("quality", "content")


@dataclass(frozen=True, slots=True)
class Row:
    """One system.

    Attributes
    ----------
    id, title : str
        In the TOML file and in the table.
    metric : str
        As `visq bench -m` names it.
    files : tuple of str
        Options that name the files of a start; the first is what was learned. Empty: it comes with visq.
    says : mapping of str to str
        What the first file must say of itself: one file in the place of another would be a wrong row.
    learnt : callable, optional
        Parameters learnt from opinions, of what comes with visq.
    note : str
        Beneath the table.
    """

    id: str
    title: str
    metric: str
    files: tuple[str, ...] = ()
    says: Mapping[str, str] = field(default_factory=dict)
    learnt: Callable[[], int] | None = None
    note: str = ""


def _of_visq_nr() -> int:
    from visq.systems.visq_nr.model import opened

    # The scale of the statistics is not learned from opinions.
    return sum(value.size for name, value in opened(None).readout.items() if name not in ("centre", "spread"))


_LODA = ("model", "vit")
ROWS: tuple[Row, ...] = (
    Row(
        "ridge", "ridge on EfficientNet-Lite0 features", "ridge", ("model",), {"system": "ridge"},
        note="One solution, and so no random start. Means of the last responses at two scales.",
    ),
    Row("reiqa-content", "Re-IQA small, content", "reiqa", ("model",), {"encoders": "content"}),
    Row("reiqa-quality", "Re-IQA small, quality", "reiqa", ("model",), {"encoders": "quality"}),
    Row("reiqa-both", "Re-IQA small, both", "reiqa", ("model",), {"encoders": "quality content"},
        note="A start is that of the encoders, which learn without opinions; the read-out has one solution."),
    Row("loda-mini", "LoDa-mini", "loda", _LODA, {"variant": "loda"},
        note="Here and in its ablations the mean of five crops (`crops=corners`), and their time; the fifteen of "
             "`grid15`, the metric's default, take about three times as long."),
    Row("loda-probe", "LoDa-mini: linear probe", "loda", _LODA, {"variant": "probe"}),
    Row("loda-no-tokens", "LoDa-mini: no CNN tokens", "loda", _LODA, {"variant": "no-tokens"}),
    Row("loda-add", "LoDa-mini: plain addition (reconstruction)", "loda", _LODA, {"variant": "add"}),
    Row("pmt-small", "PMT small (reconstruction)", "pmt", ("model",), {"backbone": "efficientnet_lite0",
                                                                      "reading": "attention"}),
    Row("pmt-mean", "PMT small: mean of its cells (control)", "pmt", ("model",), {"backbone": "efficientnet_lite0",
                                                                                  "reading": "mean"}),
    Row("visq-nr", "visq-nr", "visq_nr", learnt=_of_visq_nr,
        note="As it ships: three starts in one network. Epochs and weights were chosen by the validation part."),
    Row("niqe", "NIQE", "niqe", note="visq's model, of 24 photographs of Kodak's."),
    Row("brisque", "BRISQUE", "brisque",
        note="visq's model, fitted on all of BIQ2021's training part, validation part included."),
)  # fmt: skip


@dataclass(frozen=True)
class Facts:
    """What files say of themselves.

    Attributes
    ----------
    says : mapping of str to str
        System, variant, encoders, backbone: what there is of it.
    apart : mapping, or None
        As `APART`; None where a file does not tell.
    learnt, unrated : int or None
        Parameters learnt from opinions, and learnt here without any.
    size : int
        Bytes of what scoring reads: without the state of the optimiser.
    parts : mapping of str to str
        Hashes of what several rows may share: the frozen transformer, the encoders.
    """

    says: Mapping[str, str] = field(default_factory=dict)
    apart: Mapping[str, Any] | None = None
    learnt: int | None = None
    unrated: int | None = None
    size: int = 0
    parts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Start:
    """One training of a row, or the only one."""

    row: Row
    number: int
    request: Request
    facts: Facts


def read(path: Path | None) -> list[Start]:
    """The starts of all rows, in the order of the table.

    Raises
    ------
    OptionError
        A row, an option or a number of files that does not go; a file that is of another row, or was trained on
        pictures that are judged here; one file for two starts.
    WeightsError
        A file that is missing or damaged.
    """
    given = tomllib.loads(path.read_text(encoding="utf-8")) if path is not None else {}
    known = {row.id: row for row in ROWS if row.files}
    for name in given:
        if name not in known:
            raise OptionError(f"{path}: there is no row {name!r} to name files of", expected=", ".join(known))
    found = []
    for row in ROWS:
        if row.id in given:
            found += _starts(row, given[row.id], path.parent if path is not None else Path())
        elif not row.files:
            found.append(_start(row, 0, {}))
    return found


def _starts(row: Row, given: Mapping[str, Any], folder: Path) -> list[Start]:
    if not isinstance(given, dict) or row.files[0] not in given:
        raise OptionError(f"row {row.id} names no {row.files[0]}", expected=f"[{row.id}] {row.files[0]} = FILE")
    counts = {len(value) for value in given.values() if isinstance(value, list)} or {1}
    if len(counts) > 1:
        raise OptionError(f"row {row.id}: lists of different lengths", got=" and ".join(map(str, sorted(counts))))
    found = []
    numbers = given.get("starts", list(range(counts.pop())))
    if not isinstance(numbers, list) or len(set(numbers)) != len(numbers) or any(type(n) is not int for n in numbers):
        raise OptionError(f"row {row.id}: starts are no numbers", expected="different whole numbers", got=str(numbers))
    files = {name: value for name, value in given.items() if name != "starts"}
    for place, number in enumerate(numbers):
        options = {name: value[place] if isinstance(value, list) else value for name, value in files.items()}
        paths = {o.name for o in catalog.get(row.metric).options if o.type == "path"}
        whole = {name: str(folder / value) if name in paths else value for name, value in options.items()}
        found.append(_start(row, number, whole))
    if len({one.request.identity for one in found}) < len(found):
        raise OptionError(f"row {row.id}: two starts are one file")
    return found


def _start(row: Row, number: int, options: dict[str, Any]) -> Start:
    made = request(row.metric, options)
    if not row.files:
        size = sum(weights.find(one).stat().st_size for one in made.spec.weights)
        return Start(row, number, made, Facts(learnt=row.learnt() if row.learnt else None, size=size))
    several = {name: facts(Path(made.options[name]), name) for name in row.files if made.options.get(name)}
    first = several[row.files[0]]
    where = f"row {row.id}, start {number}"
    wrong = [f"{k} {first.says.get(k, 'not told')}" for k, value in row.says.items() if first.says.get(k) != value]
    if wrong:
        expected = ", ".join(f"{k} {value}" for k, value in row.says.items())
        raise OptionError(f"{where}: the file is of something else", expected=expected, got=", ".join(wrong))
    for name, one in several.items():
        if one.apart is not None and one.apart != APART:
            raise OptionError(
                f"{where}: {name} was trained on pictures that are judged here", expected=str(APART),
                got=str(dict(one.apart)),
            )  # fmt: skip
    # What is beside the first file was learnt without opinions: a transformer that was distilled.
    rest = [one for name, one in several.items() if name != row.files[0]]
    unrated = [first.unrated, *((one.learnt or 0) + (one.unrated or 0) for one in rest)]
    parts = {name: value for one in several.values() for name, value in one.parts.items()}
    total = sum(value or 0 for value in unrated)
    return Start(
        row, number, made,
        Facts(first.says, first.apart, first.learnt, total or None, sum(f.size for f in several.values()), parts),
    )  # fmt: skip


def facts(path: Path, name: str = "model") -> Facts:
    """What a file says of itself: a checkpoint of `visq train`, a read-out of `visq fit`, or another safetensors file.

    Parameters
    ----------
    path : Path
    name : str
        The option that names it; what is no `model` is a part that other rows may share.
    """
    about, tensors = told(path), read_header(path)
    shared = {name: weights.sha256(path)} if name != "model" else {}
    if "recipe" in about:
        return _of_training(about["recipe"], tensors, shared)
    size = path.stat().st_size
    if "fitted" not in about:
        design = {k: str(v) for k, v in about.get("design", {}).items() if k in ("variant", "backbone", "reading")}
        return Facts(design, None, None if name == "model" else _count(tensors), None, size, shared)
    fitted, held = about["fitted"], [one for one in _ENCODERS if any(n.startswith(f"{one}/") for n in tensors)]
    learnt_without = sum(_count(tensors, f"{one}/") for one in held)
    apart = {key: fitted.get(key) for key in APART}
    says = {"system": about["system"], **({"encoders": " ".join(held)} if held else {})}
    return Facts(
        says, apart, _count(tensors, "readout/weights") + 1, learnt_without or None, size,
        {one: _hash(path, f"{one}/") for one in held},
    )  # fmt: skip


def _of_training(recipe: Mapping[str, Any], tensors: Mapping[str, Entry], shared: dict[str, str]) -> Facts:
    options = recipe["options"]
    design = options.get("design", {})
    says = {"recipe": str(recipe["name"])}
    says |= {key: str(design[key]) for key in ("variant", "backbone", "reading") if key in design}
    apart = {"validation": options["validation"], "calibration": options["calibration"], "seed": options["split_seed"]}
    split = options.get("split", -1)
    apart["split"] = None if split < 0 else split
    read_by = "average/" if any(n.startswith("average/") for n in tensors) else "weights/"
    size = sum(_bytes(entry) for n, entry in tensors.items() if n.startswith(read_by))
    # Photographs of no database have no test part.
    rated = bool(options.get("dataset"))
    return Facts(says, apart if rated else None, _count(tensors, "optimiser/exp_avg/"), None, size, shared)


def _count(tensors: Mapping[str, Entry], start: str = "") -> int:
    """Parameters in the tensors whose names begin so; statistics of batch normalisations are none."""
    chosen = [entry for n, entry in tensors.items() if n.startswith(start) and not n.endswith(_STATISTICS)]
    return sum(math.prod(entry.shape) for entry in chosen)


def _bytes(entry: Entry) -> int:
    return math.prod(entry.shape) * ITEM_BYTES[entry.dtype]


def _hash(path: Path, start: str) -> str:
    """Of the tensors whose names begin so."""
    from safetensors import safe_open

    total = hashlib.sha256()
    with safe_open(str(path), framework="np") as file:
        for name in sorted(n for n in file.keys() if n.startswith(start)):  # noqa: SIM118 - no mapping
            total.update(name.encode() + file.get_tensor(name).tobytes())
    return total.hexdigest()
