"""What an ONNX file claims to be, read byte by byte before anything in it is believed or run.

ONNX is a message of protocol buffers. Of it only what decides is read: the operators, where the tensors lie and how
large they are, and the notes that visq wrote. No file but the one named is ever opened, and what a network of visq has
no use for (other sets of operators, functions, loops, tensors elsewhere) is refused.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from visq.errors import OptionError, WeightsError

if TYPE_CHECKING:
    import numpy as np

    from visq.types import MetricSpec

_NAMES = """
    Abs Add And AveragePool BatchNormalization Cast Ceil Clip Concat Constant ConstantOfShape Conv CumSum Div Equal Erf
    Exp Expand Flatten Floor Gather GatherElements Gemm GlobalAveragePool Greater GreaterOrEqual Identity LeakyRelu Less
    LessOrEqual Log LogSoftmax MatMul Max MaxPool Mean Min Mod Mul Neg Not Or Pad Pow Reciprocal ReduceL1 ReduceL2
    ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu Reshape Resize Round Shape Sigmoid Sign
    Slice Softmax Split Sqrt Squeeze Sub Sum Tanh TopK Transpose Unsqueeze Where
"""
#: Operators that the exported networks are made of, and their like, by the names of ONNX. None of them runs others.
OPERATORS = frozenset(_NAMES.split())
KEY = "visq"
FORMAT = 1
_MAX_NODES = 50_000
_MAX_FIELDS = 500_000  # of one message
_MAX_NOTES = 1_000_000  # characters
_MAX_SHAPE = 160  # bytes of a packed list of lengths
# Bytes of one number, by ONNX's type: those that are stored as numbers.
_ITEM_BYTES = {1: 4, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 8, 9: 1, 10: 2, 11: 8, 12: 4, 13: 8, 16: 2}


@dataclass(frozen=True, slots=True)
class About:
    """The notes that visq writes into a graph, and believes when it reads one.

    Attributes
    ----------
    metric, version, identity : str
        Of which metric this is the network, and the identity of the scores that torch gives with it.
    options, settings : dict
        Options of the export; those of them that are part of the graph and have to be the same where it is used.
    inputs, outputs : tuple of str
        Names, in order.
    channels, step, min_side : int
        Of the planes it takes: how many, of which number both sides are multiples, and the shortest side.
    visq : str
        Version of the program that wrote it.
    """

    metric: str
    version: str
    identity: str
    options: dict[str, Any]
    settings: dict[str, Any]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    channels: int
    step: int
    min_side: int
    visq: str


class _BrokenError(Exception):
    """A message that does not follow the format, or claims what may not be."""


def annotated(model: bytes, about: About) -> bytes:
    """A model with the notes at its end: repeated fields of a message may come anywhere."""
    text = json.dumps({"format": FORMAT, **asdict(about)}, sort_keys=True)
    entry = _delimited(1, KEY.encode()) + _delimited(2, text.encode())
    return model + _delimited(14, entry)


def inspect(data: bytes, path: Path) -> About:
    """The notes in a graph of visq, if the file is one and claims nothing that may not be.

    Raises
    ------
    WeightsError
        Not ONNX, cut off or damaged; tensors in other files, or larger than the file; operators that no network of
        visq has; not written by visq.
    """
    try:
        return _about(_model(memoryview(data)))
    except _BrokenError as error:
        raise WeightsError(f"{path} is no graph that visq can use", got=str(error), hint=_HINT) from None


def check_graph(path: str | os.PathLike[str], spec: MetricSpec, options: Mapping[str, Any]) -> None:
    """Raise where a file is no graph of this metric in this version, before anything is scored with it.

    Raises
    ------
    WeightsError
        As `inspect`; or a graph of another metric or version.
    OptionError
        It was written with other options, as far as they do not depend on the picture.
    """
    from visq import weights

    given = weights.members(path)[0]
    try:
        about = inspect(given.read_bytes(), given)
    except OSError as error:
        raise WeightsError(f"cannot read {given}: {error.strerror or error}") from None
    wanted = {**{o.name: o.default for o in spec.options}, **dict(spec.presets), **options}
    decided = {name: wanted[name] for name in about.settings if wanted.get(name) is not None}
    belongs(about, given, spec, decided)


def belongs(about: About, path: Path, spec: MetricSpec, settings: Mapping[str, Any]) -> None:
    """Raise where the notes are those of another metric or version (`WeightsError`) or of other `settings`.

    Raises
    ------
    WeightsError, OptionError
    """
    metric, version = spec.id, spec.version
    hint = f"Write it again with `visq export {metric} -o FILE.onnx`."
    if about.metric != metric:
        raise WeightsError(f"{path} is the graph of another metric", expected=metric, got=about.metric[:60], hint=hint)
    if about.version != version:
        raise WeightsError(
            f"{path} is the graph of another version of {metric}", expected=version, got=about.version[:60], hint=hint
        )
    for name, value in settings.items():
        if about.settings.get(name) != value:
            raise OptionError(
                f"{path} was written with {name}={about.settings.get(name)!r}",
                expected=f"{name}={value!r}",
                hint=f"Give {name} the value of the graph, or write another: `visq export {metric}:{name}={value}`.",
            )


_HINT = "Write one with `visq export METRIC -o FILE.onnx`."


def tensors(data: bytes) -> dict[str, np.ndarray]:
    """The tensors of single precision that a graph holds, by name: of a file that was inspected before."""
    import numpy as np

    found = {}
    for number, graph in _fields(memoryview(data)):
        for place, tensor in _fields(_bytes(graph)) if number == 7 else ():
            if place != 5:
                continue
            parts = list(_fields(_bytes(tensor)))
            kind = next((v for n, v in parts if n == 2), 0)
            raw = next((_bytes(v) for n, v in parts if n == 9), None)
            if kind == 1 and raw is not None:
                name = next((_text(v) for n, v in parts if n == 8), "")
                shape = [length for n, v in parts if n == 1 for length in _integers(v)]
                found[name] = np.frombuffer(raw, "<f4").reshape(shape)
    return found


def _model(model: memoryview) -> str:
    notes, graphs = "", 0
    for number, value in _fields(model, "the file is not ONNX, or cut off"):
        if number == 7:
            graphs += 1
            _graph(_bytes(value))
        elif number == 8:
            domain = "".join(_texts(_bytes(value), 1))
            if domain not in ("", "ai.onnx"):
                raise _BrokenError(f"operators of {domain[:60]!r}, which is not ONNX' own set")
        elif number in (20, 25):
            raise _BrokenError("functions of its own" if number == 25 else "instructions for training")
        elif number == 14 and len(_bytes(value)) <= _MAX_NOTES and "".join(_texts(_bytes(value), 1)) == KEY:
            if notes:
                raise _BrokenError("notes of visq twice")
            notes = "".join(_texts(_bytes(value), 2))
    if graphs != 1:
        raise _BrokenError("no graph in it" if not graphs else f"{graphs} graphs in it")
    if not notes:
        raise _BrokenError("an ONNX file that visq did not write")
    return notes


def _graph(graph: memoryview) -> None:
    nodes = 0
    for number, value in _fields(graph):
        if number == 1:
            nodes += 1
            if nodes > _MAX_NODES:
                raise _BrokenError(f"more than {_MAX_NODES} operators")
            _node(_bytes(value))
        elif number == 5:
            _tensor(_bytes(value))
        elif number == 15:
            raise _BrokenError("sparse tensors")


def _node(node: memoryview) -> None:
    kind, domain, attributes = "", "", []
    for number, value in _fields(node):
        if number == 4:
            kind = _text(value)
        elif number == 7:
            domain = _text(value)
        elif number == 5:
            attributes.append(_bytes(value))
    if domain not in ("", "ai.onnx") or kind not in OPERATORS:
        raise _BrokenError(f"the operator {f'{domain}:{kind}'.lstrip(':')[:60]!r}, which no network of visq has")
    for attribute in attributes:
        for number, value in _fields(attribute):
            if number in (6, 11):
                raise _BrokenError(f"a graph within the operator {kind!r}")
            if number in (22, 23):
                raise _BrokenError("sparse tensors")
            if number in (5, 10):
                _tensor(_bytes(value))


def _tensor(tensor: memoryview) -> None:
    """Refused where it lies elsewhere, or claims more numbers than it holds."""
    shape: list[int] = []
    kind, raw, held, name = 0, None, 0, ""
    for number, value in _fields(tensor):
        if number == 1:
            shape += _integers(value)
        elif number == 2:
            kind = value if isinstance(value, int) else 0
        elif number == 8:
            name = _text(value)[:60]
        elif number == 9:
            raw = len(_bytes(value))
        elif number in (4, 5, 6, 7, 10, 11):
            held += 1 if isinstance(value, int) else len(value)
        elif number == 13 or (number == 14 and value != 0):
            raise _BrokenError(f"the tensor {name!r} lies in another file, which is not opened")
    if kind not in _ITEM_BYTES:
        raise _BrokenError(f"the tensor {name!r} of type {kind}, which holds no numbers")
    if any(n < 0 or n >= 1 << 63 for n in shape):
        raise _BrokenError(f"the tensor {name!r} with lengths that are none")
    count = math.prod(shape)
    if (raw is not None and raw != count * _ITEM_BYTES[kind]) or (raw is None and held < count):
        raise _BrokenError(f"the tensor {name!r} claims {count} numbers and holds {held if raw is None else raw} bytes")


def _about(text: str) -> About:
    try:
        found = json.loads(text)
        if found.pop("format", None) != FORMAT:
            raise _BrokenError("notes in another format: it was written by another version of visq")
        about = About(**{f.name: found.pop(f.name) for f in fields(About)})
        about = About(**{**asdict(about), "inputs": tuple(about.inputs), "outputs": tuple(about.outputs)})
        numbers, texts = (about.channels, about.step, about.min_side), (about.metric, about.version, about.identity)
        names = (*about.inputs, *about.outputs)
        sound = all(type(n) is int and 0 < n < 10_000 for n in numbers) and all(
            type(t) is str for t in (*texts, *names)
        )
        if found or not (sound and type(about.options) is type(about.settings) is dict and about.outputs):
            raise _BrokenError("notes of visq that are not as it writes them")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise _BrokenError("notes of visq that cannot be read") from None
    return about


# Protocol buffers ----------------------------------------------------------------------------------------------


def _fields(message: memoryview, wrong: str = "damaged or cut off") -> Iterator[tuple[int, int | memoryview]]:
    """Number and value of each field: an integer, or the bytes of a text, a message or a packed list."""
    place, end, count = 0, len(message), 0
    while place < end:
        count += 1
        if count > _MAX_FIELDS:
            raise _BrokenError(f"more than {_MAX_FIELDS} fields in one place")
        key, place = _varint(message, place, wrong)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, place = _varint(message, place, wrong)
            yield number, value
            continue
        if kind == 2:
            length, place = _varint(message, place, wrong)
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
        else:
            raise _BrokenError(wrong)
        if number == 0 or length > end - place:
            raise _BrokenError(wrong)
        yield number, message[place : place + length]
        place += length


def _varint(message: memoryview, place: int, wrong: str) -> tuple[int, int]:
    value = shift = 0
    while place < len(message) and shift < 70:
        byte = message[place]
        place += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, place
        shift += 7
    raise _BrokenError(wrong)


def _bytes(value: int | memoryview) -> memoryview:
    if isinstance(value, int):
        raise _BrokenError("damaged or cut off")
    return value


def _text(value: int | memoryview) -> str:
    return bytes(_bytes(value)).decode("utf-8", "replace")


def _texts(message: memoryview, wanted: int) -> list[str]:
    return [_text(value) for number, value in _fields(message) if number == wanted]


def _integers(value: int | memoryview) -> list[int]:
    """One number, or a packed list of them."""
    if isinstance(value, int):
        return [value]
    if len(value) > _MAX_SHAPE:
        raise _BrokenError("a tensor of more dimensions than there are")
    found, place = [], 0
    while place < len(value):
        number, place = _varint(value, place, "damaged or cut off")
        found.append(number)
    return found


def _delimited(number: int, content: bytes) -> bytes:
    head, length = bytes([number << 3 | 2]), len(content)
    while length > 127:
        head += bytes([length & 127 | 128])
        length >>= 7
    return head + bytes([length]) + content
