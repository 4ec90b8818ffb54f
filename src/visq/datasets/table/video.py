"""Videos as people take them: KoNViD-1k, LIVE-VQC."""

from __future__ import annotations

from visq.datasets.spec import DatasetSpec, Labels, Table

_KONVID_ATTRIBUTES = Table(
    "KoNViD_1k_attributes.csv|KoNViD_1k_metadata/KoNViD_1k_attributes.csv|KoNViD_1k_videos/KoNViD_1k_attributes.csv",
    "csv",
)

KONVID_1K = DatasetSpec(
    id="konvid1k",
    title="KoNViD-1k",
    summary="1,200 videos of 8 seconds, 960x540, from Flickr, rated by crowds",
    kind="video",
    score_name="MOS",
    lower_is_better=False,
    low=1.0,
    high=5.0,
    roots=("KoNViD_1k", "KoNViD-1k"),
    images=("KoNViD_1k_videos", "KoNViD_1k_videos/KoNViD_1k_videos", ""),
    labels=(
        Labels(id="attributes", tables=(_KONVID_ATTRIBUTES,), image="{flickr_id}.mp4", score="{MOS}"),
        Labels(
            id="mos",
            tables=(
                Table(
                    "KoNViD_1k_mos.csv|KoNViD_1k_metadata/KoNViD_1k_mos.csv|KoNViD_1k_videos/KoNViD_1k_mos.csv", "csv"
                ),
            ),
            image="{flickr_id}.mp4",
            score="{mos}",
        ),
        Labels(
            id="file_name",
            tables=(_KONVID_ATTRIBUTES,),
            image="{file_name}",
            score="{MOS}",
            note="For copies whose videos have long names: 6947112934_original_centercrop_960x540_8s.mp4.",
        ),
    ),
    count=1200,
    contents=1200,
    sizes=((960, 540),),
    licence="see the home page; the videos are from Flickr",
    paper="Hosu, Hahn, Jenadeleh, Lin, Men, Sziranyi, Li, Saupe, 'The Konstanz Natural Video Database (KoNViD-1k)', "
    "QoMEX 2017",
    homepage="https://database.mmsp-kn.de/konvid-1k-database.html",
    layout="read",
    source="loaders that read it; number, range and size from github.com/vztu/BVQA_Benchmark",
    aliases=("konvid", "konvid_1k"),
)

LIVE_VQC = DatasetSpec(
    id="live_vqc",
    title="LIVE-VQC",
    summary="585 videos of some 10 seconds by 80 mobile cameras, rated by crowds",
    kind="video",
    score_name="MOS",
    lower_is_better=False,
    low=0.0,
    high=100.0,
    roots=("LIVE Video Quality Challenge (VQC) Database", "LIVE_VQC", "LIVE-VQC"),
    images=("Video", ""),
    labels=(
        Labels(
            id="mos",
            tables=(Table("data.mat", "mat", names=("video_list", "mos")),),
            image="{video_list}",
            score="{mos}",
        ),
    ),
    count=585,
    contents=585,
    licence="see the home page",
    paper="Sinno, Bovik, 'Large-Scale Study of Perceptual Video Quality', IEEE Transactions on Image Processing 28(2), "
    "2019",
    homepage="https://live.ece.utexas.edu/research/LIVEVQC/index.html",
    layout="read",
    source="loaders that read data.mat; number and range from github.com/vztu/BVQA_Benchmark",
    aliases=("livevqc",),
)

SPECS = (KONVID_1K, LIVE_VQC)
