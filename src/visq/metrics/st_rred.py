"""ST-RRED: entropic differences of frames, and of the changes between frames, of a video."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np

from visq.errors import InputError, SizeError
from visq.metrics._reduced import luma_planes
from visq.ops.arrays import Batch, read_pair
from visq.ops.choices import check_choice
from visq.ops.entropic import MIN_SIDE, block_entropies, coarse_band

Index = Literal["full", "single"]
Pairs = Literal["separate", "overlapping"]
Compat = Literal["corrected", "release"]


def st_rred(
    video: Any,
    reference: Any,
    *,
    data_range: float | None = None,
    index: Index = "full",
    pairs: Pairs = "separate",
    compat: Compat = "release",
    rounded_luma: bool | None = None,
) -> float:
    """Spatio-temporal reduced-reference entropic differencing (ST-RRED), 0 and up; lower is better.

    Frames are taken two at a time. Of the band that `rred` looks at, in blocks of 3 x 3 coefficients, ``w`` is the
    weight ``log2(1 + s^2)`` and ``h`` the entropy of a frame, ``w'`` and ``h'`` those of the change between the two
    frames; scaled entropies are ``w h`` in space and ``w w' h'`` in time. The score is ::

        mean over pairs of mean |w h - (w h of the reference)|
        * mean over pairs of mean |w w' h' - (w w' h' of the reference)|

    0 for an identical pair of videos, and also where only one of the two factors is 0: a still picture, however
    damaged, has no change between frames.

    Parameters
    ----------
    video, reference : array
        NumPy `(T, H, W)` luma or `(T, H, W, 3)`, torch `(T, H, W)` or `(T, C, H, W)`: two frames or more, sides of
        at least 72 pixels. `StRred` takes them frame by frame.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16. Give 1020 for 10-bit samples in
        uint16, of which 4 are one of 8 bit.
    index : {"full", "single"}
        ``full``: one number a block and frame of the reference. ``single``: one number a frame, the mean; the
        magnitude is that of the difference of the means.
    pairs : {"separate", "overlapping"}
        ``separate``: frames 1 and 2, 3 and 4, and so on; w and h are those of the first. ``overlapping``: every
        frame and the one before it; w and h are those of the later, as the authors' faster program has it.
    compat : {"release", "corrected"}
        ``release``: the term ``2 pi e`` of the entropy as a natural logarithm among binary ones, as all published
        programs have it. ``corrected``: binary throughout.
    rounded_luma : bool, optional
        Round luma to 8-bit levels. None: that of colour pixels of 8 or 16 bit, as MATLAB's `rgb2gray` rounds it.

    Returns
    -------
    float
        Without gradient in torch.

    Raises
    ------
    visq.errors.InputError
        Shapes that differ, fewer than two frames, a side below 72, values out of range, NaN.
    visq.errors.InputTypeError
        Not two arrays or two tensors, or of a dtype that holds no pixels.
    visq.errors.OptionError
        An unknown index, pairs or compat.

    Notes
    -----
    To reproduce the authors' `calcStrredScore`: 8-bit luma (Y of YUV), defaults; `strredsn` is ``index="single"``.
    libvmaf's feature takes overlapping pairs and counts the first one twice. Its `strred_all_same` is the product
    of means, as here; its `strred` is the mean of products.

    References
    ----------
    R. Soundararajan, A. C. Bovik, "Video quality assessment by reduced reference spatio-temporal entropic
    differencing", IEEE Trans. Circuits and Systems for Video Technology 23(4), 2013.

    Examples
    --------
    >>> import numpy as np
    >>> video = np.random.default_rng(0).integers(0, 256, (4, 72, 96), dtype=np.uint8)
    >>> st_rred(video, video), st_rred(video // 2, video) > 0
    (0.0, True)
    """
    measure = StRred(data_range=data_range, index=index, pairs=pairs, compat=compat, rounded_luma=rounded_luma)
    x, y = read_pair(_frames(video, "video"), _frames(reference, "reference"), data_range=data_range, min_side=MIN_SIDE)
    for n in range(int(x.data.shape[0])):
        one, two = (Batch(z.data[n : n + 1], z.peak, True) for z in (x, y))
        measure._add(one, two)
    return measure.result()


class StRred:
    """ST-RRED fed frame by frame: of a video of any length, the bands of two frames are kept and two numbers a pair.

    Parameters
    ----------
    data_range, index, pairs, compat, rounded_luma
        As of `st_rred`.

    Examples
    --------
    >>> import numpy as np
    >>> frames = np.random.default_rng(0).integers(0, 256, (4, 72, 96), dtype=np.uint8)
    >>> measure = StRred()
    >>> for frame in frames:
    ...     measure.push(frame // 2, frame)
    >>> measure.result() == st_rred(frames // 2, frames), measure.frames, len(measure.spatial)
    (True, 4, 2)
    """

    def __init__(
        self,
        *,
        data_range: float | None = None,
        index: Index = "full",
        pairs: Pairs = "separate",
        compat: Compat = "release",
        rounded_luma: bool | None = None,
    ) -> None:
        for name, value, choices in (
            ("index", index, get_args(Index)),
            ("pairs", pairs, get_args(Pairs)),
            ("compat", compat, get_args(Compat)),
        ):
            check_choice(name, value, choices)
        self._data_range = data_range
        self._single = index == "single"
        self._overlapping = pairs == "overlapping"
        self._bits = compat == "corrected"
        self._rounded_luma = rounded_luma
        self._last: tuple[np.ndarray, np.ndarray] | None = None
        self._size: tuple[int, int] | None = None
        #: How many frames came so far.
        self.frames = 0
        #: Spatial and temporal difference of every pair of frames so far.
        self.spatial: list[float] = []
        self.temporal: list[float] = []

    def push(self, image: Any, reference: Any) -> None:
        """Take the next frame of the video and that of its reference, arrays or tensors of one image each.

        Raises
        ------
        visq.errors.InputError
            As `st_rred`; a batch, or a frame of another size than those before.
        """
        x, y = read_pair(image, reference, data_range=self._data_range, min_side=MIN_SIDE)
        if int(x.data.shape[0]) != 1:
            raise InputError("more than one frame at a time", expected="one", got=str(int(x.data.shape[0])))
        self._add(x, y)

    def result(self) -> float:
        """Score of all pairs of frames so far: the product of the means of `spatial` and `temporal`.

        Raises
        ------
        visq.errors.InputError
            Fewer than two frames came.
        """
        if not self.spatial:
            raise InputError("too few frames", expected="two or more", got=str(self.frames))
        return float(np.mean(self.spatial) * np.mean(self.temporal))

    def _add(self, x: Batch, y: Batch) -> None:
        if self._size not in (None, x.size):
            (height, width), (high, wide) = x.size, self._size or (0, 0)
            raise SizeError(
                "this frame differs in size from those before", expected=f"{wide}x{high}", got=f"{width}x{height}"
            )
        self._size = x.size
        one, two = (coarse_band(luma_planes(z, self._rounded_luma)[0]) for z in (x, y))
        self.frames += 1
        last, self._last = self._last, (one, two)
        if last is None:
            return
        if not self._overlapping:
            self._last = None
        bands = (one, two) if self._overlapping else last
        image, reference = (
            self._entropies(band, now - before) for band, now, before in zip(bands, (one, two), last, strict=True)
        )
        for found, a, b in zip((self.spatial, self.temporal), image, reference, strict=True):
            found.append(float(abs(np.mean(a - b)) if self._single else np.mean(np.abs(a - b))))

    def _entropies(self, band: np.ndarray, change: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Scaled entropies of a frame's band, and of the change between two frames."""
        weight, entropy = block_entropies(band, bits=self._bits)
        change_weight, change_entropy = block_entropies(change, bits=self._bits)
        return weight * entropy, weight * change_weight * change_entropy


def _frames(video: Any, name: str) -> Any:
    """A video as a batch of images: a channel axis for luma alone."""
    rank = getattr(video, "ndim", None)
    if rank is not None and rank not in (3, 4):
        raise InputError(
            f"{name} has the wrong shape",
            expected="NumPy (T, H, W), (T, H, W, 1|3) or torch (T, H, W), (T, 1|3, H, W)",
            got=str(tuple(video.shape)),
        )
    if rank != 3:
        return video
    return video[..., None] if isinstance(video, np.ndarray) else video[:, None]


__all__ = ["StRred", "st_rred"]
