"""Does every metric get worse, step by step, as damage grows? Five kinds of damage, five levels, every photograph.

python benchmarks/severity.py PHOTOS                   all metrics; goes on where it was stopped
python benchmarks/severity.py PHOTOS --metrics ssim    some of them; what is published of the others stays

Writes `results/severity.json`: for each metric and damage the number of steps, and every step that did not make the
score worse, by photograph. The pages of the metrics are made from it. A step leads from one level to the next, the
first one from the untouched photograph. Scores on the way are kept in `results/severity.jsonl`, which is not part of
the repository. Metrics whose weights or whose extra are not here are passed over, and named.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scipy import ndimage

import visq
from runnable import able
from runnable import rows as before
from visq import catalog

HERE = Path(__file__).parent
RESULT = HERE / "results" / "severity.json"
# Metrics measured on one making of the damaged copies, and kept at once.
_TOGETHER = 6
LEVELS: dict[str, tuple[float, ...]] = {
    "blur": (0.6, 1.0, 1.7, 2.8, 4.5),
    "noise": (4.0, 8.0, 16.0, 28.0, 45.0),
    "jpeg": (70.0, 40.0, 20.0, 10.0, 5.0),
    "jpeg2000": (8.0, 16.0, 32.0, 64.0, 128.0),
    "downsampling": (1.5, 2.0, 3.0, 4.5, 7.0),
}
MEANING = {
    "blur": "Gaussian blur, standard deviation in pixels",
    "noise": "white Gaussian noise, standard deviation in 8-bit levels",
    "jpeg": "JPEG (Pillow), quality",
    "jpeg2000": "JPEG 2000 (Pillow), compression ratio",
    "downsampling": "bicubic down-sampling and up-sampling again, factor",
}


def damaged(pixels: np.ndarray, kind: str, level: float) -> np.ndarray:
    """An 8-bit picture `(H, W, 3)` damaged; the same noise field at all levels."""
    if kind == "blur":
        return _bytes(ndimage.gaussian_filter(pixels.astype(float), (level, level, 0), mode="mirror"))
    if kind == "noise":
        return _bytes(pixels + level * np.random.default_rng(1).standard_normal(pixels.shape))
    picture = Image.fromarray(pixels)
    if kind == "downsampling":
        small = [max(8, round(side / level)) for side in picture.size]
        return np.asarray(
            picture.resize(small, Image.Resampling.BICUBIC).resize(picture.size, Image.Resampling.BICUBIC)
        )
    stream = io.BytesIO()
    if kind == "jpeg":
        picture.save(stream, "JPEG", quality=int(level))
    else:
        picture.save(stream, "JPEG2000", quality_mode="rates", quality_layers=[level], irreversible=True)
    return np.asarray(Image.open(stream).convert("RGB"))


def _bytes(values: np.ndarray) -> np.ndarray:
    return np.clip(np.round(values), 0, 255).astype(np.uint8)


def judged(arguments: tuple[str, list[str]]) -> list[dict[str, Any]]:
    """Scores of one photograph, its damaged copies included, for some metrics."""
    path, names = arguments
    visq.set_threads(1)
    reference = np.asarray(Image.open(path).convert("RGB"))
    pictures = {(k, i): damaged(reference, k, v) for k, levels in LEVELS.items() for i, v in enumerate(levels, 1)}
    rows = []
    for name in names:
        metric = visq.metric(name)
        own = [reference] if metric.spec.takes_reference else []
        first = float(metric(reference, *own))
        scores = {k: [first] + [float(metric(pictures[k, i], *own)) for i in range(1, 6)] for k in LEVELS}
        rows.append({"photo": Path(path).stem, "identity": metric.identity, "metric": name, "scores": scores})
    return rows


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The study as it is published."""
    found: dict[str, Any] = {}
    for name in catalog.ids():
        spec = catalog.get(name)
        mine = sorted((r for r in rows if r["metric"] == name and r["identity"] == spec.identity()), key=_photo)
        if not mine:
            continue
        sign = 1 if spec.lower_is_better else -1
        kinds = {}
        for kind in LEVELS:
            broken = {}
            for row in mine:
                steps = [i + 1 for i, d in enumerate(np.diff(row["scores"][kind])) if not sign * d > 0]
                if steps:
                    broken[row["photo"]] = steps
            kinds[kind] = {"steps": 5 * len(mine), "broken": broken}
        found[name] = {"identity": spec.identity(), "kinds": kinds}
    return {
        "photographs": sorted({r["photo"] for r in rows}),
        "levels": {k: list(v) for k, v in LEVELS.items()},
        "meaning": MEANING,
        "metrics": found,
    }


def with_published(study: dict[str, Any], published: dict[str, Any]) -> dict[str, Any]:
    """The study, and of the published one the metrics that were not measured now, as they are in the catalogue still.

    Nothing of a study of other photographs or other levels.
    """
    if any(study[key] != published.get(key) for key in ("set", "photographs", "levels")):
        return study
    both = {**published["metrics"], **study["metrics"]}
    still = [spec for spec in catalog.specs() if both.get(spec.id, {}).get("identity") == spec.identity()]
    return {**study, "metrics": {spec.id: both[spec.id] for spec in still}}


def _photo(row: dict[str, Any]) -> str:
    return row["photo"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--metrics", nargs="+", default=[s.id for s in catalog.specs() if s.kind != "video"])
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--called", help="what the pages call the set of photographs; the folder's name without")
    parser.add_argument("--every", type=int, default=1, help="take every n-th photograph")
    args = parser.parse_args()
    photos = sorted(p for p in args.photos.iterdir() if p.suffix.lower() in (".png", ".jpg", ".bmp", ".tif"))
    photos = photos[:: args.every]
    if len(photos) < 12:
        print(f"{args.photos} holds {len(photos)} photographs; the study needs 12", file=sys.stderr)
        return 2
    kept = RESULT.with_suffix(".jsonl")
    rows = before(kept)
    done = {(r["photo"], r["identity"]) for r in rows}
    names = able(args.metrics)
    identities = {m: catalog.get(m).identity() for m in names}
    work = []
    for chosen in (names[i : i + _TOGETHER] for i in range(0, len(names), _TOGETHER)):
        missing = [(str(p), [m for m in chosen if (p.stem, identities[m]) not in done]) for p in photos]
        work += [one for one in missing if one[1]]
    with ProcessPoolExecutor(args.jobs) as pool, kept.open("a") as file:
        for number, found in enumerate(pool.map(judged, work), 1):
            rows += found
            file.write("".join(json.dumps(r) + "\n" for r in found))
            file.flush()
            print(f"\r{number}/{len(work)} {found[0]['metric']:<16}", end="", file=sys.stderr)
    taken = {p.stem for p in photos}
    study = {"set": args.called or args.photos.resolve().name} | summary([r for r in rows if r["photo"] in taken])
    if RESULT.is_file():
        study = with_published(study, json.loads(RESULT.read_text()))
    RESULT.write_text(json.dumps(study, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
