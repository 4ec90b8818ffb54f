"""Made smaller and brought back to size, by every filter."""

from __future__ import annotations

from visq.distortions.spec import DistortionSpec
from visq.distortions.table._sources import OWN, REIQA

_IMPL = "visq.distortions.resampling:resize"
_UNIT = "how many times smaller the picture was"
_LIMITS = (1.0, 10000.0)


def _both(method: str) -> tuple[tuple[str, str], ...]:
    return (("down", method), ("up", method))


SPECS: tuple[DistortionSpec, ...] = (
    DistortionSpec(
        id="resize_bicubic",
        title="down and up again, bicubic",
        family="resampling",
        impl=_IMPL,
        amounts=(2.0, 3.0, 4.0, 8.0, 16.0),
        unit=_UNIT,
        options=_both("bicubic"),
        limits=_LIMITS,
        source=REIQA,
    ),
    DistortionSpec(
        id="resize_bilinear",
        title="down and up again, bilinear",
        family="resampling",
        impl=_IMPL,
        amounts=(2.0, 3.0, 4.0, 8.0, 16.0),
        unit=_UNIT,
        options=_both("bilinear"),
        limits=_LIMITS,
        source=REIQA,
    ),
    DistortionSpec(
        id="resize_lanczos",
        title="down and up again, Lanczos of 3 lobes",
        family="resampling",
        impl=_IMPL,
        amounts=(2.0, 3.0, 4.0, 8.0, 16.0),
        unit=_UNIT,
        options=_both("lanczos3"),
        limits=_LIMITS,
        source=REIQA,
    ),
    DistortionSpec(
        id="resize_nearest",
        title="down and up again, nearest pixel",
        family="resampling",
        impl=_IMPL,
        amounts=(2.0, 3.0, 4.0, 5.0, 6.0),
        unit=_UNIT,
        options=_both("nearest"),
        limits=_LIMITS,
        source=REIQA,
    ),
    DistortionSpec(
        id="resize_area",
        title="down by mean, up by repetition",
        family="resampling",
        impl=_IMPL,
        amounts=(2.0, 3.0, 4.0, 8.0, 16.0),
        unit=_UNIT,
        options=(("down", "area"), ("up", "nearest")),
        limits=_LIMITS,
        source=OWN,
    ),
    DistortionSpec(
        id="resize_aliased",
        title="down without a low-pass filter, up bicubic",
        family="resampling",
        impl=_IMPL,
        amounts=(1.5, 2.0, 3.0, 4.0, 6.0),
        unit=_UNIT,
        options=(("antialias", False),),
        limits=_LIMITS,
        source=OWN,
        note="Bicubic without widening the kernel: fine detail turns into false patterns.",
    ),
)
