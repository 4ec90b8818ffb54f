"""Coverage-guided fuzzing of reading and scoring. Not a part of the tests: needs `pip install atheris`, runs by hand.

    python tests/fuzz/fuzz_open_image.py -max_total_time=180

Any ending but a score in range or one of visq's own errors stops it, as does an input of over 10 s or 2 GB. Seeds are
the small whole files of the tests' corpus, written into a temporary folder; arguments are libFuzzer's.
"""

from __future__ import annotations

import math
import sys
import tempfile
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parents[1]))

with atheris.instrument_imports(include=["visq.media", "PIL"]):
    from PIL import Image

    Image.init()  # every format's module, so that it is instrumented
    import visq.media.reader

import visq
from media import corpus
from visq.errors import VisqError
from visq.media import Limits

# Errors must come from the reader, not from sizes it would take seconds to fill.
LIMITS = Limits(max_pixels=1_000_000, max_frames=100, max_strips=1_000)
METRICS = tuple(visq.metric(name) for name in ("tv", "uciqe"))


def one_input(data: bytes) -> None:
    """Read the first byte as the switch for truncated files and the rest as a file; score what was read."""
    try:
        image = visq.media.open_image(data[1:], limits=LIMITS, allow_truncated=bool(data[:1] and data[0] & 1))
    except VisqError as error:
        if not str(error).isprintable():
            raise AssertionError(f"a message of several lines: {error!r}") from error
        return
    if image.pixels.dtype.kind != "u" or image.pixels.shape[:2] != (image.meta.height, image.meta.width):
        raise AssertionError(f"{image.meta} does not fit {image.pixels.shape}")
    for metric in METRICS:
        low, high = metric.spec.value_range
        try:
            value = float(metric(image))
        except VisqError:
            if min(image.width, image.height) >= metric.spec.min_side:
                raise
            continue
        if not (math.isfinite(value) and low <= value <= high):
            raise AssertionError(f"{metric.spec.id} gives {value}")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, data in corpus.small().items():
            for switch in (0, 1):
                (Path(folder) / f"{switch}-{name}").write_bytes(bytes([switch]) + data)
        limits = ["-timeout=10", "-rss_limit_mb=2048", "-max_len=20000"]
        atheris.Setup([sys.argv[0], *limits, *sys.argv[1:], folder], one_input)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
