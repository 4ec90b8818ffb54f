"""The Python face of visq: `metric`, `score`, `compare`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any

from visq import catalog
from visq.catalog.naming import labels, parse
from visq.errors import InputError, InputTypeError, SizeError, VisqError
from visq.given import in_memory, one_image, pixels_of, size_of
from visq.types import MetricSpec, Score
from visq.weights import identity

if TYPE_CHECKING:
    from visq.features import Features


class Metric:
    """A metric from the catalogue with its options bound.

    Call it with an image (and its reference, for full-reference metrics): a path, bytes, a PIL image, a NumPy
    array or a torch tensor. A file, an array of one image or a PIL image gives a `Score` (a float); an
    `(N, H, W, 3)` batch gives an `(N,)` array; a torch tensor gives a tensor that carries gradients.

    Examples
    --------
    >>> import numpy as np
    >>> m = Metric(catalog.get("psnr"), {})
    >>> image = np.zeros((16, 16, 3), np.uint8)
    >>> float(m(image, image))
    100.0
    """

    def __init__(self, spec: MetricSpec, options: dict[str, Any] | None = None) -> None:
        self.spec = spec
        self.options = catalog.check_options(spec, options or {})

    def __repr__(self) -> str:
        given = "".join(f", {k}={v!r}" for k, v in self.options.items())
        return f"visq.metric({self.spec.id!r}{given})"

    @property
    def id(self) -> str:
        """Its name in the catalogue."""
        return self.spec.id

    @property
    def identity(self) -> str:
        """Metric, version, options and weights: the key of a score in a table."""
        return identity(self.spec, self.options)

    @cached_property
    def function(self) -> Callable[..., Any]:
        """The pure function behind the metric."""
        return _function(self.spec.impl)

    @cached_property
    def _complete(self) -> Callable[..., Any]:
        """What is called: the function, or the one that says more than the score for the same work."""
        return _function(self.spec.details) if self.spec.details else self.function

    def __call__(self, image: Any, reference: Any = None, *, data_range: float | None = None) -> Any:
        """Judge an image: the image first, then the reference it is compared with.

        `visq.compare(reference, distorted)` has them the other way round; name them where that could be mistaken.

        Parameters
        ----------
        image
            The image to judge: path, bytes, PIL image, NumPy array or torch tensor.
        reference
            The pristine image, equal in size. For full-reference metrics only, and needed there.
        data_range : float, optional
            White in arrays of floats, if it is not 1: 255 for floats in 0..255. Files need none.

        Returns
        -------
        Score, array (N,) or tensor
            A `Score` (a float, with `interval` and `parts` where the metric gives them) for one image, `(N,)` for a
            batch, a tensor with gradients for a tensor.

        Raises
        ------
        InputError
            A reference where none is taken, or none where one is needed; images that the metric does not take.

        Examples
        --------
        >>> import numpy as np
        >>> reference = np.full((16, 16), 100.0)
        >>> m = Metric(catalog.get("mse"), {})
        >>> float(m(reference + 2, reference=reference, data_range=255))
        4.0
        """
        found, warnings = self._run(image, reference, data_range, full=False)
        return self._score(found, warnings)

    def details(self, image: Any, *, data_range: float | None = None, full: bool = False) -> Any:
        """All that the metric says of an image or a batch, for those that give an interval or sub-scores.

        Parameters
        ----------
        image
            As for a call; of a batch every number is an array `(N,)`, of a tensor it is a tensor.
        data_range : float, optional
            White in an array of floats, if it is not 1.
        full : bool
            With the map.

        Returns
        -------
        object
            With `score`, `map` and the numbers named by `spec.extras`; for visq-nr a `visq.systems.visq_nr.Opinion`.

        Raises
        ------
        InputError
            The metric gives a score alone; images that it does not take.
        """
        if not self.spec.details:
            able = ", ".join(s.id for s in catalog.specs() if s.details)
            raise InputError(f"{self.spec.id} gives a score alone", hint=f"With more beside it: {able}.")
        return self._run(image, None, data_range, full=full)[0]

    def extract(self, reference: Any, *, data_range: float | None = None) -> Features:
        """The few numbers of a reference that a reduced-reference metric needs; `compare` judges images by them.

        Parameters
        ----------
        reference
            Path, bytes, PIL image, NumPy array or torch tensor of one image.
        data_range : float, optional
            White in an array of floats, if it is not 1.

        Raises
        ------
        InputError
            The metric is of another kind, or it is a batch of images.
        """
        from visq.features import Features, option_values

        spec = self._reduced()
        pixels, (source, sha256, warnings) = one_image(reference)
        with _named(spec):
            height, width = size_of(pixels, "reference")
            values, bits = _function(spec.extract)(pixels, data_range=data_range, **self._keywords)
        options = option_values(spec, self.options)
        return Features(
            spec.id, spec.version, self.identity, options, height, width, bits, values, source, sha256, warnings
        )

    def compare(self, features: Features, image: Any, *, data_range: float | None = None) -> Score:
        """Judge an image by what `extract` kept of its reference, which is not needed any more.

        Parameters
        ----------
        features : Features
            From `extract` of a metric with the same options, or `visq.read_features`.
        image
            The image to judge, as large as the reference was.
        data_range : float, optional
            White in an array of floats, if it is not 1.

        Raises
        ------
        InputError
            Features of another metric, version or setting, or damaged ones.
        InputTypeError
            No `Features`.
        SizeError
            An image of another size.
        """
        from visq.features import Features

        spec = self._reduced()
        if not isinstance(features, Features):
            raise InputTypeError(
                f"{spec.id}: these are no features", expected="visq.Features, and then the image",
                got=type(features).__name__, hint="Take one from metric.extract, or out of visq.read_features.",
            )  # fmt: skip
        features.check(spec, self.identity)
        pixels, (_, _, warnings) = one_image(image)
        with _named(spec):
            size = size_of(pixels, "image")
        if size != (features.height, features.width):
            raise SizeError(
                f"{spec.id}: the image and the reference of these features differ in size",
                expected=f"{features.width}x{features.height} as the reference has",
                got=f"{size[1]}x{size[0]}",
            )
        with _named(spec):
            value = _function(spec.compare)(features.values, pixels, data_range=data_range, **self._keywords)
        return self._score(float(value), warnings + tuple(w for w in features.warnings if w not in warnings))

    def _reduced(self) -> MetricSpec:
        if self.spec.kind != "rr":
            raise InputError(
                f"{self.spec.id} takes no features of a reference",
                expected="a reduced-reference metric",
                hint=f"Those are: {', '.join(catalog.ids('rr'))}.",
            )
        return self.spec

    @property
    def _keywords(self) -> dict[str, Any]:
        return {**dict(self.spec.presets), **self.options}

    def map(self, image: Any, reference: Any = None, *, data_range: float | None = None) -> Any:
        """The paper's per-pixel map, `(H, W)`; `spec.map_lower_is_better` tells its direction."""
        if not self.spec.has_map:
            raise InputError(
                f"{self.spec.id} has no per-pixel map",
                hint="Metrics with one: " + ", ".join(s.id for s in catalog.specs() if s.has_map) + ".",
            )
        return self.score_and_map(image, reference, data_range=data_range)[1]

    def score_and_map(self, image: Any, reference: Any = None, *, data_range: float | None = None) -> tuple[Any, Any]:
        """Score and map in one pass; parameters as for a call."""
        found, warnings = self._run(image, reference, data_range, full=True)
        if self.spec.details:
            return self._score(found, warnings), found.map
        values, result = found
        return self._score(values, warnings), result

    def _score(self, found: Any, warnings: tuple[str, ...]) -> Any:
        spec = self.spec
        values = found.score if spec.details else found
        if not isinstance(values, float):
            return values
        return Score(
            values,
            metric=spec.id,
            version=spec.version,
            lower_is_better=spec.lower_is_better,
            warnings=warnings,
            extras={name: float(getattr(found, name)) for name in spec.extras},
        )

    def _run(self, image: Any, reference: Any, data_range: float | None, *, full: bool) -> tuple[Any, tuple[str, ...]]:
        self._check_reference(reference)
        inputs = [image] if reference is None else [image, reference]
        arrays, warnings = [], []
        for item in inputs:
            if self.spec.kind == "video" and not in_memory(item):
                raise InputTypeError(
                    f"{self.spec.id} takes the frames of a video",
                    expected="an array (T, H, W, 3) or a tensor",
                    got=type(item).__name__,
                    hint="For files use visq.compare_videos, or on the command line: visq video.",
                )
            array, found = pixels_of(item)
            arrays.append(array)
            warnings += [w for w in found if w not in warnings]
        keywords = self._keywords
        if data_range is not None:
            keywords["data_range"] = data_range
        if full:
            keywords["full"] = True
        with _named(self.spec):
            return self._complete(*arrays, **keywords), tuple(warnings)

    def _check_reference(self, reference: Any) -> None:
        wants = self.spec.takes_reference
        if wants and reference is None:
            raise InputError(
                f"{self.spec.id} compares an image with its reference, and no reference was given",
                hint=f"Call metric(image, reference), or use one of: {', '.join(catalog.ids('nr'))}.",
            )
        if not wants and reference is not None:
            raise InputError(
                f"{self.spec.id} judges an image alone and takes no reference",
                hint=f"Leave the reference out, or use one of: {', '.join(catalog.ids('fr'))}.",
            )


def _function(place: str) -> Callable[..., Any]:
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)


@contextmanager
def _named(spec: MetricSpec) -> Iterator[None]:
    """Errors of a metric with its name in front."""
    try:
        yield
    except VisqError as error:
        raise error.with_context(spec.id) from None


Names = str | Metric | Iterable[str | Metric]


def metric(name: str, **options: Any) -> Metric:
    """A metric by name, ready to be called.

    Parameters
    ----------
    name : str
        Id or alias; `visq list` shows all.
    **options
        Options of the metric; `visq show NAME` lists them.

    Raises
    ------
    UnknownMetricError, OptionError

    Examples
    --------
    >>> metric("psnr", channels="luma").identity
    'psnr@1(channels=luma)'
    """
    return Metric(catalog.get(name), options)


def score(
    image: Any, metrics: Names = catalog.DEFAULT_NO_REFERENCE, *, data_range: float | None = None
) -> dict[str, Any]:
    """Judge one image alone: `{metric: Score}` for one or several no-reference metrics.

    The image is opened once. A `Score` is a float that also knows its metric, version and direction, and the interval
    and sub-scores (`score.interval`, `score.parts`) where its metric gives them, as the default one does.

    Parameters
    ----------
    image
        Path, bytes, PIL image, NumPy array or torch tensor.
    metrics : str, Metric, or an iterable of them
        Names as `-m` takes them on the command line (`"ssim:like=piq,psnr"`), or metrics from `visq.metric`. One that
        comes twice has its options in its key.
    data_range : float, optional
        White in an array of floats, if it is not 1.
    """
    return _each(metrics, image, None, data_range)


def compare(
    reference: Any,
    distorted: Any,
    metrics: Names = catalog.DEFAULT_FULL_REFERENCE,
    *,
    data_range: float | None = None,
) -> dict[str, Any]:
    """Compare an image with its reference: `{metric: Score}` for one or several full-reference metrics.

    The reference comes first here; a metric from `visq.metric` takes the image first.

    Parameters
    ----------
    reference, distorted
        Path, bytes, PIL image, NumPy array or torch tensor; equal in size.
    metrics : str, Metric, or an iterable of them
        Names as `-m` takes them on the command line (`"ssim:like=piq,psnr"`), or metrics from `visq.metric`. One that
        comes twice has its options in its key.
    data_range : float, optional
        White in arrays of floats, if it is not 1.

    Examples
    --------
    >>> import numpy as np
    >>> reference = np.full((16, 16), 100.0)
    >>> compare(reference, reference + 2, "mse", data_range=255)
    {'mse': 4.0}
    >>> compare(reference, reference + 2, ["mse", metric("psnr", ceiling=40)], data_range=255)
    {'mse': 4.0, 'psnr': 40.0}
    """
    return _each(metrics, distorted, reference, data_range)


def _each(metrics: Names, image: Any, reference: Any, data_range: float | None) -> dict[str, Any]:
    asked = [metrics] if isinstance(metrics, str) or not isinstance(metrics, Iterable) else list(metrics)
    chosen: dict[str, Metric] = {}
    for one in asked:
        if not isinstance(one, (str, Metric)):
            raise InputTypeError(
                "these are no metrics", expected="names, or metrics from visq.metric", got=type(one).__name__
            )
        found = [one] if isinstance(one, Metric) else [metric(name, **options) for name, options in parse(one)]
        chosen |= {m.identity: m for m in found}
    from visq.media import open_image
    from visq.weights.stand_in import check

    for m in chosen.values():
        m._check_reference(reference)
        check(m.spec, m.options)

    opened = [item if item is None or in_memory(item) else open_image(item) for item in (image, reference)]
    titles = labels(list(chosen.values()))
    return {titles[key]: m(*opened, data_range=data_range) for key, m in chosen.items()}
