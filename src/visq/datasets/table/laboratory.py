"""The classics: pristine photographs, a few artificial distortions, viewers in a laboratory."""

from __future__ import annotations

from visq.datasets.spec import DatasetSpec, Labels, Table

_UT_AUSTIN = "free for any purpose with the copyright notice of the University of Texas at Austin and a citation"
_READ_LIVE = "IQA-PyTorch's process_live.py and other third-party readers of dmos_realigned.mat"

_LIVE_RUNS = ("type", (("jp2k", 227), ("jpeg", 233), ("wn", 174), ("gblur", 174), ("fastfading", 174)))
_LIVE_TYPES = (
    ("jp2k", "JPEG 2000"),
    ("wn", "white noise"),
    ("gblur", "Gaussian blur"),
    ("fastfading", "JPEG 2000 over a fading channel"),
    ("jpeg", "JPEG"),
)
_LIVE_REFERENCES = Table("refnames_all.mat", "mat", names=("refnames_all",))

LIVE = DatasetSpec(
    id="live",
    title="LIVE Image Quality Assessment Database, release 2",
    summary="29 photographs under five distortions; 982 rows, of which 203 are references",
    kind="fr",
    score_name="DMOS",
    lower_is_better=True,
    low=float("-inf"),
    high=float("inf"),
    roots=("databaserelease2", "LIVE", "live"),
    images=("",),
    references=("refimgs",),
    reference="{refnames_all}",
    group="{refnames_all!x}",
    distortion="{type}",
    words=(("distortion", _LIVE_TYPES),),
    labels=(
        Labels(
            id="realigned",
            tables=(
                Table("dmos_realigned.mat", "mat", names=("dmos_new", "dmos_std", "orgs")),
                _LIVE_REFERENCES,
            ),
            image="{type}/img{type_row}.bmp",
            score="{dmos_new}",
            std="{dmos_std}",
            runs=_LIVE_RUNS,
            pristine=("orgs", "1"),
            note="DMOS put on one scale across the distortions; -2.6 to 111.8 in the release.",
        ),
        Labels(
            id="dmos",
            tables=(Table("dmos.mat", "mat", names=("dmos", "orgs")), _LIVE_REFERENCES),
            image="{type}/img{type_row}.bmp",
            score="{dmos}",
            runs=_LIVE_RUNS,
            pristine=("orgs", "1"),
            note="The first release's DMOS, each distortion on a scale of its own.",
        ),
    ),
    count=779,
    contents=29,
    licence=_UT_AUSTIN,
    paper="Sheikh, Sabir, Bovik, 'A Statistical Evaluation of Recent Full Reference Image Quality Assessment "
    "Algorithms', IEEE Transactions on Image Processing 15(11), 2006",
    homepage="https://live.ece.utexas.edu/research/quality/subjective.htm",
    layout="read",
    source=_READ_LIVE,
    note="The label files have no names: images are numbered inside their folders, 227 jp2k, 233 jpeg, 174 wn, 174 "
    "gblur, 174 fastfading. Rows that show a reference have a DMOS of 0 and are trivial for full-reference metrics.",
    aliases=("live_r2", "live_iqa", "liveiqa"),
)

LIVE_MD = DatasetSpec(
    id="live_md",
    title="LIVE Multiply Distorted Image Quality Database",
    summary="15 photographs, blurred and then JPEG-coded, or blurred and then noisy; 1280x720",
    kind="fr",
    score_name="DMOS",
    lower_is_better=True,
    low=0.0,
    high=100.0,
    roots=("To_Release", "LIVEmultidistortiondatabase", "LIVEmultidistortiondatabase/To_Release"),
    images=("{folder}/{sub}",),
    references=("{folder}/{sub}",),
    reference="{ref}.bmp",
    name=r"^(?P<ref>[^_]+)_(?P<type>[a-z]+)(?P<level>\d)(?:_(?P<type2>[a-z]+)(?P<level2>\d))?\.bmp$",
    group="{ref}",
    distortion="{type}, {type2}|{type}",
    level="{level}, {level2}|{level}",
    labels=(
        Labels(
            id="dmos",
            tables=(
                Table("Part 1/Imagelists.mat|Part 2/Imagelists.mat", "mat", names=("distimgs",)),
                Table("Part 1/Scores.mat|Part 2/Scores.mat", "mat", names=("DMOSscores",)),
            ),
            image="{distimgs}",
            score="{DMOSscores}",
            runs=("sub", (("blurjpeg", 225), ("blurnoise", 225))),
        ),
    ),
    count=450,
    contents=15,
    sizes=((1280, 720),),
    licence=_UT_AUSTIN,
    paper="Jayaraman, Mittal, Moorthy, Bovik, 'Objective Quality Assessment of Multiply Distorted Images', Asilomar "
    "Conference on Signals, Systems and Computers, 2012",
    homepage="https://live.ece.utexas.edu/research/quality/live_multidistortedimage.html",
    layout="read",
    source="IQA-PyTorch's process_livemd.py and a third party's MATLAB script",
    note="Images of the same name in its two parts are different samples: blur alone was rated in both studies.",
    aliases=("livemd", "mlive", "live_multiply_distorted"),
)

CSIQ = DatasetSpec(
    id="csiq",
    title="CSIQ",
    summary="30 photographs under six distortions at four or five levels; 512x512",
    kind="fr",
    score_name="DMOS",
    lower_is_better=True,
    low=0.0,
    high=1.0,
    roots=("CSIQ", "csiq"),
    images=("dst_imgs/{type}", "dst_imgs_all", "dst_imgs", "distorted_images"),
    references=("src_imgs", "reference_images"),
    reference="{ref}.png",
    name=r"^(?P<ref>.+)\.(?P<type>awgn|blur|contrast|fnoise|jpeg2000|jpeg)\.(?P<level>\d)\.png$",
    group="{ref}",
    distortion="{type}",
    level="{level}",
    words=(
        (
            "distortion",
            (
                ("awgn", "white noise"),
                ("blur", "Gaussian blur"),
                ("contrast", "contrast decrements"),
                ("fnoise", "pink noise"),
                ("jpeg", "JPEG"),
                ("jpeg2000", "JPEG 2000"),
            ),
        ),
    ),
    labels=(
        Labels(
            id="dmos",
            tables=(
                Table(
                    "csiq.DMOS.xlsx",
                    "xlsx",
                    sheet="all_by_image",
                    skip=4,
                    names=("", "", "", "image", "dst_idx", "dst_type", "dst_lev", "dmos_std", "dmos"),
                ),
            ),
            image="{image}.{dst_type}.{dst_lev}.png",
            score="{dmos}",
            std="{dmos_std}",
            words=(("dst_type", (("noise", "AWGN"), ("blur", "BLUR"), ("jpeg", "JPEG"), ("jpeg 2000", "jpeg2000"))),),
        ),
        Labels(
            id="list",
            tables=(Table("csiq_label.txt", "text", names=("image", "dmos")),),
            image="{image}",
            score="{dmos}",
            note="A third party's list of names and scores.",
        ),
    ),
    count=866,
    contents=30,
    sizes=((512, 512),),
    licence="free for research; see its home page",
    paper="Larson, Chandler, 'Most apparent distortion: full-reference image quality assessment and the role of "
    "strategy', Journal of Electronic Imaging 19(1), 2010",
    homepage="https://s2.smu.edu/~eclarson/csiq.html",
    layout="read",
    source="three third-party readers of csiq.DMOS.xlsx: the names of its columns in row 4 of the sheet all_by_image, "
    "and those of its distortions",
    aliases=("csiq_db",),
)

_TID_2008 = (
    "additive Gaussian noise", "additive noise in colour components", "spatially correlated noise", "masked noise",
    "high-frequency noise", "impulse noise", "quantization noise", "Gaussian blur", "image denoising", "JPEG",
    "JPEG 2000", "JPEG transmission errors", "JPEG 2000 transmission errors", "non-eccentricity pattern noise",
    "local block-wise distortions", "mean shift", "contrast change",
)  # fmt: skip
_TID_2013 = (
    *_TID_2008, "change of colour saturation", "multiplicative Gaussian noise", "comfort noise",
    "lossy compression of noisy images", "colour quantization with dither", "chromatic aberrations",
    "sparse sampling and reconstruction",
)  # fmt: skip


def _numbered(names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((f"{number:02}", name) for number, name in enumerate(names, 1))


def _tid(year: int, types: tuple[str, ...], levels: int, paper: str, homepage: str) -> DatasetSpec:
    return DatasetSpec(
        id=f"tid{year}",
        title=f"TID{year}",
        summary=f"25 images under {len(types)} distortions at {levels} levels; 512x384",
        kind="fr",
        score_name="MOS",
        lower_is_better=False,
        low=0.0,
        high=9.0,
        roots=(f"tid{year}", f"TID{year}"),
        images=("distorted_images",),
        references=("reference_images",),
        reference="I{ref}.BMP",
        name=r"^I(?P<ref>\d\d)_(?P<type>\d\d)_(?P<level>\d)\.bmp$",
        group="i{ref}",
        distortion="{type}",
        level="{level}",
        words=(("distortion", _numbered(types)),),
        labels=(
            Labels(
                id="mos",
                tables=(
                    Table("mos_with_names.txt", "text", names=("mos", "image")),
                    Table("mos_std.txt", "text", names=("std",), optional=True),
                ),
                image="{image}",
                score="{mos}",
                std="{std}",
            ),
        ),
        count=25 * len(types) * levels,
        contents=25,
        sizes=((512, 384),),
        licence="free for research with a citation; see its readme",
        paper=paper,
        homepage=homepage,
        layout="read" if year == 2013 else "recalled",
        source="third-party readers of mos_with_names.txt and mos_std.txt"
        if year == 2013
        else "as TID2013, which has the same files",
        note="Letters of its names differ in case between the label file, the images and the references (I01_01_1.bmp, "
        "i01_01_2.bmp, I01.BMP). `mos_std.txt` holds the deviation of the mean, not of the single rating.",
    )


TID2008 = _tid(
    2008,
    _TID_2008,
    4,
    "Ponomarenko, Lukin, Zelensky, Egiazarian, Carli, Battisti, 'TID2008 - A Database for Evaluation of Full-Reference "
    "Visual Quality Assessment Metrics', Advances of Modern Radioelectronics 10, 2009",
    "https://www.ponomarenko.info/tid2008.htm",
)
TID2013 = _tid(
    2013,
    _TID_2013,
    5,
    "Ponomarenko et al., 'Image database TID2013: Peculiarities, results and perspectives', Signal Processing: Image "
    "Communication 30, 2015",
    "https://www.ponomarenko.info/tid2013.htm",
)

SPECS = (LIVE, LIVE_MD, CSIQ, TID2008, TID2013)
