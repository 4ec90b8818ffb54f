"""What a pair of trained encoders is held to, without scores of people: five measurements on scenes that are new to it.

Protocol. Of each photograph a window in the middle is taken, and each of the bank's 26 operators is applied to it once,
at a level drawn by a seed; with the untouched window that makes 27 pictures of a scene. Labels, where nobody was asked,
are ranks of the mean of SSIM and gradient-magnitude similarity. Read-outs are fitted on half of the scenes, drawn by a
seed, their strength searched within it, and judged by the other half. No scene may have been learned from. Whether a
place is found again (R8) is asked of whole photographs, and of the windows beside them: it was defined by windows
first, where the order of the encoders came out reversed, and by photographs after that had been seen.

Which values are enough is not said here: it is calibrated over several trainings and then stands in the tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from visq.distortions.apply import distort
from visq.errors import InputError, SizeError
from visq.evaluate import srcc
from visq.systems.readout.ridge import fit
from visq.systems.readout.search import search
from visq.systems.reiqa import trunks
from visq.systems.reiqa.chunks import BANK, LEVELS, entries
from visq.systems.reiqa.design import MIN_SIDE
from visq.systems.reiqa.encoders import Encoders
from visq.systems.reiqa.measures import matched, nearest_kind, stand_in_labels
from visq.systems.reiqa.score import features
from visq.train.data.crops import fixed_crops, take
from visq.train.data.draws import below, permutation, words

#: Photographs: fewer leave too few scenes on either side.
SCENES = 6


@dataclass(frozen=True, slots=True)
class Found:
    """What was measured; all but `chance` higher is better.

    Attributes
    ----------
    held_out, random : float
        SRCC with the labels of the read-out of the quality encoder, and of one with random parameters (R6).
    kind_quality, kind_content, chance : float
        How often the nearest picture of another scene has the same kind of damage, by either encoder; of 27 (R7).
    place_quality, place_content : float
        How often a corner of a photograph finds the opposite one among those of all photographs (R8).
    window_quality, window_content : float
        The same within the windows, of which a corner shows a surface and hardly a scene.
    with_reference, without : float
        SRCC of read-outs of differences from references, and of features alone, of both encoders (R10).
    """

    held_out: float
    random: float
    kind_quality: float
    kind_content: float
    chance: float
    place_quality: float
    place_content: float
    window_quality: float
    window_content: float
    with_reference: float
    without: float


def run(encoders: Encoders, photographs: Sequence[np.ndarray], *, side: int = 192, seed: int = 0) -> Found:
    """Measure both encoders on new scenes.

    Parameters
    ----------
    encoders : Encoders
        Both of them.
    photographs : sequence of (H, W, 3) uint8
        Six or more, both sides at least `side`.
    side : int
        Of the windows.
    seed : int
        Of levels, noise, the division of the scenes and the parameters of the random encoder.

    Raises
    ------
    InputError
        One encoder alone, or too few photographs.
    SizeError
        A photograph that is too small.
    """
    if len(encoders.trunks) < 2 or len(photographs) < SCENES:
        got = f"{len(encoders.trunks)} and {len(photographs)}"
        raise InputError("too little to measure", expected=f"two encoders, {SCENES} photographs or more", got=got)
    if side < 2 * MIN_SIDE:
        raise SizeError("the window is too small for two crops", expected=f"{2 * MIN_SIDE} or more", got=str(side))
    windows = [np.ascontiguousarray(take(p, fixed_crops((p.shape[0], p.shape[1]), side, "centre")[0]))
               for p in photographs]  # fmt: skip
    pictures, scene, kind = damaged(windows, seed)
    labels = stand_in_labels([windows[i] for i in scene], pictures)
    tested = np.isin(scene, permutation("trial", seed, len(windows))[: len(windows) // 2])
    name = encoders.names["quality"]
    untrained = Encoders({"quality": trunks.make(name, seed).requires_grad_(False).eval()}, {"quality": name})
    rows, plain = _rows(pictures, encoders), _rows(pictures, untrained)
    quality, content = rows[:, : plain.shape[1]], rows[:, plain.shape[1] :]
    pristine = _rows(windows, encoders)[scene]
    width = plain.shape[1]
    return Found(
        _agreement(quality, labels, scene, tested), _agreement(plain, labels, scene, tested),
        nearest_kind(quality, kind, scene), nearest_kind(content, kind, scene), 1 / len(np.unique(kind)),
        *_found(photographs, encoders, width), *_found(windows, encoders, width),
        _agreement(np.abs(rows - pristine), labels, scene, tested), _agreement(rows, labels, scene, tested),
    )  # fmt: skip


def _found(pictures: Sequence[np.ndarray], encoders: Encoders, width: int) -> tuple[float, float]:
    """How often corners find those that they face, by either encoder: two thirds of the sides, a ninth is shared."""
    sides = [(2 * p.shape[0] // 3, 2 * p.shape[1] // 3) for p in pictures]
    first = _rows([np.ascontiguousarray(p[:h, :w]) for p, (h, w) in zip(pictures, sides, strict=True)], encoders)
    second = _rows([np.ascontiguousarray(p[-h:, -w:]) for p, (h, w) in zip(pictures, sides, strict=True)], encoders)
    return matched(first[:, :width], second[:, :width]), matched(first[:, width:], second[:, width:])


def damaged(windows: Sequence[np.ndarray], seed: int) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """Every window untouched and by every operator at one level each: pictures, their scenes and kinds (0: none)."""
    pictures, scene, kind = [], [], []
    for i, window in enumerate(windows):
        for k, number in enumerate((0, *entries("released26"))):
            level = 1 + below(words("trial level", seed, 1, i, k)[0], LEVELS)
            pictures.append(distort(window, f"{BANK}/{number}", level, seed=seed, key=str(i)) if number else window)
            scene.append(i)
            kind.append(number)
    return pictures, np.array(scene), np.array(kind)


def _rows(pictures: Sequence[np.ndarray], encoders: Encoders) -> np.ndarray:
    parts = tuple(encoders.trunks)
    return np.array([features(one, encoders, parts=parts) for one in pictures], dtype=np.float64)


def _agreement(rows: np.ndarray, labels: np.ndarray, scene: np.ndarray, tested: np.ndarray) -> float:
    learned = ~tested
    alpha = search(rows[learned], labels[learned], groups=scene[learned].tolist(), validation=0.34).alpha
    return srcc(fit(rows[learned], labels[learned], alpha).predict(rows[tested]), labels[tested])


__all__ = ["SCENES", "Found", "damaged", "run"]
