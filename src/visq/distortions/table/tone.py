"""Lightness, contrast, coarse steps."""

from __future__ import annotations

from visq.distortions.spec import DistortionSpec
from visq.distortions.table._sources import KADID, OWN, REIQA, TID_READ

SPECS: tuple[DistortionSpec, ...] = (
    DistortionSpec(
        id="brighten",
        title="brighter middle tones",
        family="tone",
        impl="visq.distortions.tone:brighten",
        amounts=(0.1, 0.2, 0.4, 0.7, 1.1),
        unit="twice the rise of middle grey, in units of white",
        limits=(0.0, 2.0),
        source=REIQA,
    ),
    DistortionSpec(
        id="darken",
        title="darker middle tones",
        family="tone",
        impl="visq.distortions.tone:darken",
        amounts=(0.05, 0.1, 0.2, 0.4, 0.8),
        unit="twice the fall of middle grey, in units of white",
        limits=(0.0, 2.0),
        source=REIQA,
    ),
    DistortionSpec(
        id="mean_shift",
        title="shift of all values",
        family="tone",
        impl="visq.distortions.tone:mean_shift",
        amounts=(0.04, 0.08, 0.12, 0.16, 0.2),
        unit="what is added, in units of white; below 0 darker",
        limits=(-1.0, 1.0),
        source=OWN,
    ),
    DistortionSpec(
        id="contrast_curve",
        title="contrast by an S-curve",
        family="tone",
        impl="visq.distortions.tone:contrast_curve",
        amounts=(0.0, 0.15, 0.3, 0.5, 0.8),
        unit="four times the fall of the curve at 0.3 below 0.25; about -0.2 is no change, below it contrast falls",
        limits=(-1.0, 1.0),
        source=f"The curve of KADID-10k and Re-IQA. {OWN}",
    ),
    DistortionSpec(
        id="contrast_loss",
        title="less contrast",
        family="tone",
        impl="visq.distortions.tone:contrast",
        amounts=(0.85, 0.7, 0.5, 0.35, 0.2),
        unit="gain about the mean of all values",
        limits=(0.0, 100.0),
        source=OWN,
    ),
    DistortionSpec(
        id="contrast_excess",
        title="too much contrast",
        family="tone",
        impl="visq.distortions.tone:contrast",
        amounts=(1.15, 1.35, 1.7, 2.2, 3.0),
        unit="gain about the mean of all values",
        limits=(0.0, 100.0),
        source=OWN,
    ),
    DistortionSpec(
        id="quantization",
        title="few levels",
        family="tone",
        impl="visq.distortions.tone:quantize",
        amounts=(19.0, 27.0, 39.0, 55.0, 76.0),
        unit="step in 8-bit levels",
        limits=(0.001, 255.0),
        source=TID_READ,
    ),
    DistortionSpec(
        id="quantization_adaptive",
        title="few levels, chosen for the picture",
        family="tone",
        impl="visq.distortions.tone:quantize_adaptive",
        amounts=(20.0, 16.0, 13.0, 10.0, 7.0),
        unit="thresholds (Otsu's, over all channels)",
        limits=(1.0, 255.0),
        source=KADID,
    ),
)
