"""CNNIQA: a small network that judges patches of 32 x 32 grey pixels; the mean over them is the score."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Literal, get_args

from visq.ops.arrays import read_one
from visq.ops.choices import check_choice
from visq.systems import graphs
from visq.systems.inputs import Inputs, each, evaluating, require_torch
from visq.systems.whole_networks import network

if TYPE_CHECKING:
    import torch

Patches = Literal["program", "all"]
PATCH = 32
MIN_SIDE = PATCH + 1  # with the patches of the program
# Pillow's grey, which the program of the weights looks at.
GREY = (19595 / 65536, 38470 / 65536, 7471 / 65536)
# Patches judged at a time: each needs 140 kB on the way, and memory that is used again costs half the time.
AT_ONCE = 64


def cnniqa(
    image: Any,
    *,
    data_range: float | None = None,
    patches: Patches = "program",
    rounded_luma: bool | None = None,
    model: str | os.PathLike[str] | None = None,
) -> Any:
    """CNNIQA as trained on LIVE: predicted DMOS, about 0 to 100; lower is better.

    The luma is cut into patches of 32 x 32 pixels and normalised within each:
    ``(x - mean) / (1 + deviation)`` with both over 3 x 3 pixels, in 0..1. Fifty filters of 7 x 7 follow, of each the
    largest and the smallest response within the patch, and two layers of 800 units. The score is the mean over the
    patches.

    Parameters
    ----------
    image : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`; both sides at least 33 pixels.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    patches : {"program", "all"}
        Which patches count: those of the program of the weights, which leaves out the last ones where a side is a
        multiple of 32 pixels, or all whole patches. Pixels beyond the last whole patch are not looked at.
    rounded_luma : bool, optional
        Round luma to 8-bit levels. None: that of colour pixels of 8 or 16 bit, as Pillow rounds it, and not floats or
        grey images.
    model : path, optional
        The network as `visq export cnniqa` wrote it, run without torch. None: the public weights, by torch.

    Returns
    -------
    float, (N,) array or tensor
        No bound is built in; values below 0 and above 100 are possible.

    Raises
    ------
    visq.errors.InputError
        A side below 33 pixels, values out of range, NaN.
    visq.errors.InputTypeError
        Neither array nor tensor, or of a dtype that holds no pixels.
    visq.errors.OptionError
        Another rule for the patches.
    visq.errors.WeightsError
        The weights, or the graph named by `model`, are missing, damaged or other ones.
    visq.errors.MissingExtraError
        Without torch, where no graph is there.

    Notes
    -----
    The weights are those of D. Li's program (`CNNIQA-LIVE`), trained on 60 % of the contents of LIVE. It departs from
    the paper: the window of the normalisation has 3 x 3 pixels and not 7 x 7, and it ends at the border of a patch
    (the outermost pixels are repeated). What is damaged in another way than the five of LIVE (JPEG, JPEG 2000, noise,
    blur, lost packets) it has never seen.

    References
    ----------
    L. Kang, P. Ye, Y. Li, D. Doermann, "Convolutional neural networks for no-reference image quality assessment",
    CVPR 2014.

    Examples
    --------
    >>> import visq
    >>> visq.metric("cnniqa", patches="all").options, visq.catalog.get("cnniqa").lower_is_better
    ({'patches': 'all'}, True)
    """
    check_choice("patches", patches, get_args(Patches))
    graph = graphs.choose("cnniqa", model)
    if graph is None:
        require_torch()
    batch = read_one(image, data_range=data_range, min_side=MIN_SIDE if patches == "program" else PATCH)
    height, width = _whole(batch.size, patches)
    if graph is not None:
        grey = graphs.numpy_batch(batch).luma(1.0, weights=GREY, rounded=rounded_luma)[:, None]
        scores = [_mean(lambda s: graph.run(s)["score"], grey[n : n + 1, :, :height, :width]) for n in range(len(grey))]
        return batch.result_of_numpy([float(s[0]) for s in scores])
    inputs = Inputs(_tensor(batch.luma(1.0, weights=GREY, rounded=rounded_luma))[:, None], None, batch)
    with evaluating(inputs):
        judge = _network(str(inputs.image.device), inputs.image.dtype)
        return inputs.result(each(lambda x: _mean(judge, x), inputs.image[:, :, :height, :width]))


def _whole(size: tuple[int, int], patches: Patches) -> tuple[int, int]:
    """Height and width of what is covered by patches."""
    height, width = (side - (patches == "program") for side in size)
    return height // PATCH * PATCH, width // PATCH * PATCH


def _mean(judge: Any, grey: Any) -> Any:
    """The mean over the patches of `(1, 1, H, W)`, some rows of them at a time."""
    height, width = grey.shape[-2:]
    rows = max(1, AT_ONCE // (width // PATCH)) * PATCH
    total: Any = 0.0
    for top in range(0, height, rows):
        strip = grey[:, :, top : top + rows]
        total = total + judge(strip) * (strip.shape[2] / height)
    return total


def _tensor(values: Any) -> torch.Tensor:
    import torch

    # Sums are cut otherwise where pixels lie otherwise in memory.
    return values.contiguous() if isinstance(values, torch.Tensor) else torch.from_numpy(values)


def _network(device: str, dtype: torch.dtype) -> torch.nn.Module:
    from visq.systems.cnniqa_network import load

    return network("cnniqa", load, device, dtype)


def exported(patches: Patches = "program", rounded_luma: bool | None = None) -> graphs.Export:  # noqa: ARG001
    """What `visq export cnniqa` writes: the mean score of the patches of a grey image whose sides are whole patches.

    Luma and the choice of the patches stay outside.
    """
    import torch

    return graphs.Export(
        _network("cpu", torch.float32),
        ("score",),
        inputs=("grey",),
        channels=1,
        size=(2 * PATCH, 3 * PATCH),
        step=PATCH,
    )
