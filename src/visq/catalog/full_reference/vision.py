"""Full-reference metrics: models of early vision."""

from __future__ import annotations

from visq.catalog.common import LUMA, ROUNDED_LUMA
from visq.types import InputSpec, Like, MetricSpec, Option, Verification

_CEILING = Option("ceiling", "float", 100.0, "largest value in decibels, that of an identical pair", optional=True)
_HVS = "visq.metrics.psnr_hvs:psnr_hvs"
_PONOMARENKO = Verification(
    "verified", "the author's psnrhvsm.m in Octave 7.3 on seven pairs", "1e-11 dB in float64, 1e-5 dB from 8 bit"
)

SPECS: tuple[MetricSpec, ...] = (
    MetricSpec(
        id="nlpd",
        version="1",
        name="NLPD",
        summary="distance of Laplacian pyramids with divisive normalisation",
        kind="fr",
        lower_is_better=True,
        value_range=(0.0, float("inf")),
        impl="visq.metrics.nlpd:nlpd",
        input=InputSpec("luma"),
        min_side=1,
        best=0.0,
        symmetric=True,
        paper=(
            "V. Laparra, J. Balle, A. Berardino, E. P. Simoncelli: Perceptual image quality assessment using a "
            "normalized Laplacian pyramid. Human Vision and Electronic Imaging, 2016"
        ),
        code_licence="Apache-2.0",
        options=(
            LUMA,
            ROUNDED_LUMA,
            Option("far", "bool", True, "the finest band also counts the neighbour two to the left, as the authors do"),
        ),
        likes=(
            Like(
                "pyiqa",
                "pyiqa 0.1.16, nlpd",
                (("luma", "bt601"), ("rounded_luma", False), ("far", False)),
                "luma of 0.299, 0.587, 0.114, not rounded; the finest band has four neighbours",
                "1e-6",
            ),
        ),
        verification=(
            Verification("verified", "the authors' MATLAB program on five pairs", "1e-14 in float64, 1e-7 from 8 bit"),
        ),
    ),
    MetricSpec(
        id="mad",
        version="1",
        name="MAD",
        summary="most apparent distortion: detection in good images, appearance in bad ones",
        kind="fr",
        lower_is_better=True,
        value_range=(0.0, float("inf")),
        impl="visq.metrics.mad:mad",
        input=InputSpec("luma"),
        min_side=34,
        best=0.0,
        paper=(
            "E. C. Larson, D. M. Chandler: Most apparent distortion: full-reference image quality assessment and the "
            "role of strategy. Journal of Electronic Imaging 19(1), 2010"
        ),
        code_licence="Apache-2.0",
        options=(ROUNDED_LUMA,),
        verification=(
            Verification(
                "verified",
                "the authors' MAD_index.m of 2011 in Octave 7.3 on seven pairs, its two compiled parts rewritten",
                "1e-10 relative",
            ),
        ),
        notes=(
            "the value of IQA-PyTorch is not the authors': it halves the masking, gives the weights of the scales to "
            "the orientations, looks at another luma and keeps the margin"
        ),
    ),
    MetricSpec(
        id="psnr_hvs",
        version="1",
        name="PSNR-HVS",
        summary="PSNR of DCT coefficients weighted by contrast sensitivity, in decibels",
        kind="fr",
        lower_is_better=False,
        value_range=(-8.3, 100.0),
        impl=_HVS,
        input=InputSpec("luma"),
        min_side=8,
        best=100.0,
        symmetric=True,
        aliases=("psnrhvs",),
        paper=(
            "K. Egiazarian, J. Astola, N. Ponomarenko, V. Lukin, F. Battisti, M. Carli: New full-reference quality "
            "metrics based on HVS. VPQM 2006"
        ),
        code_licence="Apache-2.0",
        options=(ROUNDED_LUMA, _CEILING),
        verification=(_PONOMARENKO,),
        notes="the metric of that name in VMAF and Daala has other tables, overlapping blocks and chroma",
    ),
    MetricSpec(
        id="psnr_hvsm",
        version="1",
        name="PSNR-HVS-M",
        summary="PSNR-HVS less what the image masks, in decibels",
        kind="fr",
        lower_is_better=False,
        value_range=(-8.3, 100.0),
        impl=_HVS,
        presets=(("masking", True),),
        input=InputSpec("luma"),
        min_side=8,
        best=100.0,
        symmetric=True,
        aliases=("psnr_hvs_m", "psnrhvsm"),
        paper=(
            "N. Ponomarenko, F. Silvestri, K. Egiazarian, M. Carli, J. Astola, V. Lukin: On between-coefficient "
            "contrast masking of DCT basis functions. VPQM 2007"
        ),
        code_licence="Apache-2.0",
        options=(ROUNDED_LUMA, _CEILING),
        verification=(_PONOMARENKO,),
    ),
    MetricSpec(
        id="psnr_b",
        version="1",
        name="PSNR-B",
        summary="PSNR that counts the edges of 8 x 8 coding blocks, in decibels",
        kind="fr",
        lower_is_better=False,
        value_range=(-2.5, 100.0),
        impl="visq.metrics.psnr_b:psnr_b",
        input=InputSpec("luma"),
        min_side=16,
        best=100.0,
        aliases=("psnrb",),
        paper=("C. Yim, A. C. Bovik: Quality assessment of deblocked images. IEEE Trans. Image Processing 20(1), 2011"),
        code_licence="Apache-2.0",
        options=(
            Option("channel", "str", "luma", "what is looked at: the luma, or the first channel", ("luma", "first")),
            ROUNDED_LUMA,
            _CEILING,
        ),
        likes=(
            Like(
                "sewar",
                "sewar 0.4, psnrb",
                (("channel", "first"), ("ceiling", None)),
                "the first channel of a colour picture; blocks count there in an identical pair too",
                "1e-6",
            ),
            Like(
                "torchmetrics",
                "torchmetrics 1.9, peak_signal_noise_ratio_with_blocked_effect, which takes grey pictures",
                (("ceiling", None),),
                "nothing but that blocks count there in an identical pair too",
                "1e-5",
            ),
        ),
        verification=(
            Verification("verified", "a value of MATLAB recorded by sewar, grey", "printed digits (5e-5 dB)"),
            Verification("verified", "sewar 0.4.10 on six pairs", "1e-11 dB in float64"),
        ),
    ),
)
