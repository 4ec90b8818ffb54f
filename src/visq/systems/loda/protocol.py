"""How LoDa's claims are measured: contents that were not learned from, damage of four types, three random starts.

Ablations are compared on pictures of held-out contents, blurred, compressed, noisy and quantised at five levels, whose
labels a full-reference metric without a network gives; `memorising` asks whether a network can learn forty pictures by
heart. `make` writes such a database out of photographs, `predictions` judges a part of one, `gains` compares two
systems on the same pictures, and `verdict` says what the gains of several random starts come to.

The labels are a surrogate: they say whether a system sees damage that it was shown on other contents, and nothing of
what people would say.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from visq.errors import InputError
from visq.systems.loda.data import judging, rated, side_of
from visq.systems.loda.photographs import resized_cache
from visq.systems.loda.pictures import SHORT, resized
from visq.train.data.image_cache import rgb
from visq.train.data.picture_streams import CropStream
from visq.train.streams import Streams

if TYPE_CHECKING:
    from visq.systems.loda.network import LoDa
    from visq.train.data.splits import Part
    from visq.train.recipe import Recipe

#: The types of damage by the words of the protocol.
TYPES = {"blur": "gaussian_blur", "jpeg": "jpeg", "noise": "gaussian_noise", "quantisation": "quantization"}
#: Judges the damage: luma and chroma, quick, in 0..1, no network.
LABELS = "haarpsi"
#: What the authors say local features help with most, and least.
MOST, LEAST = ("noise", "quantisation"), ("blur",)
LEVELS = (1, 2, 3, 4, 5)
#: Pictures that are to be memorised.
MEMORISED = 40


def make(photographs: Sequence[str | Path], folder: str | Path, *, held_out: float = 0.2, seed: int = 0) -> int:
    """Write a database of damaged photographs; returns how many pictures it has.

    A photograph is brought to 384 pixels along its shorter side first, and damaged then. `visq.csv` has a row for each
    damaged picture: its label, its content in `group`, and `part`, `test` for the last `held_out` of the contents in a
    random order. The folder is read with ``visq.dataset("folder", folder)``.

    Parameters
    ----------
    photographs : sequence of paths
        One a content; 100 or more, so that 80 are learned from.
    folder : path
        Made if it is not there.
    held_out : float
        Share of the contents that are the test part.
    seed : int
        Of noise, and of what is held out.

    Raises
    ------
    InputError
        Too few photographs for the share.
    """
    import visq
    from visq.train.data.draws import permutation

    given = len(photographs)
    count = int(given * held_out + 0.5)
    if not 0 < count < given:
        raise InputError("too few photographs", expected="one to learn from and one held out", got=str(given))
    apart = set(permutation("held out", seed, given)[-count:].tolist())
    folder, judge = Path(folder), visq.metric(LABELS)
    (folder / "images").mkdir(parents=True, exist_ok=True)
    rows = []
    for i, path in enumerate(photographs):
        for name, score in _damaged(i, path, folder, judge, seed):
            part = "test" if i in apart else "train"
            rows.append({"image": name, "score": f"{score:.6f}", "group": f"c{i:04}", "part": part})
    with (folder / "visq.csv").open("w", newline="", encoding="utf-8") as file:
        lines = csv.DictWriter(file, list(rows[0]))
        lines.writeheader()
        lines.writerows(rows)
    return len(rows)


def _damaged(number: int, path: str | Path, folder: Path, judge: Any, seed: int) -> Iterable[tuple[str, float]]:
    from PIL import Image

    import visq
    from visq.media import open_image

    clean = resized(rgb(open_image(path).pixels, str(path)), SHORT)
    for word, distortion in TYPES.items():
        for level in LEVELS:
            pixels = visq.distort(clean, distortion, level=level, seed=seed, key=f"{number}")
            name = f"images/c{number:04}_{word}_{level}.png"
            Image.fromarray(pixels).save(folder / name)
            yield name, float(judge(pixels, clean))


def type_of(name: str) -> str:
    """The type of damage of a picture that `make` named.

    >>> type_of("images/c0007_noise_3.png")
    'noise'
    """
    return Path(name).stem.split("_")[-2]


def predictions(network: LoDa, part: Part, cache: str | Path = "", batch: int = 60) -> np.ndarray:
    """`(n,)`: the means over the fifteen crops of every picture of a part, in its order.

    The test part is given for a figure that is published, once all is chosen.
    """
    import torch

    held = resized_cache(part, cache)
    stream = judging(part, held, network.design.side, "grid15", batch, 0, purpose="evaluation")
    total, count = np.zeros(len(part)), np.zeros(len(part))
    with torch.no_grad():
        for crops in stream.epoch(0):
            place = crops["picture"].numpy()
            np.add.at(total, place, network(crops["image"]).double().numpy())
            np.add.at(count, place, 1)
    return total / count


@dataclass(frozen=True, slots=True)
class Gains:
    """Rank correlations of one system less those of another, with the same labels, on the same pictures.

    Attributes
    ----------
    overall : float
        Of all pictures.
    of_type : mapping of str to float
        Of each type by itself.
    """

    overall: float
    of_type: Mapping[str, float]

    @property
    def local(self) -> float:
        """How much more is gained on noise and quantisation, in the mean, than on blur."""
        most, least = (float(np.mean([self.of_type[t] for t in types])) for types in (MOST, LEAST))
        return most - least


def gains(ours: Any, others: Any, labels: Any, types: Sequence[str]) -> Gains:
    """SRCC of `ours` less that of `others`.

    Parameters
    ----------
    ours, others, labels : (n,)
    types : sequence of n str
        As `type_of` gives them.

    Examples
    --------
    >>> labels = [1, 2, 3, 1, 2, 3]
    >>> found = gains([1, 2, 3, 1, 2, 3], [3, 2, 1, 1, 2, 3], labels, ["noise"] * 3 + ["blur"] * 3)
    >>> round(found.of_type["noise"], 6), round(found.of_type["blur"], 6)
    (2.0, 0.0)
    """
    from visq.evaluate import srcc

    a, b, y, kind = (np.asarray(x) for x in (ours, others, labels, types))
    chosen = {t: kind == t for t in dict.fromkeys(types)}
    each = {t: float(srcc(a[m], y[m]) - srcc(b[m], y[m])) for t, m in chosen.items()}
    return Gains(float(srcc(a, y) - srcc(b, y)), each)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Gains over random starts.

    Attributes
    ----------
    mean, least, most : float
    all_positive : bool
        Whether every start gained.
    """

    mean: float
    least: float
    most: float
    all_positive: bool


def verdict(found: Sequence[float]) -> Verdict:
    """What gains of several random starts come to.

    >>> verdict([0.12, 0.1, 0.14]).all_positive
    True
    """
    if len(found) < 3:
        raise InputError("one random start proves nothing", expected="three gains or more", got=str(len(found)))
    values = np.asarray(found, dtype=np.float64)
    return Verdict(float(values.mean()), float(values.min()), float(values.max()), bool((values > 0).all()))


def held_out_part(root: str | Path) -> Part:
    """The held-out contents of a database that `make` wrote, for a figure that is published."""
    import visq
    from visq.train.data.splits import held_out

    dataset = visq.dataset("folder", str(root))
    return held_out(dataset, like=rated(dataset, _WHOLE).fit)


def memorising(recipe: Recipe, steps: int = 300) -> Recipe:
    """The recipe as it is tried whether the network can learn at all: 40 pictures of the fit part, one batch, again.

    Its measures are of the very pictures that it learns from: the network memorises them if it can.
    """
    return replace(
        recipe, name=f"{recipe.name}-memorising", streams="visq.systems.loda.protocol:few", batch=MEMORISED,
        epochs=steps, validation=replace(recipe.validation, every=steps),
    )  # fmt: skip


def few(recipe: Recipe, data: Any) -> Streams:
    """The middle crops of the first pictures of the fit part, to learn from and to be judged by."""
    options = recipe.options
    fit = rated(data, options).fit
    part = fit.only(range(min(recipe.batch, len(fit))))
    cache = resized_cache(part, options["cache"], short=options["short"], filter=options["filter"])
    side = side_of(options)
    learned = CropStream(part, cache, side=side, batch=len(part), where="centre", threads=0)
    return Streams(learned, judging(part, cache, side, "centre", len(part), 0))


_WHOLE = {"split": -1, "validation": 0.1, "calibration": 0.0, "split_seed": 0}

__all__ = [
    "LABELS", "LEAST", "LEVELS", "MEMORISED", "MOST", "TYPES", "Gains", "Verdict", "few", "gains", "held_out_part",
    "make", "memorising", "predictions", "type_of", "verdict",
]  # fmt: skip
