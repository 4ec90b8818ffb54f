"""From pairs to the few numbers a tap: every picture goes through the network once, and no response is kept.

A reference is read and run once for all its images: its responses are in memory, and one response of one image.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from visq.errors import InputError, OptionError, SizeError, VisqError, WeightsError
from visq.probe.cache import Cache
from visq.probe.networks import Network
from visq.probe.pairsets import Pair, PairSet
from visq.probe.reductions import REDUCTIONS

if TYPE_CHECKING:
    from visq.api import Metric

#: Key of the time that a picture takes through the network, beside those of the taps.
FORWARD = "forward"
# Dimensions of one image's response that is tokens and no map.
_TOKENS = 2


@dataclass(frozen=True)
class Work:
    """Who hears of progress: called after each pair, and often."""

    on_pair: Callable[[], None] = lambda: None
    on_tick: Callable[[], None] = lambda: None


@dataclass
class _Reference:
    """A reference in hand: its pixels, its responses, and what reductions prepared of them."""

    planes: Any
    notes: tuple[str, ...] = ()
    responses: dict[str, Any] = field(default_factory=dict)
    prepared: dict[tuple[str, str], Any] = field(default_factory=dict)


def measure(
    net: Network, pairs: PairSet, taps: Sequence[str], reductions: Iterable[str], cache: Cache, work: Work
) -> None:
    """Put into `cache` what it lacks of these taps and reductions.

    Raises
    ------
    SizeError
        Reference and image differ in size; the pair is named.
    WeightsError
        A response that is NaN or infinite: network and tap are named.
    InputError, RangeError, ReadError
        A picture that cannot be taken.
    """
    wanted = [(tap, reduction) for tap in taps for reduction in reductions]
    known = {one: cache.known(net.identity, *one) for one in wanted}
    groups: dict[str, list[int]] = {}
    for i, pair in enumerate(pairs.pairs):
        groups.setdefault(pair.reference_id, []).append(i)
    with _inference(net):
        _warm({reduction for _, reduction in wanted})
        for members in groups.values():
            _reference(net, pairs, members, known, cache, work)
    cache.flush()


def _reference(
    net: Network,
    pairs: PairSet,
    members: Sequence[int],
    known: Mapping[tuple[str, str], set[str]],
    cache: Cache,
    work: Work,
) -> None:
    """All images of one reference."""
    todo: list[tuple[int, list[tuple[str, str]]]] = []
    for i in members:
        lacking = [one for one, keys in known.items() if pairs.keys[i] not in keys]
        if lacking:
            todo.append((i, lacking))
        else:
            work.on_pair()
    work.on_tick()
    if not todo:
        return
    first = pairs.pairs[todo[0][0]]
    reference = _Reference(*_read(first.reference, f"{pairs.id}, reference {first.reference_id}"))
    for i, lacking in todo:
        planes, notes = _image(pairs.pairs[i], pairs, reference)
        cache.note(pairs.keys[i], [f"reference: {n}" for n in reference.notes] + [f"image: {n}" for n in notes])
        seconds = _measure_one(net, planes, pairs.keys[i], reference, lacking, cache)
        cache.add(net.identity, "", FORWARD, pairs.keys[i], [seconds], seconds)
        cache.tick()
        work.on_pair()
        work.on_tick()


def _measure_one(
    net: Network, planes: Any, key: str, reference: _Reference, lacking: Sequence[tuple[str, str]], cache: Cache
) -> float:
    """One image, layer by layer; returns the time that the network took.

    Images go through alone: in a batch the same sums are taken in another order, and the last digits differ.
    """
    asked: dict[str, list[str]] = {}
    for tap, reduction in lacking:
        if _had(net, tap, planes.shape[-2:]):
            asked.setdefault(tap, []).append(reduction)
        else:
            cache.add(net.identity, tap, reduction, key, (), 0.0)
    fresh = [tap for tap in asked if tap not in reference.responses]
    if fresh:
        reference.responses |= net.module(net.module.normalise(reference.planes), fresh)
    total, began = 0.0, time.process_time()
    for tap, response in _responses(net, planes, set(asked)):
        total += time.process_time() - began
        for name in asked[tap]:
            _reduce(net, tap, name, key, reference, response, cache)
        began = time.process_time()
    return total


def _had(net: Network, tap: str, sides: Sequence[int]) -> bool:
    """Whether this tap can be had of images of this size."""
    fits = tap == "input" or not any(side % net.multiple for side in sides)
    return fits and net.least.get(tap, 1) <= min(sides)


def too_small(net: Network) -> str:
    """Why some of its taps cannot be had of some images."""
    reason = "images smaller than this layer needs"
    return reason if net.multiple == 1 else f"{reason}, or with sides that are no multiples of {net.multiple}"


def _responses(net: Network, planes: Any, taps: Set[str]) -> Iterator[tuple[str, Any]]:
    """Each of these taps as soon as it is computed, so that one of them is in memory at a time."""
    module = net.module
    values = module.normalise(planes)
    if not hasattr(module, "stages"):
        yield from module(values, [tap for tap in net.taps if tap in taps]).items()
        return
    left = set(taps)
    if "input" in left:
        left.remove("input")
        yield "input", values
    for stage in module.stages(values):
        if not left:
            return
        values = stage.run(values)
        if stage.tap in left:
            left.remove(stage.tap)
            yield stage.tap, values if stage.show is None else stage.show(values)


def _reduce(net: Network, tap: str, name: str, key: str, reference: _Reference, response: Any, cache: Cache) -> None:
    reduction = REDUCTIONS[name]
    f, g = _as_map(reference.responses[tap][0]), _as_map(response[0])
    if (tap, name) not in reference.prepared:
        reference.prepared[tap, name] = reduction.prepare(f)
    began = time.process_time()
    vector = reduction.measure(reference.prepared[tap, name], f, g)
    seconds = time.process_time() - began
    if not np.isfinite(vector).all():
        raise WeightsError(
            f"{net.name}: the responses at {tap} are NaN or infinite",
            hint="The images were checked: look at the weights of the network.",
        )
    cache.add(net.identity, tap, name, key, vector, seconds)


def _as_map(response: Any) -> Any:
    """`(C, H, W)`; tokens `(T, C)` become a map one position wide."""
    return response.T[:, :, None] if response.ndim == _TOKENS else response


def _warm(names: Iterable[str]) -> None:
    """Compile what measures: the first pair's time is no other's."""
    import torch

    for reduction in (REDUCTIONS[name] for name in names):
        for f in (torch.ones(2, 3, 4), torch.ones(3, 4, 2).permute(2, 0, 1)):
            reduction.measure(reduction.prepare(f), f, f)


def _image(pair: Pair, pairs: PairSet, reference: _Reference) -> tuple[Any, tuple[str, ...]]:
    planes, notes = _read(pair.image, f"{pairs.id}, {pair.id}")
    if planes.shape != reference.planes.shape:
        sizes = [f"{t.shape[-1]}x{t.shape[-2]}" for t in (reference.planes, planes)]
        raise SizeError(f"{pairs.id}, {pair.id}: reference and image differ in size", expected=sizes[0], got=sizes[1])
    return planes, notes


def altered(pairs: PairSet, cache: Cache) -> tuple[str, ...]:
    """What was altered while the pictures of these pairs were read, each once, with the number of pairs."""
    found = Counter(text for key in pairs.keys for text in cache.notes(key))
    total = len(pairs)
    return tuple(f"altered or noted on reading, {text} ({count} of {total} pairs)" for text, count in found.items())


def _read(picture: Any, name: str) -> tuple[Any, tuple[str, ...]]:
    """`(1, 3, H, W)` in 0..1, float32, and what was altered."""
    from visq.media import open_image
    from visq.systems.inputs import read

    try:
        opened = open_image(picture)
        planes = read(opened.pixels).image.float()
    except VisqError as error:
        raise error.with_context(name) from error
    if planes.shape[0] != 1:
        raise InputError(f"{name}: a batch of images", expected="one image")
    return planes, opened.meta.warnings


@contextmanager
def _inference(net: Network) -> Iterator[None]:
    """No gradients, a network that judges and does not learn, and the threads that visq is told to use."""
    import torch

    from visq.systems.torch_threads import told_threads

    training = net.module.training
    net.module.eval()
    try:
        with told_threads(), torch.inference_mode():
            yield
    finally:
        net.module.train(training)


def judge_of(metric: str) -> Metric:
    """The metric of the catalogue that a text names, with its options, if a probe can be compared with it here.

    Raises
    ------
    OptionError
        The metric is not of the kind that compares two images.
    WeightsError, MissingExtraError
        What it rests on is not here.
    """
    from visq.api import metric as make
    from visq.catalog.naming import parse
    from visq.weights.stand_in import check

    [(name, options)] = parse(metric)
    judge = make(name, **options)
    if judge.spec.kind != "fr":
        raise OptionError(f"{name} compares no two images", expected="a full-reference metric")
    check(judge.spec, judge.options)
    return judge


def baseline(judge: Metric, pairs: PairSet, cache: Cache, work: Work) -> tuple[str, bool]:
    """Put into `cache` what a metric gives; returns its identity and whether lower is better."""
    known = cache.known(judge.identity, "", "score")
    for pair, key in zip(pairs.pairs, pairs.keys, strict=True):
        if key not in known:
            began = time.process_time()
            try:
                value = float(judge(_pixels(pair.image), _pixels(pair.reference)))
            except VisqError as error:
                raise error.with_context(f"{pairs.id}, {pair.id}") from error
            cache.add(judge.identity, "", "score", key, [value], time.process_time() - began)
            cache.tick()
        work.on_pair()
        work.on_tick()
    cache.flush()
    return judge.identity, judge.spec.lower_is_better


def _pixels(picture: Any) -> Any:
    from visq.media import open_image

    return open_image(picture).pixels


__all__ = ["FORWARD", "Work", "altered", "baseline", "judge_of", "measure", "too_small"]
