"""Pictures taken under water and at night: PCUID (scores and pairs), NNID."""

from __future__ import annotations

from dataclasses import replace

from visq.datasets.spec import DatasetSpec, Labels, Table

_PCUID_PAIRS = Table("pair_label.xlsx", "xlsx", names=("first", "second", "label"), skip=1)

PCUID = DatasetSpec(
    id="pcuid",
    title="PCUID",
    summary="300 photographs taken under water, with scores made from comparing every pair",
    kind="nr",
    score_name="MOS",
    lower_is_better=False,
    low=0.0,
    high=100.0,
    # Numbers 1 to 100, 101 to 200, 201 to 300.
    images=("300-1", "300-2", "300-3"),
    labels=(
        Labels(
            id="mos",
            tables=(Table("MOS.xlsx", "xlsx"),),
            image="图片{image_id}.jpg",
            score="{MOS}",
        ),
    ),
    count=300,
    contents=300,
    licence="none stated",
    paper="Yang and others, 'Distortion-Independent Pairwise Underwater Image Perceptual Quality Comparison', IEEE "
    "Transactions on Instrumentation and Measurement, 2023 (not named by the repository; it describes such votes)",
    homepage="https://github.com/JOU-UIP/PCUID",
    layout="read",
    source="the files of the repository",
    note="The names of the pictures begin with the Chinese word for picture.",
)

PCUID_PAIRS = replace(
    PCUID,
    id="pcuid_pairs",
    title="PCUID, pairs",
    summary="44,850 pairs of 300 photographs taken under water: which is better, or neither",
    kind="pairs",
    score_name="preference",
    low=0.0,
    high=1.0,
    labels=(
        Labels(
            id="votes",
            tables=(_PCUID_PAIRS,),
            image="图片{first}.jpg",
            second="图片{second}.jpg",
            score="{label}",
            words=(("label", (("-1", "0"), ("0", "0.5"), ("1", "1"))),),
            note="The file says 1 where the first is better, -1 where the second is, 0 where they are much alike; "
            "here 1, 0 and 0.5.",
        ),
    ),
    count=44850,
    splits_of="pcuid",
    note="Both pictures of a pair are contents of their own: a split by pair shares pictures between its parts. "
    + PCUID.note,
)

NNID = DatasetSpec(
    id="nnid",
    title="NNID",
    summary="2,240 photographs taken at night by three devices, 448 scenes, rated in a laboratory",
    kind="nr",
    score_name="MOS",
    lower_is_better=False,
    low=0.0,
    high=1.0,
    roots=("NNID",),
    images=("",),
    labels=(
        Labels(
            id="mos",
            tables=(
                Table(
                    "mos512_with_names.txt|mos1024_with_names.txt|mos2048_with_names.txt",
                    "text",
                    names=("mos", "image"),
                ),
            ),
            image="{file}/{image}",
            score="{mos}",
            words=(
                (
                    "file",
                    tuple(
                        (f"mos{side}_with_names", f"{part}{side}")
                        for side, part in ((512, "sub"), (1024, "sub"), (2048, "Sub"))
                    ),
                ),
            ),
        ),
    ),
    count=2240,
    sizes=((512, 512), (1024, 1024), (2048, 2048)),
    licence="see its paper",
    paper="Xiang, Yang, Guo, 'Blind Night-Time Image Quality Assessment: Subjective and Objective Approaches', IEEE "
    "Transactions on Multimedia 22(5), 2020",
    homepage="https://sites.google.com/site/xiangtaooo/",
    layout="read",
    source="three loaders that read its label files; the range from the MOS of 450 of its pictures in "
    "github.com/hanzongxi/RSIQA (0.1 to 0.84); sizes by the names of the folders; the home page is "
    "recalled",
    note="One folder is written Sub2048, the others sub512 and sub1024. The names of the pictures are not known to "
    "tell scenes apart, so the ten splits may have one scene in two parts.",
)

SPECS = (PCUID, PCUID_PAIRS, NNID)
