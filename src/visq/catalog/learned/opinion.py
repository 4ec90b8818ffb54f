"""Networks trained on opinions that judge an image alone: NIMA, CNNIQA."""

from __future__ import annotations

from visq.catalog.common import ROUNDED_LUMA
from visq.types import InputSpec, MetricSpec, Option, Verification, Weights

_INFINITE = float("inf")

NIMA_WEIGHTS = Weights(
    filename="nima_mobilenetv1_ava.safetensors",
    sha256="7d13874ef9b5a09e604aca22a2378dd23f68d84736a9cceec1bb945356d9883c",
    licence="Apache-2.0",
    origin=(
        "idealo, image-quality-assessment: weights_mobilenet_aesthetic_0.07.hdf5, trained on AVA, its tensors under "
        "other names"
    ),
    ships=False,
)
CNNIQA_WEIGHTS = Weights(
    filename="cnniqa_live.safetensors",
    sha256="31036d779b7a89862f40097a18bb68618c1243f89008a55bf44c5829bd55cac5",
    licence="none given",
    origin="D. Li, github.com/lidq92/CNNIQA: models/CNNIQA-LIVE, trained on LIVE (realigned DMOS), the same tensors",
    ships=False,
)

SPECS: tuple[MetricSpec, ...] = (
    MetricSpec(
        id="nima",
        version="1",
        name="NIMA (aesthetics)",
        summary="mean mark out of 1 to 10 that people would give a photograph for its looks; no measure of fidelity",
        kind="nr",
        lower_is_better=False,
        value_range=(1.0, 10.0),
        impl="visq.systems.nima:nima",
        graph="visq.systems.nima:exported",
        input=InputSpec("rgb", "brought to 224 x 224 pixels; a grey image counts as three equal channels"),
        min_side=32,
        paper="H. Talebi, P. Milanfar: NIMA: neural image assessment. IEEE Trans. Image Processing 27(8), 2018",
        code_licence="Apache-2.0",
        extra="torch",
        options=(
            Option(
                "resize",
                "str",
                "nearest",
                "how the picture is brought to 224 x 224 pixels: the nearest pixel, as the authors of the weights do; "
                "linearly with smoothing; or not at all",
                ("nearest", "bilinear", "none"),
            ),
            Option("model", "path", None, "the network as `visq export nima` wrote it, run without torch"),
        ),
        weights=(NIMA_WEIGHTS,),
        verification=(
            Verification(
                "verified", "Keras 3.15 with the MobileNet of Keras 2.1.5 and these weights, seven pictures", "1e-5"
            ),
        ),
        notes=(
            "Of five scores that the authors of the weights published for their test photographs, four come out within "
            "6e-5, which is what decoders of JPEG differ by; the fifth is 0.033 off, unexplained. "
            "For aesthetics, not fidelity: heavy blur, noise or JPEG lower it by 0.2 to 1.8, no more than another "
            "subject does. The MobileNet is that of Keras 2.1; with the padding of later versions, which some "
            "conversions use, scores differ by up to 0.4. The example scores in the README of the weights are not "
            "theirs, as users found."
        ),
    ),
    MetricSpec(
        id="cnniqa",
        version="1",
        name="CNNIQA (LIVE)",
        summary="predicted DMOS: mean over patches of 32 x 32 pixels that a small network judges",
        kind="nr",
        lower_is_better=True,
        value_range=(-_INFINITE, _INFINITE),
        impl="visq.systems.cnniqa:cnniqa",
        graph="visq.systems.cnniqa:exported",
        input=InputSpec(
            "luma", "Pillow's grey: 0.299 R + 0.587 G + 0.114 B, rounded to 8 bit for integer colour pixels"
        ),
        min_side=33,
        paper=(
            "L. Kang, P. Ye, Y. Li, D. Doermann: Convolutional neural networks for no-reference image quality "
            "assessment. CVPR, 2014"
        ),
        code_licence="Apache-2.0",
        extra="torch",
        options=(
            Option(
                "patches",
                "str",
                "program",
                "which patches count: those of the program of the weights, which leaves out the last ones where a side "
                "is a multiple of 32, or all",
                ("program", "all"),
            ),
            ROUNDED_LUMA,
            Option("model", "path", None, "the network as `visq export cnniqa` wrote it, run without torch"),
        ),
        weights=(CNNIQA_WEIGHTS,),
        verification=(
            Verification("verified", "D. Li's program (CNNIQA, PyTorch) with its own weights, nine pictures", "1e-5"),
        ),
        notes=(
            "About 0 (as good as the original) to 100, of the five kinds of damage in LIVE; it saw 60 % of LIVE's "
            "contents, so scores on LIVE are no test of it. The program departs from the paper: the window of the "
            "local normalisation has 3 x 3 pixels and ends at the border of a patch. The weights come without a "
            "licence: ask their author before using them for more than comparison."
        ),
    ),
)
