"""No-reference metrics: IL-NIQE."""

from __future__ import annotations

from visq.types import InputSpec, MetricSpec, Option, Verification, Weights

SPECS: tuple[MetricSpec, ...] = (
    MetricSpec(
        id="ilniqe",
        version="1",
        name="IL-NIQE",
        summary="distance of the image's patches from pristine ones, by luma, colour, gradients and log-Gabor filters",
        kind="nr",
        lower_is_better=True,
        value_range=(0.0, float("inf")),
        impl="visq.metrics.ilniqe:ilniqe",
        reads="visq.metrics.ilniqe:load_model",
        input=InputSpec("rgb", "R'G'B' of 8 bit, resized to 524 x 524"),
        min_side=32,
        # Shape parameters are picked from a grid, and pixels are rounded.
        differentiable=False,
        paper="Zhang, Zhang, Bovik, A feature-enriched completely blind image quality evaluator, IEEE TIP 24(8), 2015",
        code_licence="Apache-2.0",
        options=(
            Option("model", "path", None, "pristine model: the authors' templateModel.mat, or an .npz of fit_ilniqe"),
            Option("rounded", "bool", True, "8-bit pixels, before the resize and after each of its passes, as MATLAB"),
        ),
        weights=(
            Weights(
                "ilniqe_biq2021.npz",
                "002428bfd8c78791bd19652096cb989a542be7bf154f8c6e9be63ec23deb8953",
                "Apache-2.0 for the fit; BIQ2021 has no formal licence, its authors call it freely available for use",
                "python -m visq.metrics.fit_ilniqe on the 240 best-rated photographs of BIQ2021's training part",
            ),
        ),
        verification=(
            Verification(
                "verified",
                "the authors' MATLAB with their model on five pictures of TID2013, as IQA-PyTorch records it",
                "0.0005 of 20 and 24 on two, 0.0015 relative on three with many areas of one level",
            ),
            Verification("self", "the model that ships, whose scores are not the authors'", "no other exists"),
        ),
        notes=(
            "About 14 for photographs like those of the fit, 17 for ordinary ones, above 30 for bad ones (with the "
            "authors' model: 20, 27, above 55). JPEG of quality 40 to 70 lowers the score, which looks like an "
            "improvement: do not rank compressions of one photograph by it. Every image is brought to 524 x 524 "
            "first, so fine damage to a large one does not count. Scores of different models do not compare. No "
            "gradient."
        ),
    ),
)
