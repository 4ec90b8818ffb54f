"""No-reference metrics: what the eye looks at, without a model of natural pictures."""

from __future__ import annotations

from visq.catalog.common import LUMA, ROUNDED_LUMA
from visq.types import InputSpec, Like, MetricSpec, Option, Verification

SPECS: tuple[MetricSpec, ...] = (
    MetricSpec(
        id="piqe",
        version="1",
        name="PIQE",
        summary="distortion of the active 16 x 16 blocks: blocking artefacts and noise",
        kind="nr",
        lower_is_better=True,
        value_range=(0.0, 100.0),
        impl="visq.metrics.piqe:piqe",
        input=InputSpec("luma", "MATLAB's rgb2gray, scaled to the picture's own maximum and rounded to 8 bit"),
        min_side=16,
        has_map=True,
        map_range=(0.0, 1.0),
        map_lower_is_better=True,
        # Blocks are counted: the score jumps where one crosses a threshold.
        differentiable=False,
        paper="Venkatanath et al., Blind image quality evaluation using perception based features, NCC 2015",
        code_licence="Apache-2.0",
        options=(LUMA, ROUNDED_LUMA),
        likes=(
            Like(
                "pyiqa",
                "pyiqa 0.1.16, piqe",
                (("luma", "bt601"), ("rounded_luma", False)),
                "luma of 0.299, 0.587, 0.114, not rounded before it is scaled; cut blocks filled up otherwise (0.2)",
                "1e-3 where the sides are multiples of 16",
            ),
        ),
        verification=(
            Verification(
                "verified", "MATLAB's piqe on five pictures, as IQA-PyTorch records it", "printed digits (0.005)"
            ),
        ),
        notes=(
            "A picture without active blocks (flat, or very blurred) scores 100. Scores do not depend on exposure. "
            "The map is the distortion of each block; piqe_masks gives MATLAB's three masks. MATLAB's bands: 0-20 "
            "excellent, 21-35 good, 36-50 fair, 51-80 poor, 81-100 bad."
        ),
    ),
    MetricSpec(
        id="tv",
        version="1",
        name="TV",
        summary="total variation: how much neighbouring pixels differ, summed over the picture",
        kind="nr",
        lower_is_better=True,
        value_range=(0.0, float("inf")),
        impl="visq.metrics.total_variation:total_variation",
        input=InputSpec("rgb", "channels as given, white scaled to 1"),
        min_side=1,
        aliases=("total_variation",),
        paper="Rudin, Osher, Fatemi, Nonlinear total variation based noise removal algorithms, Physica D 1992",
        code_licence="Apache-2.0",
        options=(
            Option(
                "norm",
                "str",
                "l2",
                "root of the sum of squares, sum of magnitudes, or sum of squares",
                ("l2", "l1", "l2_squared"),
            ),
        ),
        likes=(
            Like("piq", "piq 0.8, total_variation", (), "nothing: it is the default", "1e-5"),
            Like(
                "torchmetrics",
                "torchmetrics 1.9, total_variation",
                (("norm", "l1"),),
                "sum of magnitudes",
                "0.02 (a ten-millionth of the sum)",
            ),
        ),
        verification=(Verification("verified", "piq 0.8.0 in float64, three norms, seven pictures", "1e-11 relative"),),
        notes=(
            "Lower is smoother, which is better only where noise is the fault: a regulariser, not a quality. The sum "
            "grows with the picture; compare pictures of one size and one number of channels."
        ),
    ),
)
