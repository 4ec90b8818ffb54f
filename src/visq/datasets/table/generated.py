"""Pictures that a model drew or enlarged: AGIQA-1k, AGIQA-3k, SR4KIQA."""

from __future__ import annotations

from visq.datasets.spec import DatasetSpec, Labels, Table

AGIQA_1K = DatasetSpec(
    id="agiqa1k",
    title="AGIQA-1K",
    summary="1,080 pictures of two text-to-image models, rated in a laboratory",
    kind="nr",
    score_name="MOS",
    lower_is_better=False,
    low=0.0,
    high=5.0,
    roots=("AGIQA-1K", "AGIQA-1k"),
    images=("file", "images", "image", ""),
    # deepai_6_2_0_1.jpg: model, subject, activity, place, style; all but the model are the prompt.
    name=r"^(?P<type>deepai|dreamStudio)_(?P<prompt>[\d_]+)\.\w+$",
    group="{prompt}",
    distortion="{type}",
    labels=(
        Labels(
            id="mos",
            tables=(Table("AIGC_MOS_Zscore.xlsx", "xlsx"),),
            image="{Image}",
            score="{MOS}",
            note="MOS of normalised ratings. The last two rows name the same picture, dreamStudio_8_9_1_1.jpg, with "
            "different scores, while dreamStudio_8_5_0_0.jpg of the other file has none: nothing says whose is whose, "
            "so both rows are left out.",
            keep=(("Image", r"(?!dreamStudio_8_9_1_1\.jpg).*"),),
        ),
        Labels(
            id="mean",
            tables=(Table("AIGC_all.csv", "csv"),),
            image="{Image}",
            score="{Score}",
            note="Mean of the raw ratings. One name lacks its last digit, dreamStudio_8_9_1_.jpg.",
        ),
    ),
    count=1078,
    counts=(("mean", 1080),),
    licence="MIT, as its readme says",
    paper="Zhang, Li, Sun, Liu, Min, Zhai, 'A Perceptual Quality Assessment Exploration for AIGC Images', "
    "arXiv:2303.12618, 2023",
    homepage="https://github.com/lcysyzxdxc/AGIQA-1k-Database",
    layout="read",
    source="readme and label files of the repository; the folder of the pictures from loaders that read it",
    note="Pictures of one prompt are one content.",
)

AGIQA_3K = DatasetSpec(
    id="agiqa3k",
    title="AGIQA-3K",
    summary="2,982 pictures of six text-to-image models from 300 prompts, rated for quality and for fit to the prompt",
    kind="nr",
    score_name="MOS",
    lower_is_better=False,
    low=0.0,
    high=5.0,
    roots=("AGIQA-3K", "AGIQA-3k"),
    images=("images", "image", "file", "AGIQA-3K", ""),
    # sd1.5_lowstep_012.jpg: model and its setting, number.
    name=r"^(?P<type>.+)_\d+\.\w+$",
    group="{prompt}",
    distortion="{type}",
    labels=(
        Labels(
            id="quality",
            tables=(Table("data.csv", "csv"),),
            image="{name}",
            score="{mos_quality}",
            std="{std_quality}",
        ),
        Labels(
            id="alignment",
            tables=(Table("data.csv", "csv"),),
            image="{name}",
            score="{mos_align}",
            std="{std_align}",
            score_name="alignment MOS",
            note="How well the picture fits its prompt: not a question that an image metric answers.",
        ),
    ),
    count=2982,
    contents=300,
    licence="MIT, as its readme says",
    paper="Li, Zhang, Wu, Sun, Min, Liu, Zhai, Lin, 'AGIQA-3K: An Open Database for AI-Generated Image Quality "
    "Assessment', IEEE Transactions on Circuits and Systems for Video Technology, 2023",
    homepage="https://github.com/lcysyzxdxc/AGIQA-3k-Database",
    layout="read",
    source="readme and data.csv of the repository; the folder of the pictures from loaders that read it",
    note="Pictures of one prompt are one content: they are never in two parts of a split.",
)

_SR4K_CONTENTS = (
    *("Animal1", "Animal2", "Animal3", "Building1", "Building2", "Building5"),
    *("CityStreetDay1", "CityStreetDay2", "CityStreetNight", "Face1", "Face3", "Face5"),
    *("Nature4", "Nature6", "Nature9", "People1", "People4", "People5"),
    *("TextCompIn1", "TextCompIn3", "TextCompOut1", "TextCompOut3", "TextSimpIn2", "TextSimpOut2"),
)

SR4KIQA = DatasetSpec(
    id="sr4kiqa",
    title="SR4KIQA",
    summary="4K pictures enlarged by interpolation and by networks, 24 contents, rated in a laboratory",
    kind="nr",
    score_name="MOS",
    lower_is_better=False,
    low=float("-inf"),
    high=float("inf"),
    roots=("SR4KIQA",),
    images=(*_SR4K_CONTENTS, ""),
    # Animal2_Bicubic_x2.jpg, and DPSR_x2_02_d_01.png, whose 02 is the second content.
    name=r"^(?:(?P<sr>DPSR(?:GAN)?_x\d+)_(?P<number>\d\d)_|(?P<ref>[^_]+)_)(?P<rest>.+)\.\w+$",
    group="{number}|{ref}",
    distortion="{sr}|{rest}",
    labels=(
        Labels(
            id="mos",
            # The last column is not described.
            tables=(Table("MOS.csv", "csv", names=("image", "mos", "")),),
            image="{image}",
            score="{mos}",
            words=(("number", tuple((f"{place:02d}", name) for place, name in enumerate(_SR4K_CONTENTS, 1))),),
        ),
    ),
    contents=24,
    licence="none stated",
    paper="'Blind Visual Quality Assessment for Super-Resolution Images: Database and Model', SSRN Electronic Journal, "
    "2022",
    homepage="https://www.aminer.cn/pub/62b367045aee126c0f062681",
    layout="read",
    source="a loader that reads MOS.csv, its list of folders, and its list of names (github.com/mb21100/myModel)",
    note="Learned from somebody else's program, not from the files: the range of the scores and the number of pictures "
    "are not known, and the pristine pictures are not used.",
)

SPECS = (AGIQA_1K, AGIQA_3K, SR4KIQA)
