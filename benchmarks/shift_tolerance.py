"""Do shifts of a few pixels, which nobody sees, change a full-reference score, or which of two images is better?

python benchmarks/shift_tolerance.py PHOTOS                   all full-reference metrics; goes on where it was stopped
python benchmarks/shift_tolerance.py PHOTOS --metrics ssim    some of them
python benchmarks/shift_tolerance.py PHOTOS --every 2         every second photograph

The middle of each photograph, 192x192 pixels, is compared with that of its distorted versions, which is moved by 1 to 8
pixels to the right and down; `visq.evaluate.shift_tolerance` has the rules. Writes `results/shift_tolerance.json`: for
each metric and shift how much scores changed, and how often the order of two versions did. The pages of the metrics are
made from it. Metrics whose weights or whose extra are not here are passed over, and named. Scores on the way are kept
in `results/shift_tolerance.jsonl`, which is not part of the repository.
"""

from __future__ import annotations

import argparse
import json
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import visq
from runnable import able
from runnable import rows as before
from visq import catalog
from visq.evaluate import shift_tolerance
from visq.evaluate.shifts import summary

HERE = Path(__file__).parent
RESULT = HERE / "results" / "shift_tolerance.json"
# Metrics measured on one making of the distorted versions, and kept at once.
_TOGETHER = 6
SIDE = 192
SHIFTS = tuple(range(1, 9))
LEAST = SIDE + 2 * SHIFTS[-1]
DISTORTIONS = ("gaussian_blur:1", "gaussian_blur:3", "gaussian_noise:1", "gaussian_noise:3", "jpeg:1", "jpeg:3")


def too_small(path: Path) -> bool:
    """Whether a photograph has no middle with all its margins."""
    with Image.open(path) as picture:
        return min(picture.size) < LEAST


def middle(pixels: np.ndarray) -> np.ndarray:
    """The middle with its margins; it begins on a block of JPEG's, so that the grid lies alike in all photographs."""
    top, left = ((length - LEAST) // 2 // 8 * 8 for length in pixels.shape[:2])
    return np.ascontiguousarray(pixels[top : top + LEAST, left : left + LEAST])


def judged(arguments: tuple[str, list[str]]) -> list[dict[str, Any]]:
    """Scores of one photograph's versions, shifted and not, for some metrics."""
    path, names = arguments
    visq.set_threads(1)
    photograph = np.asarray(Image.open(path).convert("RGB"))
    versions = [middle(visq.distort(photograph, name, key=Path(path).stem)) for name in DISTORTIONS]
    rows = []
    for name in names:
        metric, given = visq.metric(name), []

        def kept(image: np.ndarray, reference: np.ndarray, metric: Any = metric, given: list = given) -> float:
            given.append(float(metric(image, reference)))
            return given[-1]

        shift_tolerance(kept, middle(photograph), *versions, shifts=SHIFTS)
        count = len(DISTORTIONS)
        rows.append({
            "photo": Path(path).stem, "identity": metric.identity, "metric": name, "scores": given[:count],
            "shifted": np.reshape(given[count:], (len(SHIFTS), -1, count)).tolist(),
        })  # fmt: skip
    return rows


def study(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The study as it is published: changes averaged over photographs, flips counted in all of them."""
    found: dict[str, Any] = {}
    for spec in catalog.specs("fr"):
        mine = [r for r in rows if r["metric"] == spec.id and r["identity"] == spec.identity()]
        if not mine:
            continue
        each = [summary(r["scores"], r["shifted"], SHIFTS) for r in mine]
        found[spec.id] = {
            "identity": spec.identity(),
            # Undefined where a metric gives all versions of a photograph one score: there is no NaN in JSON.
            "changes": [
                round(float(v), 4) if np.isfinite(v) else None for v in np.mean([e.changes for e in each], axis=0)
            ],
            "flips": np.sum([e.flips for e in each], axis=0).tolist(),
            "flips_alone": np.sum([e.flips_alone for e in each], axis=0).tolist(),
            "compared": sum(e.compared for e in each),
            "compared_alone": sum(e.compared_alone for e in each),
        }
    photographs = sorted({r["photo"] for r in rows})
    return {
        "photographs": photographs, "side": SIDE, "shifts": list(SHIFTS), "distortions": list(DISTORTIONS),
        "metrics": found,
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--metrics", nargs="+", default=catalog.ids("fr"))
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--called", help="what the pages call the set of photographs; the folder's name without")
    parser.add_argument("--every", type=int, default=1, help="take every n-th photograph")
    parser.add_argument("-o", "--output", type=Path, default=RESULT)
    args = parser.parse_args()
    photos = sorted(p for p in args.photos.iterdir() if p.suffix.lower() in (".png", ".jpg", ".bmp", ".tif"))
    photos = photos[:: args.every]
    if not photos:
        print(f"{args.photos} holds no photographs", file=sys.stderr)
        return 2
    small = [p.name for p in photos if too_small(p)]
    if small:
        print(f"photographs need sides of {LEAST} pixels or more: {', '.join(small)}", file=sys.stderr)
        return 2
    kept = args.output.with_suffix(".jsonl")
    rows = before(kept)
    done = {(r["photo"], r["identity"]) for r in rows}
    names = able(args.metrics)
    work = []
    for chosen in (names[i : i + _TOGETHER] for i in range(0, len(names), _TOGETHER)):
        missing = [(str(p), [m for m in chosen if (p.stem, catalog.get(m).identity()) not in done]) for p in photos]
        work += [one for one in missing if one[1]]
    with ProcessPoolExecutor(args.jobs) as pool, kept.open("a") as file:
        for number, found in enumerate(pool.map(judged, work), 1):
            rows += found
            file.write("".join(json.dumps(r) + "\n" for r in found))
            file.flush()
            print(f"\r{number}/{len(work)} {found[0]['metric']:<16}", end="", file=sys.stderr)
    taken = {p.stem for p in photos}
    result = {"set": args.called or args.photos.resolve().name} | study([r for r in rows if r["photo"] in taken])
    args.output.write_text(json.dumps(result, indent=1, allow_nan=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
