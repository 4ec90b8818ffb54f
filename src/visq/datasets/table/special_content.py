"""Screen content, recolourings, synthesized views and stereo pairs."""

from __future__ import annotations

from visq.datasets.spec import DatasetSpec, Labels, Table

_INFINITY = float("inf")
_UT_AUSTIN = "free for any purpose with the copyright notice of the University of Texas at Austin and a citation"

SIQAD = DatasetSpec(
    id="siqad",
    title="SIQAD (Screen Image Quality Assessment Database)",
    summary="20 screenshots under seven distortions at seven levels",
    kind="fr",
    score_name="DMOS",
    lower_is_better=True,
    low=-_INFINITY,
    high=_INFINITY,
    roots=("SIQAD",),
    images=("DistortedImages",),
    references=("references",),
    reference="{ref}.bmp",
    name=r"^(?P<ref>cim\d+)_(?P<type>\d)_(?P<level>\d)\.bmp$",
    group="{ref}",
    distortion="{type}",
    level="{level}",
    words=(
        (
            "distortion",
            (
                ("1", "Gaussian noise"),
                ("2", "Gaussian blur"),
                ("3", "motion blur"),
                ("4", "contrast change"),
                ("5", "JPEG"),
                ("6", "JPEG 2000"),
                ("7", "layer-segmentation coding"),
            ),
        ),
    ),
    labels=(
        Labels(
            id="dmos",
            tables=(Table("DMOS_SIQAD.mat", "mat", names=("DMOS(:)",)),),
            image="cim{content}_{kind}_{step}.bmp",
            score="{DMOS}",
            counters=(("content", 20), ("kind", 7), ("step", 7)),
            note="A matrix of 49 scores for each of 20 references.",
        ),
        Labels(
            id="list",
            tables=(Table("sccdmos.txt", "text", names=("dmos", "image")),),
            image="{image}",
            score="{dmos}",
            note="A third party's list.",
        ),
    ),
    count=980,
    contents=20,
    licence="see its home page",
    paper="Yang, Fang, Lin, 'Perceptual Quality Assessment of Screen Content Images', IEEE Transactions on Image "
    "Processing 24(11), 2015",
    homepage="https://sites.google.com/site/subjectiveqa/",
    layout="read",
    source="two third-party MATLAB scripts, which agree on the order of the scores",
    note="High is bad; 24.3 to 90.1 in the release.",
)

SCID = DatasetSpec(
    id="scid",
    title="SCID (Screen Content Image Database)",
    summary="40 screenshots under nine distortions at five levels; 1280x720",
    kind="fr",
    score_name="MOS",
    lower_is_better=False,
    low=0.0,
    high=100.0,
    roots=("SCID",),
    images=("DistortedSCIs",),
    references=("ReferenceSCIs",),
    reference="{ref}.bmp",
    name=r"^(?P<ref>SCI\d\d)_(?P<type>\d)_(?P<level>\d)\.bmp$",
    group="{ref}",
    distortion="{type}",
    level="{level}",
    words=(
        (
            "distortion",
            (
                ("1", "Gaussian noise"),
                ("2", "Gaussian blur"),
                ("3", "motion blur"),
                ("4", "contrast change"),
                ("5", "JPEG"),
                ("6", "JPEG 2000"),
                ("7", "colour saturation change"),
                ("8", "HEVC screen-content coding"),
                ("9", "colour quantization with dither"),
            ),
        ),
    ),
    labels=(
        Labels(
            id="mos",
            tables=(Table("MOS_SCID.txt", "text", names=("source", "image", "mos")),),
            image="{image}.bmp",
            score="{mos}",
        ),
    ),
    count=1800,
    contents=40,
    sizes=((1280, 720),),
    licence="see its home page",
    paper="Ni, Ma, Zeng, Chen, Cai, Ma, 'ESIM: Edge Similarity for Screen Content Image Quality Assessment', IEEE "
    "Transactions on Image Processing 26(10), 2017",
    homepage="http://smartviplab.org/pubilcations/SCID.html",
    layout="read",
    source="a third-party reader of MOS_SCID.txt; names of the distortions are recalled",
    note="22.1 to 76.1 in the release.",
)

HECD = DatasetSpec(
    id="hecd",
    title="HECD (Human Evaluated Colourisation Dataset)",
    summary="65 recolourings of each of 20 photographs; how natural they look",
    kind="fr",
    score_name="mean z-score",
    lower_is_better=False,
    low=-_INFINITY,
    high=_INFINITY,
    roots=("HECD",),
    images=("HECDImages",),
    references=("HECDImages",),
    reference="{Ground Truth File}",
    name=r"^(?P<ref>\d+?)(?:_gt|(?P<base>A?)(?P<type>[A-Z]?)(?:_(?P<version>\d+))?)\.jpg$",
    group="{ref}",
    distortion="{type}",
    labels=(
        Labels(
            id="zscores",
            tables=(Table("Data/mean_zscores.csv", "csv"),),
            image="{Recolour File}",
            score="{Mean zScore}",
            pristine=("{Ground Truth File}={Recolour File}", r"(.+)=\1"),
        ),
    ),
    count=1300,
    contents=20,
    licence="see its repository",
    paper="Mullery, Whelan, 'Human vs Objective Evaluation of Colourisation Performance', arXiv 2204.05200, 2022",
    homepage="https://github.com/seanmullery/HECD",
    layout="read",
    source="the repository itself",
    note="The ground truth was rated too: its 20 rows are left out unless references=True, and are not always "
    "the best.",
)

# A sequence, its baseline, the camera started from and the frame: the real view from the camera that was synthesized.
_DIBR_REFERENCES = (
    ("Book_arrival_bh_8_054", "Original_book_arrival_bh_cam_8_to_10_original_054.bmp"),
    ("Book_arrival_bh_10_060", "Original_book_arrival_bh_cam_10_to_8_original_060.bmp"),
    ("Book_arrival_sh_8_054", "Original_book_arrival_sh_cam_8_to_9_original_054.bmp"),
    ("Book_arrival_sh_10_060", "Original_book_arrival_sh_cam_10_to_9_original_060.bmp"),
    ("Lovebird1_bh_6_104", "Original_lovebird1_bh_cam_6_8_original_104.bmp"),
    ("Lovebird1_bh_8_112", "Original_lovebird1_bh_cam_8_6_original_112.bmp"),
    ("Lovebird1_sh_6_104", "Original_lovebird1_sh_cam_6_7_original_104.bmp"),
    ("Lovebird1_sh_8_112", "Original_lovebird1_sh_cam_8_7_original_112.bmp"),
    ("Newspaper_bh_4_136", "Original_newspaper_bh_cam_4_6_original_136.bmp"),
    ("Newspaper_bh_6_104", "Original_newspaper_bh_cam_6_4_original_104.bmp"),
    ("Newspaper_sh_4_136", "Original_newspaper_cam_05_orig_cam_136.bmp"),
    ("Newspaper_sh_6_104", "Original_newspaper_sh_cam_4_5_origianl_104.bmp"),
)
# The real views under the names of the score file (camera and frame), and as the files are called.
_DIBR_ORIGINALS = (
    ("Original_book_arrival_cam_10_original_54.bmp", "Original_book_arrival_bh_cam_8_to_10_original_054.bmp"),
    ("Original_book_arrival_cam_08_original_60.bmp", "Original_book_arrival_bh_cam_10_to_8_original_060.bmp"),
    ("Original_book_arrival_cam_09_Cam09_Frame_054.bmp", "Original_book_arrival_sh_cam_8_to_9_original_054.bmp"),
    ("Original_book_arrival_cam_09_Cam09_Frame_060.bmp", "Original_book_arrival_sh_cam_10_to_9_original_060.bmp"),
    ("Original_lovebird_cam_08_original_104.bmp", "Original_lovebird1_bh_cam_6_8_original_104.bmp"),
    ("Original_lovebird_cam_06_original_112.bmp", "Original_lovebird1_bh_cam_8_6_original_112.bmp"),
    ("Original_lovebird_cam_07_orig_cam_104.bmp", "Original_lovebird1_sh_cam_6_7_original_104.bmp"),
    ("Original_lovebird_cam_07_orig_cam_112.bmp", "Original_lovebird1_sh_cam_8_7_original_112.bmp"),
    ("Original_newspaper_cam_06_original_136.bmp", "Original_newspaper_bh_cam_4_6_original_136.bmp"),
    ("Original_newspaper_cam_04_original_104.bmp", "Original_newspaper_bh_cam_6_4_original_104.bmp"),
    ("Original_newspaper_cam_05_orig_cam_104.bmp", "Original_newspaper_sh_cam_4_5_origianl_104.bmp"),
)

DIBR = DatasetSpec(
    id="ivc_dibr",
    title="IRCCyN/IVC DIBR Images",
    summary="84 views synthesized by seven methods from the depth of three sequences, and the 12 real ones; 1024x768",
    kind="fr",
    score_name="MOS",
    lower_is_better=False,
    low=1.0,
    high=5.0,
    roots=("IRCCyN_IVC_DIBR_Images",),
    images=("data/Synthesized", "data/Original", "Synthesized", "Original", ""),
    references=("data/Original", "Original", ""),
    reference="{scene}_{kind}_{from}_{frame:0>3}",
    name=r"^(?P<type>Fehn_cropped|Fehn_interpolated|Holes|ICIP_TMM|ICME|MPEG_VSRS|Mueller|Original)_"
    r"(?P<scene>Book_arrival|Lovebird1|Newspaper)_(?:(?P<kind>[bs]h)_)?(?:cam_)?(?P<from>\d+)_.*?(?P<frame>\d+)\.bmp$",
    group="{scene}",
    distortion="{type}",
    words=(("reference", _DIBR_REFERENCES), ("distortion", (("Original", ""),))),
    labels=(
        Labels(
            id="acr",
            tables=(Table("MOS.mat", "mat", names=("IRCCyNIVCDIBRImagesDatabaseACRScore",)),),
            image="{IRCCyNIVCDIBRImagesDatabaseACRScore_1}",
            score="{IRCCyNIVCDIBRImagesDatabaseACRScore_2}",
            words=(("IRCCyNIVCDIBRImagesDatabaseACRScore_1", _DIBR_ORIGINALS),),
            pristine=("IRCCyNIVCDIBRImagesDatabaseACRScore_1", "Original_.*"),
            note="Absolute category ratings by 43 viewers.",
        ),
    ),
    count=84,
    contents=3,
    sizes=((1024, 768),),
    licence="free for research with a citation; see its home page",
    paper="Bosc, Pepion, Le Callet, Koppel, Ndjiki-Nya, Pressigout, Morin, 'Towards a New Quality Metric for 3-D "
    "Synthesized View Assessment', IEEE Journal of Selected Topics in Signal Processing 5(7), 2011",
    homepage="http://www.irccyn.ec-nantes.fr/spip.php?article866",
    layout="read",
    source="the copy in the repository Louis19/QoA-of-synthesized-view",
    note="A content is a sequence: there are three. References are named inconsistently and listed one by one.",
    aliases=("dibr", "irccyn_ivc_dibr", "ivc_dibr_images"),
)

SPECS = (SIQAD, SCID, HECD, DIBR)
