"""No-reference metrics: statistics of natural scenes."""

from __future__ import annotations

from visq.catalog.common import ROUNDED_LUMA
from visq.types import InputSpec, MetricSpec, Option, Verification, Weights

_LUMA = InputSpec("luma", "MATLAB's rgb2gray in 0..255, rounded to 8 bit for integer colour pixels")
_FLAT = Option(
    "flat", "str", "authors", "areas of one grey level: the sign of the authors' rounding errors, or zero",
    ("authors", "zero"),
)  # fmt: skip

SPECS: tuple[MetricSpec, ...] = (
    MetricSpec(
        id="niqe",
        version="1",
        name="NIQE",
        summary="distance of the image's local statistics from those of pristine photographs",
        kind="nr",
        lower_is_better=True,
        value_range=(0.0, float("inf")),
        impl="visq.metrics.niqe:niqe",
        reads="visq.metrics.niqe:load_model",
        input=_LUMA,
        min_side=96,
        # Shape parameters are picked from a grid.
        differentiable=False,
        paper="Mittal, Soundararajan, Bovik, Making a completely blind image quality analyzer, IEEE SPL 20(3), 2013",
        code_licence="Apache-2.0",
        options=(
            Option(
                "model",
                "path",
                None,
                "pristine model: the authors' modelparameters.mat, a toolbox's niqeModel, or an .npz of fit_niqe",
            ),
            ROUNDED_LUMA,
            _FLAT,
        ),
        weights=(
            Weights(
                "niqe_kodak24.npz",
                "c046e11add82b774938bda369e45df47ef7e1884ec4867a8b0cbd3cde843fdb5",
                "Apache-2.0; fitted to the Kodak photographs, which are released for unrestricted use",
                "python -m visq.metrics.fit_niqe on the 24 Kodak photographs",
            ),
        ),
        verification=(
            Verification(
                "verified",
                "the authors' MATLAB with their model on TID2013's I04, I06, I08, as IQA-PyTorch records it",
                "1e-9 relative; the signs of flat areas (I06, I08) were taken from these scores",
            ),
            Verification("verified", "the same on I03 and I19, a fiftieth and a third of which is flat", "0.003"),
            Verification("verified", "the authors' program in Octave, blocks of 64 x 64 and 48 x 96, on I04", "1e-10"),
            Verification("unverified", "niqe of MATLAB's toolbox with its model, which is not public", "not run"),
            Verification("self", "the model that ships, whose scores are not the authors'", "no other exists"),
        ),
        notes=(
            "About 3 for an excellent photograph, 5 to 9 for most on the web, above 14 for a badly damaged one (with "
            "the authors' model: 3, 3 to 5, above 8). Whole blocks of 96 x 96 count; what is left at the right and "
            "bottom is not looked at. Scores of different models do not compare. No gradient."
        ),
    ),
    MetricSpec(
        id="brisque",
        version="1",
        name="BRISQUE",
        summary="36 local statistics of the image and a regression fitted to people's ratings",
        kind="nr",
        lower_is_better=True,
        value_range=(-float("inf"), float("inf")),
        impl="visq.metrics.brisque:brisque",
        reads="visq.metrics.brisque:load_model",
        input=_LUMA,
        min_side=16,
        differentiable=False,
        paper="Mittal, Moorthy, Bovik, No-reference image quality assessment in the spatial domain, IEEE TIP, 2012",
        code_licence="Apache-2.0",
        options=(
            Option(
                "model",
                "path",
                None,
                "regression: the authors' allmodel with allrange beside it, a toolbox's brisqueModel, or an .npz",
            ),
            ROUNDED_LUMA,
            _FLAT,
        ),
        weights=(
            Weights(
                "brisque_biq2021.npz",
                "31876f0168b2cacc98308e3755fa7efeb48b293f9228e363f28d258c4ca4aaad",
                "Apache-2.0 for the fit; BIQ2021 has no formal licence, its authors call it freely available for use",
                "python -m visq.metrics.fit_brisque on the training part of BIQ2021 and degraded Kodak photographs",
            ),
        ),
        verification=(
            Verification(
                "verified",
                "the authors' MATLAB with their model, seven pictures, as IQA-PyTorch and piq record it",
                "all printed digits on three, 1e-4 on two, 0.02 on the two flattest; signs as in niqe",
            ),
            Verification(
                "verified",
                "the toolbox's form: features by the functions of NIQE's authors in Octave, with a made-up regression",
                "1e-9; IQA-PyTorch's brisque_matlab: 1e-5",
            ),
            Verification("unverified", "brisque of MATLAB's toolbox with its model, which is not public", "not run"),
            Verification(
                "self",
                "the model that ships on the test part of BIQ2021 (2,000 rated photographs)",
                "SRCC 0.661 [0.631, 0.688], published for BRISQUE: 0.604",
            ),
        ),
        notes=(
            "About 0 to 100, not clipped: 100 (1 - MOS) of BIQ2021, and for JPEG and noise a stand-in, as its card "
            "says. 20 for an excellent photograph, 30 for an ordinary one, above 65 for a bad one. Scores of different "
            "models do not compare. No gradient."
        ),
    ),
)
