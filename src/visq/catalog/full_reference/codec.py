"""Full-reference metrics: made to judge image codecs."""

from __future__ import annotations

from visq.types import InputSpec, Like, MetricSpec, Option, Verification

SPECS: tuple[MetricSpec, ...] = (
    MetricSpec(
        id="ssimulacra2",
        version="1",
        name="SSIMULACRA 2",
        summary="structure, artefacts and loss of detail in XYB over six scales",
        kind="fr",
        lower_is_better=False,
        value_range=(float("-inf"), 100.0),
        impl="visq.metrics.ssimulacra2:ssimulacra2",
        input=InputSpec("rgb"),
        min_side=8,
        best=100.0,
        aliases=("ssimulacra", "ssimulacra2_1"),
        paper="J. Sneyers: SSIMULACRA 2. Cloudinary, 2022; version 2.1 of 2023",
        code_licence="Apache-2.0",
        options=(
            Option(
                "blur",
                "str",
                "exact",
                "the blur by its taps, or by the authors' recursion in single precision (arrays only)",
                ("exact", "recursive"),
            ),
        ),
        likes=(
            Like(
                "frame-analytics",
                "frame-analytics 0.7, ssimulacra2(reference, image)",
                (),
                "nothing: it is the default",
                "0.001",
            ),
        ),
        verification=(
            Verification("verified", "the authors' C++ program on eight pairs, blur=recursive", "0.03"),
            Verification("verified", "the authors' C++ program on eight pairs, blur=exact", "0.15"),
            Verification("verified", "frame-analytics 0.7.0 on seven pairs, blur=exact", "0.001"),
        ),
        notes=(
            "The program's recursive blur keeps its rounding errors, which lower a score by up to 0.13 on the pairs "
            "above and depend on the processor: blur=recursive has them too. Below 113 pixels there are fewer than "
            "six scales, and scores are not comparable with those of larger images."
        ),
    ),
)
