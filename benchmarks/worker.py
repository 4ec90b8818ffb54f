"""One library in a process of its own: opens pictures, calls one function, says what it took.

`python worker.py LIBRARY` reads one JSON command a line and answers with one JSON line each. `turns.py` drives it.

- `open`: load the pictures, run the set-up, compile the call. Nothing of this is timed.
- `run`: make the call so many times; wall and processor seconds of all together.
- `value`: what the last call gave.
- `peak`: fork, and measure there by how much the call raises the resident peak.

Imports nothing but the standard library and NumPy of its own: it runs in the peers' environments.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

import adapters


def form(picture: Any, name: str) -> Any:
    """A uint8 picture in the form that a call takes."""
    if name == "u8":
        return picture
    if name == "f32":
        return picture.astype(np.float32) / np.float32(255)
    if name == "rgba":
        return np.concatenate([picture, np.full((*picture.shape[:2], 1), 255, np.uint8)], axis=2).tobytes()
    import torch

    planes = np.ascontiguousarray(np.atleast_3d(picture).transpose(2, 0, 1)[None])
    tensor = torch.from_numpy(planes)
    if name == "t8":
        return tensor
    tensor = tensor.float() / 255
    if name == "t32x3":
        return tensor.expand(-1, 3, -1, -1).contiguous()
    if name == "t32":
        return tensor
    raise ValueError(f"no form of picture is called {name!r}")


class Library:
    """The library, and the call that is open."""

    def __init__(self, name: str) -> None:
        self.names = adapters.names(name)
        self.context: Callable[[], Any] = nullcontext
        if name in adapters.TORCH:
            import torch

            adapters.tensor_threads()
            self.context = torch.inference_mode
        self.call: Callable[[], Any] | None = None
        self.last: Any = None

    def open(self, order: dict[str, Any]) -> dict[str, Any]:
        """Load, set up and compile; the pictures that were open before are dropped first."""
        self.call = self.last = None
        gc.collect()
        pictures = {name: np.load(path) for name, path in order["files"].items()}
        shape = next(iter(pictures.values())).shape
        names = {**self.names, "h": shape[0], "w": shape[1]}
        names |= {name: form(picture, order["form"]) for name, picture in pictures.items()}
        exec(order.get("setup", ""), names)
        self.call = eval(f"lambda: {order['call']}", names)
        return {"bytes": sum(_bytes(names[name]) for name in pictures)}

    def run(self, calls: int) -> dict[str, float]:
        assert self.call is not None
        with self.context():
            wall, cpu = time.perf_counter(), time.process_time()
            for _ in range(calls):
                self.last = self.call()
            return {"cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - wall}

    def value(self) -> float:
        """The last score; the first where a call gives several, and the mean of a map."""
        value = self.last
        while isinstance(value, (tuple, list)):
            value = value[0]
        return float(np.mean(np.asarray(getattr(value, "score", value))))

    def peak(self, order: dict[str, Any]) -> dict[str, float]:
        """Growth of the resident peak in MB over the first and the second call, after one on a small picture."""
        if order["small"]:
            self.open({**order, "files": order["small"]})
            self.run(1)
        opened = self.open(order)
        grown = []
        for _ in range(2):
            self.last = None
            gc.collect()
            _give_back()
            Path("/proc/self/clear_refs").write_text("5")
            before = _status("VmRSS")
            self.run(1)
            grown.append((_status("VmHWM") - before) / 1024)
        return {"first_mb": round(grown[0], 2), "again_mb": round(grown[1], 2), "input_mb": opened["bytes"] / 2**20}


def _bytes(value: Any) -> int:
    return value.nbytes if hasattr(value, "nbytes") else len(value)


def _status(field: str) -> int:
    """A field of this process' status, in KiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1])
    raise OSError(f"/proc/self/status has no {field}")


def _give_back() -> None:
    """Hand freed memory to the system, so that the next call cannot use it unseen."""
    try:
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    except OSError:
        return


def _forked(library: Library, order: dict[str, Any]) -> dict[str, Any]:
    """Measure in a child, so that the library is imported once and every measurement starts alike."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            answer = _answer(lambda: library.peak(order))
        finally:
            os.write(writing, json.dumps(answer).encode())
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as stream:
        text = stream.read()
    _, status = os.waitpid(child, 0)
    return json.loads(text) if text else {"error": f"the process ended with status {status}"}


def _answer(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return work()
    except MemoryError:
        return {"error": "MemoryError: more than the limit of this run"}
    except Exception as error:
        lines = str(error).strip().splitlines()
        return {"error": f"{type(error).__name__}: {lines[0][:200] if lines else ''}"}


def _limit(gib: float) -> None:
    """Fail with MemoryError rather than push the machine into swapping."""
    if gib > 0:
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (int(gib * 2**30), resource.RLIM_INFINITY))


def main() -> None:
    # What a library prints must not get between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    library: Library | None = None

    def start() -> dict[str, Any]:
        nonlocal library
        _limit(float(os.environ.get("BENCH_GIB", "0")))
        library = Library(sys.argv[1])
        return {"ready": True}

    first = _answer(start)
    print(json.dumps(first), file=answers, flush=True)
    if library is None:
        return
    does: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
        "open": library.open,
        "run": lambda order: library.run(order["calls"]),
        "value": lambda _: {"value": library.value()},
        "peak": lambda order: _forked(library, order),
    }
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps(_answer(lambda o=order: does[o["do"]](o))), file=answers, flush=True)


if __name__ == "__main__":
    main()
