"""DeepWSD, its form of 2024, and the two siblings of that: Wasserstein and other distances of deep features."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from visq.ops.arrays import Batch
from visq.ops.choices import check_choice
from visq.systems import graphs
from visq.systems.deepwsd.grouping import GROUPINGS, Grouping
from visq.systems.deepwsd.preparation import Plan, least_side, plan, prepare
from visq.systems.deepwsd.variants import LATER, ORIGINAL, Measure, Variant, score
from visq.systems.inputs import Inputs, evaluating, read_both

if TYPE_CHECKING:
    from visq.systems.deepwsd.network import DeepWSD

WINDOWS = (4, 8, 16)


def deepwsd(
    image: Any,
    reference: Any,
    *,
    data_range: float | None = None,
    grouping: Grouping = "released",
    window: int | None = None,
    resize: bool = True,
    logarithm: bool = True,
    model: str | os.PathLike[str] | None = None,
) -> Any:
    """Wasserstein distance of deep features (DeepWSD, 2022), 0 and up; 0 for an identical pair, lower is better.

    Both pictures go through VGG-16 with L2 pooling, pixels in 0..1 as they are. The picture itself and the last
    features of each of the five stages are cut into vectors ``x_j``, ``y_j`` of ``n = w^2`` values, and::

        D = 1/6 sum_stages sum_j (W_j + lambda_j |x_j - y_j|^2),    lambda = exp(1 / (2 (W + 10))) / (W + 10)^2

    with ``W_j`` the squared transport (`visq.ops.transport`) along 0..n-1 of the masses ``x_j^2 / (sum x + 1e-6)``, the
    sum over the whole stage. The score is ``ln(1 + D)``, and its square where the pictures were pooled.

    Parameters
    ----------
    image, reference : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`; both sides at least 33 pixels after the
        preparation below, 129 where the longer one has more than 1152.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    grouping : {"released", "window"}
        How a stage is cut into vectors. `released`: as the authors' program does, whose reshaping takes values that lie
        ``M`` apart in the order of channel, row and column: 16 channels of one pixel, mostly. `window`: windows of
        ``w x w`` pixels, as the paper describes them. Scores of four pairs of KADID-10k differ by 0.1 to 0.5 %.
    window : {4, 8, 16}, optional
        Side ``w`` of the windows. None: 4, and 16 for pictures whose longer side has more than 1152 pixels.
    resize : bool
        Bring pictures whose longer side is above 512 and below 1000 pixels to 256 x 256, whatever their proportions,
        as the authors' loader of files does; others stay. Integer pixels are rounded to whole levels of 8 bit then, as
        there; floats are not.
    logarithm : bool
        False returns `D` itself, which the authors minimise.
    model : path, optional
        The metric as `visq export deepwsd` wrote it, run without torch. None: the public weights, by torch.

    Returns
    -------
    float, (N,) array or tensor

    Raises
    ------
    visq.errors.InputError, visq.errors.SizeError, visq.errors.InputTypeError
        Shapes that differ, values out of range, NaN; a side below 33 pixels or too short for the longer one; no pixels.
    visq.errors.OptionError
        Another grouping or window.
    visq.errors.WeightsError
        The weights of VGG-16, or the graph named by `model`, are missing, damaged or other ones.
    visq.errors.MissingExtraError
        Without torch, where no graph is there.

    Notes
    -----
    Pictures are averaged over blocks of ``f = max(1, round(max(H, W) / 256))`` pixels. Stages are padded with zeros to
    whole windows, or cropped, on the left and at the bottom. As the logarithm is squared from f = 2 on, scores of
    pictures of different sizes are not comparable; nor are those on both sides of 512 and 1000 pixels. Transport is
    computed in double precision. The features of references are remembered (`visq.systems.references`).

    References
    ----------
    X. Liao, B. Chen, H. Zhu, S. Wang, M. Zhou, S. Kwong, "DeepWSD: projecting degradations in perceptual space to
    Wasserstein distance in deep feature space", ACM Multimedia 2022. Its tables: files as the databases hold them.

    Examples
    --------
    >>> import numpy as np
    >>> photo = np.full((64, 96, 3), 128, np.uint8)
    >>> deepwsd(photo, photo)  # doctest: +SKIP
    0.0
    """
    check_choice("window", window, (None, *WINDOWS))
    options = _Options(grouping, resize, logarithm, window, model)
    return _judge(ORIGINAL, options, image, reference, data_range)


def deepwsd2024(
    image: Any,
    reference: Any,
    *,
    data_range: float | None = None,
    measure: Measure = "transport",
    grouping: Grouping = "released",
    logarithm: bool = True,
    model: str | os.PathLike[str] | None = None,
) -> Any:
    """Distances of distributions of deep features (DeepWSD, DeepJSD, DeepSKLD of 2024); lower is better, 0 at best.

    As `deepwsd`, with VGG-19, windows of 8 x 8, and means over the vectors of a stage in place of sums::

        D = 1/6 sum_stages mean_j (W_j + lambda_j |x_j - y_j|^2),    score = ln(1 + D)^(1/4)

    Parameters
    ----------
    image, reference : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`; both sides at least 65 pixels after pooling
        by ``f = max(1, round(max(H, W) / 256))``.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    measure : {"transport", "jsd", "skld"}
        What ``W_j`` is. `transport` (the entry `deepwsd2024`): as for `deepwsd`. `jsd` (`deepjsd`): Jensen-Shannon
        divergence in nats of the softmax over the entries of ``x_j`` and ``y_j``. `skld` (`deepskld`): half the sum of
        their Kullback-Leibler divergences both ways.
    grouping : {"released", "window"}
        As for `deepwsd`.
    logarithm : bool
        False returns `D` itself, which the authors minimise. Of the score the gradient is infinite at 0; it is given as
        0 there.
    model : path, optional
        The metric as `visq export` wrote it, run without torch. None: the public weights, by torch.

    Returns
    -------
    float, (N,) array or tensor

    Raises
    ------
    visq.errors.InputError
        Shapes that differ, values out of range, NaN.
    visq.errors.SizeError
        A side below 65 pixels, or too short for the longer one.
    visq.errors.InputTypeError
        Not two arrays or two tensors, or of a dtype that holds no pixels.
    visq.errors.OptionError
        Another measure or grouping.
    visq.errors.WeightsError
        The weights of VGG-19, or the graph named by `model`, are missing, damaged or other ones.
    visq.errors.MissingExtraError
        Without torch, where no graph is there.

    Notes
    -----
    The loader of this release resizes nothing, and its window stays at 8 for pictures of any size. Logarithms of the
    softmax are taken before it, so that no entry becomes 0 and the divergences stay finite.

    References
    ----------
    X. Liao, X. Wei, M. Zhou, Z. Li, S. Kwong, "Image quality assessment: measuring perceptual degradation via
    distribution measures in deep feature spaces", IEEE Trans. Image Processing 33, 2024.

    Examples
    --------
    >>> import numpy as np
    >>> photo = np.full((80, 96, 3), 128, np.uint8)
    >>> deepwsd2024(photo, photo, measure="jsd")  # doctest: +SKIP
    0.0
    """
    check_choice("measure", measure, LATER)
    options = _Options(grouping, False, logarithm, LATER[measure].window, model)
    return _judge(LATER[measure], options, image, reference, data_range)


@dataclass(frozen=True)
class Parts:
    """What a distance is made of, stage by stage: the picture itself, then the five stages of the network.

    Attributes
    ----------
    transport : array
        `(6,)` or `(N, 6)`: sums (of 2024: means) of ``W_j``.
    errors : array
        The same of ``lambda_j |x_j - y_j|^2``. `D` is the mean over the stages of both together.
    """

    transport: Any
    errors: Any


def deepwsd_parts(
    image: Any,
    reference: Any,
    *,
    data_range: float | None = None,
    variant: Variant = ORIGINAL,
    grouping: Grouping = "released",
    resize: bool = True,
    backbone: Any = None,
) -> Parts:
    """How much of a distance is transport, and how much are errors value by value, stage by stage.

    Parameters
    ----------
    image, reference, data_range, grouping
        As for `deepwsd`.
    variant : Variant
        `visq.systems.deepwsd.variants`: which form.
    resize : bool
        As for `deepwsd`; of no effect on the forms of 2024.
    backbone : visq.backbones.Backbone, optional
        In place of the variant's network with its public weights.

    Examples
    --------
    >>> import numpy as np
    >>> parts = Parts(np.array([0.1, 0.0]), np.array([0.5, 0.2]))  # what may come
    >>> round(float((parts.transport + parts.errors).mean()), 3)
    0.4
    """
    check_choice("grouping", grouping, GROUPINGS)
    options = _Options(grouping, resize and variant is ORIGINAL, window=variant.window)
    inputs = read_both(image, reference, data_range=data_range, min_side=options.min_side)
    with evaluating(inputs):
        import torch

        judge, (x, y) = _prepared(variant, options, inputs, backbone)
        pairs = zip(x.split(1), y.split(1), strict=True)
        moved, weighted = zip(*(judge.parts(judge.features(a), judge.features(b)) for a, b in pairs), strict=True)
        return Parts(inputs.result(torch.stack(moved)), inputs.result(torch.stack(weighted)))


@dataclass(frozen=True)
class _Options:
    grouping: Grouping
    resize: bool = True
    logarithm: bool = True
    window: int | None = None
    model: str | os.PathLike[str] | None = None

    @property
    def min_side(self) -> int:
        return least_side(self.window or WINDOWS[0])

    def plan(self, size: tuple[int, int]) -> Plan:
        return plan(size, resize=self.resize, window=self.window)


def _judge(variant: Variant, options: _Options, image: Any, reference: Any, data_range: float | None) -> Any:
    check_choice("grouping", options.grouping, GROUPINGS)
    graph = graphs.choose(variant.entry, options.model, grouping=options.grouping)
    if graph is not None:
        return _by_graph(graph, variant, options, image, reference, data_range)
    inputs = read_both(image, reference, data_range=data_range, min_side=options.min_side)
    with evaluating(inputs):
        judge, (x, y) = _prepared(variant, options, inputs)
        return inputs.result(judge.compare(x, y))


def _prepared(
    variant: Variant, options: _Options, inputs: Inputs, backbone: Any = None
) -> tuple[DeepWSD, tuple[Any, Any]]:
    """The module for pictures of this size, and the pictures as it takes them."""
    from visq import backbones
    from visq.systems.deepwsd.network import DeepWSD

    steps = options.plan(inputs.batch.size)
    x, y = (prepare(p, steps, integer=inputs.batch.integer) for p in (inputs.image, inputs.reference))
    if backbone is None:
        backbone = backbones.shared(variant.backbone, device=x.device, dtype=x.dtype, pooling="l2")
    judge = DeepWSD(
        backbone,
        variant,
        grouping=options.grouping,
        window=steps.window,
        factor=steps.factor,
        logarithm=options.logarithm,
    )
    return judge.eval(), (x, y)


def _by_graph(
    graph: graphs.Graph, variant: Variant, options: _Options, image: Any, reference: Any, data_range: float | None
) -> Any:
    """The same by an exported graph, which gives the distance of prepared pictures."""

    def prepared(planes: Any, batch: Batch) -> Any:
        steps = options.plan(batch.size)
        graph.check(variant.entry, window=steps.window)
        return prepare(planes, steps, integer=batch.integer)

    def finished(distances: np.ndarray, batch: Batch) -> Any:
        return score(distances, variant, options.plan(batch.size).factor) if options.logarithm else distances

    return graphs.score(
        graph, image, reference, data_range=data_range, min_side=options.min_side, prepare=prepared, finish=finished,
        output="distance",
    )  # fmt: skip


def exported(grouping: Grouping = "released", window: int | None = None) -> graphs.Export:
    """What `visq export deepwsd` writes: the distance of pictures that were resized and pooled already.

    A graph has one window: 4 unless another is asked for (``window=16`` for pictures above 1152 pixels).
    """
    return _export(ORIGINAL, grouping, window or WINDOWS[0])


def exported2024(measure: Measure = "transport", grouping: Grouping = "released") -> graphs.Export:
    """What `visq export` writes of the forms of 2024: the distance of pictures that were pooled already."""
    return _export(LATER[measure], grouping, LATER[measure].window or WINDOWS[0])


def _export(variant: Variant, grouping: Grouping, window: int) -> graphs.Export:
    from visq import backbones
    from visq.systems.deepwsd.network import DeepWSDGraph

    check_choice("grouping", grouping, GROUPINGS)
    module = DeepWSDGraph(backbones.shared(variant.backbone, pooling="l2"), variant, grouping=grouping, window=window)
    least = least_side(window)
    return graphs.Export(
        module.eval(),
        ("score", "distance"),
        size=(max(96, least), max(136, least + 30)),
        min_side=least,
        settings={"grouping": grouping, "window": window},
    )


__all__ = ["WINDOWS", "Parts", "deepwsd", "deepwsd2024", "deepwsd_parts", "exported", "exported2024"]
