"""Stereo pairs: LIVE 3D phase I and II, Waterloo-IVC 3D phase I and II."""

from __future__ import annotations

from visq.datasets.spec import DatasetSpec, Labels, Table

_INFINITY = float("inf")
_UT_AUSTIN = "free for any purpose with the copyright notice of the University of Texas at Austin and a citation"
_LIVE_TYPES = (
    ("wn", "white noise"), ("jp2k", "JPEG 2000"), ("jpeg", "JPEG"), ("blur", "Gaussian blur"),
    ("gblur", "Gaussian blur"), ("ff", "fast fading"),
    ("1", "white noise"), ("2", "JPEG 2000"), ("3", "JPEG"), ("4", "Gaussian blur"), ("5", "fast fading"),
)  # fmt: skip

LIVE_3D_1 = DatasetSpec(
    id="live_3d_1",
    title="LIVE 3D Image Quality Database, phase I",
    summary="20 stereo pairs, both views distorted alike",
    kind="stereo",
    score_name="DMOS",
    lower_is_better=True,
    low=-_INFINITY,
    high=_INFINITY,
    roots=("Phase1", "Phase1/3d_IQA_database", "3d_IQA_database", "LIVE3DIQD_phase1/Phase1/3d_IQA_database"),
    images=("", "3d_IQA_database"),
    references=("", "3d_IQA_database"),
    reference="{ref_names!x}_l.bmp",
    reference_second="{ref_names!x}_r.bmp",
    name=r"^(?P<type>[a-z0-9]+)/im(?P<ref>\d+)_(?P<level>\d+)_l\.bmp$",
    group="im{ref}",
    distortion="{type}",
    level="{level}",
    words=(("distortion", _LIVE_TYPES),),
    labels=(
        Labels(
            id="dmos",
            tables=(Table("data.mat", "mat", names=("img_names", "ref_names", "dmos")),),
            image="{img_names!x}_l.bmp",
            second="{img_names!x}_r.bmp",
            score="{dmos}",
        ),
    ),
    count=365,
    contents=20,
    licence=_UT_AUSTIN,
    paper="Moorthy, Su, Mittal, Bovik, 'Subjective evaluation of stereoscopic image quality', Signal Processing: Image "
    "Communication 28(8), 2013",
    homepage="https://live.ece.utexas.edu/research/quality/live_3dimage_phase1.html",
    layout="read",
    source="its data.mat and a third party's MATLAB script (o-messai/3D-NR-SIQA)",
    aliases=("live3d1", "live_3d_phase1"),
)

LIVE_3D_2 = DatasetSpec(
    id="live_3d_2",
    title="LIVE 3D Image Quality Database, phase II",
    summary="8 stereo pairs, the two views distorted alike or not",
    kind="stereo",
    score_name="DMOS",
    lower_is_better=True,
    low=-_INFINITY,
    high=_INFINITY,
    roots=("Phase2", "LIVE3DIQD_phase2/Phase2"),
    images=("Stimuli",),
    references=("Reference", "Stimuli"),
    reference="{RefFilename}",
    side_by_side=True,
    name=r"^(?P<ref>\d+)image_(?P<type>\d)_(?P<profile>\d)\.bmp$",
    group="{ref}",
    distortion="{type}",
    words=(("distortion", _LIVE_TYPES),),
    labels=(
        Labels(
            id="dmos",
            tables=(Table("3DDmosRelease.mat", "mat", names=("Dmos", "RefFilename", "StiFilename")),),
            image="{StiFilename}",
            score="{Dmos}",
        ),
    ),
    count=360,
    contents=8,
    licence=_UT_AUSTIN,
    paper="Chen, Su, Kwon, Cormack, Bovik, 'Full-reference quality assessment of stereopairs accounting for rivalry', "
    "Signal Processing: Image Communication 28(9), 2013",
    homepage="https://live.ece.utexas.edu/research/quality/live_3dimage_phase2.html",
    layout="read",
    source="its readme, its 3DDmosRelease.mat and third-party readers (folders Stimuli and Reference)",
    note="The last number of a name is a profile, not a level: 4, 7 and 9 are distorted alike in both views.",
    aliases=("live3d2", "live_3d_phase2"),
)


def _waterloo(phase: str, contents: int, rows: int) -> DatasetSpec:
    number = 1 if phase == "I" else 2
    return DatasetSpec(
        id=f"waterloo_3d_{number}",
        title=f"Waterloo-IVC 3D Image Quality Database, phase {phase}",
        summary=f"{contents} stereo pairs, the two views distorted alike or not",
        kind="stereo",
        score_name="MOS",
        lower_is_better=False,
        low=0.0,
        high=100.0,
        roots=("3D", f"WaterlooIVC3DPhase{phase}/3D", f"WaterlooIVC3DPhase{phase}/WaterlooIVC3DPhase{phase}/3D"),
        images=("Session3DIQ",),
        references=("Session3DIQ",),
        reference="{reference}.png",
        side_by_side=True,
        group="{reference}",
        labels=(
            Labels(
                id="mos",
                tables=(Table("mos.csv", "csv", names=("image", "reference", "mos", "mos_left", "mos_right")),),
                image="{image}.png",
                score="{mos}",
                pristine=("{image}={reference}", r"(.+)=\1"),
                note="Quality of the pair in 3D; the file has that of the single views too.",
            ),
        ),
        count=rows - contents,
        contents=contents,
        licence="see its home page",
        paper="Wang, Rehman, Zeng, Wang, Wang, 'Quality Prediction of Asymmetrically Distorted Stereoscopic 3D "
        "Images', IEEE Transactions on Image Processing 24(11), 2015",
        homepage="https://ivc.uwaterloo.ca/database/3DIQA.html",
        layout="read",
        source="a third-party reader; its mos.csv may be that party's own conversion of the release's scores",
        note="Rows that show an untouched pair are left out unless references=True. Its 2D sessions are not covered.",
        aliases=(f"waterloo_ivc_3d_phase{number}", f"wivc3d{number}"),
    )


SPECS = (LIVE_3D_1, LIVE_3D_2, _waterloo("I", 6, 330), _waterloo("II", 10, 460))
