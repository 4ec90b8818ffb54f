"""What the quality encoder learns from one photograph: a chunk of versions of it, and pairs of crops at two scales.

1. The first n of the bank's operators, in a random order, each at a random level, are applied to the photograph (or to
   a window of it): with the untouched picture a chunk of n + 1 versions of one scene.
2. The whole chunk is halved: the same damage, seen from twice as far.
3. At each scale one pair of overlapping crops is drawn and cut out of every version (`visq.systems.reiqa.crops`).
4. Query and key change sides in the first half of the chunk at full scale, in the second half at half scale.

So there are 2 (n + 1) pairs of a scene. Nothing is flipped, resized or coloured: that would alter the quality.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from visq import distortions
from visq.distortions.apply import distort
from visq.errors import OptionError
from visq.systems.reiqa.crops import PairKind, cut, draw_pair, reach, swap_half
from visq.train.data.degradations import makers
from visq.train.data.draws import below, permutation, words

BANK = "reiqa"
BankChoice = Literal["released26", "paper25"]
#: Left out of the 26 operators of the released code where the paper's 25 are asked for. Which one the paper does not
#: count is not known; this one differs least from another (bicubic, Lanczos).
DROPPED = 23
LEVELS = 5
#: Pixels beside a window whose damage saw its border.
MARGIN = 32
_BITS = 64


def entries(bank: BankChoice) -> tuple[int, ...]:
    """Numbers of the operators, as the released code counts them from 1.

    >>> len(entries("released26")), len(entries("paper25"))
    (26, 25)

    Raises
    ------
    OptionError
        Another bank.
    """
    every = tuple(entry.number for entry in distortions.bank(BANK).entries)
    if bank == "released26":
        return every
    if bank == "paper25":
        return tuple(number for number in every if number != DROPPED)
    raise OptionError("no such bank", expected="released26 or paper25", got=repr(bank))


class Damage(NamedTuple):
    """One version: numbers of its operators and their levels, 1 to 5; none for the untouched picture."""

    operators: tuple[int, ...]
    levels: tuple[int, ...]

    @property
    def kind(self) -> int:
        """The number of the first operator; 0 for none."""
        return self.operators[0] if self.operators else 0

    @property
    def name(self) -> str:
        """As `visq.distort` takes it.

        >>> Damage((7, 1), (2, 3)).name
        'reiqa/7:2+reiqa/1:3'
        """
        pairs = zip(self.operators, self.levels, strict=True)
        return "+".join(f"{BANK}/{number}:{level}" for number, level in pairs)


@dataclass(frozen=True, slots=True)
class ChunkOptions:
    """How chunks are made.

    Attributes
    ----------
    patch : int
        Side of the crops.
    distorted : int
        Damaged versions of a scene, n.
    window : int
        Side of the square of the photograph that is damaged, 0 for the whole: damage costs as much as there are pixels.
        The border of such a square, `MARGIN` pixels or what there is to spare, is not cropped from.
    bank : {"released26", "paper25"}
    pair : {"overlap", "isotropic", "identical"}
        As `visq.systems.reiqa.crops.draw_pair`.
    swap : bool
        Whether halves change sides; without it for ablation.
    compose : float
        Chance that a version is damaged twice, its level shared out among the two. The published command has 0.
    """

    patch: int = 160
    distorted: int = 11
    window: int = 0
    bank: BankChoice = "released26"
    pair: PairKind = "overlap"
    swap: bool = True
    compose: float = 0.0

    def __post_init__(self) -> None:
        count = len(entries(self.bank))
        if self.pair not in ("overlap", "isotropic", "identical"):
            raise OptionError(
                "no such pair of crops", expected="overlap, isotropic or identical", got=repr(self.pair)
            )  # fmt: skip
        if not 1 <= self.distorted <= count:
            raise OptionError("distorted versions of a scene", expected=f"1 to {count}", got=str(self.distorted))
        if not 0 <= self.compose <= 1:
            raise OptionError("compose is no chance", expected="0 to 1", got=repr(self.compose))
        if self.window and self.window < self.least:
            raise OptionError(
                f"the window has no room for crops of {self.patch} pixels at half scale",
                expected=f"{self.least} pixels or more, or 0", got=str(self.window),
            )  # fmt: skip

    @property
    def least(self) -> int:
        """The least side of a photograph: half of it has room for every pair of crops."""
        return 2 * reach(self.patch)

    def as_data(self) -> dict[str, Any]:
        """All of it, and the versions of what damages: for an identity."""
        return {**asdict(self), "makers": makers()}


@dataclass(frozen=True, slots=True)
class Chunk:
    """Pairs of one scene, those at full scale first.

    Attributes
    ----------
    query, key : (2 (n + 1), p, p, 3) uint8
    kind, level, scale : (2 (n + 1),) int
        Number of the operator and its level, 0 for none; 1 full, 2 half.
    """

    query: np.ndarray
    key: np.ndarray
    kind: np.ndarray
    level: np.ndarray
    scale: np.ndarray


def drawn(options: ChunkOptions, seed: int, *place: int) -> list[Damage]:
    """What is done to a scene: the untouched version, then n of different kinds.

    Examples
    --------
    >>> versions = drawn(ChunkOptions(distorted=3), 0, 1, 2)
    >>> versions[0].kind, len({one.kind for one in versions})
    (0, 4)
    """
    bank = entries(options.bank)
    order = permutation("operators", seed, len(bank), *place)[: options.distorted]
    found = [Damage((), ())]
    for number, row in zip(order.tolist(), words("levels", seed, 4 * options.distorted, *place).reshape(-1, 4),
                           strict=True):  # fmt: skip
        level = below(row[0], LEVELS)
        if int(row[1]) >= options.compose * 2.0**_BITS:
            found.append(Damage((bank[number],), (level + 1,)))
            continue
        second = below(row[2], level + 1)
        other = bank[below(row[3], len(bank))]
        found.append(Damage((bank[number], other), (level - second + 1, second + 1)))
    return found


def make(photograph: np.ndarray, options: ChunkOptions, seed: int, *place: int) -> Chunk:
    """The pairs of one photograph.

    Parameters
    ----------
    photograph : (H, W, 3) uint8
    options : ChunkOptions
    seed : int
    *place : int
        Epoch and number of the photograph: the same ones give the same pairs, to the bit.
    """
    filled = _filled(photograph, options.least)
    picture = _window(filled, options.window, seed, *place)
    versions = drawn(options, seed, *place)
    noise = int(words("damage", seed, 1, *place)[0] >> np.uint64(1))
    stack = np.stack([distort(picture, one.name, seed=noise) if one.kind else picture for one in versions])
    if options.window:
        stack = _trimmed(stack, picture.shape[:2], filled.shape[:2], options.least)
    found = [_pairs(chunk, scale, options, seed, *place) for scale, chunk in ((1, stack), (2, halved(stack)))]
    kind, level = ([one.kind for one in versions], [sum(one.levels) for one in versions])
    return Chunk(
        np.concatenate([query for query, _ in found]), np.concatenate([key for _, key in found]),
        np.array(2 * kind), np.array(2 * level), np.repeat((1, 2), len(versions)),
    )  # fmt: skip


def halved(stack: np.ndarray) -> np.ndarray:
    """Pictures of half the size, `(M, H // 2, W // 2, 3)` uint8: bicubic, corners on corners, without smoothing.

    As released, but rounded to 8 bits and cut to their range: so the encoder sees half-size pictures when it judges.
    """
    import torch
    from torch.nn import functional

    planes = torch.from_numpy(stack).permute(0, 3, 1, 2).float()
    size = (stack.shape[1] // 2, stack.shape[2] // 2)
    made = functional.interpolate(planes, size=size, mode="bicubic", align_corners=True)
    return made.round_().clamp_(0, 255).to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()


def _pairs(chunk: np.ndarray, scale: int, options: ChunkOptions, seed: int, *place: int) -> Any:
    pair = draw_pair((chunk.shape[1], chunk.shape[2]), options.patch, seed, *place, scale, kind=options.pair)
    query, key = cut(chunk, pair)
    return swap_half(query, key, half_scale=scale > 1) if options.swap else (query, key)


def _filled(picture: np.ndarray, least: int) -> np.ndarray:
    """A picture with both sides of `least` or more: what lacks is filled by reflection, on both sides alike."""
    lacking = [max(least - side, 0) for side in picture.shape[:2]]
    if not any(lacking):
        return picture
    edges = [(n // 2, n - n // 2) for n in lacking]
    return np.pad(picture, (*edges, (0, 0)), mode="symmetric")


def _window(picture: np.ndarray, side: int, seed: int, *place: int) -> np.ndarray:
    if not side:
        return picture
    row, column = words("square", seed, 2, *place)
    high, wide = (min(side, n) for n in picture.shape[:2])
    top, left = below(row, picture.shape[0] - high + 1), below(column, picture.shape[1] - wide + 1)
    return np.ascontiguousarray(picture[top : top + high, left : left + wide])


def _trimmed(stack: np.ndarray, cut_out: tuple[int, ...], whole: tuple[int, ...], least: int) -> np.ndarray:
    """Without the border that the damage of a window saw, where the window is less than the picture."""
    spare = [
        min(MARGIN, (n - least) // 2) if n < total else 0 for n, total in zip(cut_out, whole, strict=True)
    ]  # fmt: skip
    return stack[:, spare[0] : cut_out[0] - spare[0], spare[1] : cut_out[1] - spare[1]]


__all__ = [
    "BANK", "DROPPED", "LEVELS", "MARGIN", "BankChoice", "Chunk", "ChunkOptions", "Damage", "drawn", "entries",
    "halved", "make",
]  # fmt: skip
