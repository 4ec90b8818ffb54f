"""Fit the read-out of a system on a rated database and write the file that scores pictures."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from visq.catalog import check_options
from visq.datasets.reader import Dataset
from visq.errors import InputError, StoreError
from visq.paths import expanded
from visq.systems.readout import files, systems
from visq.systems.readout.ridge import MINIMUM, fit
from visq.systems.readout.search import ALPHAS, SPLITS, Search, search
from visq.train.data.feature_cache import FeatureCache
from visq.train.data.splits import Part, parts
from visq.train.data.work import Work
from visq.types import Option

if TYPE_CHECKING:
    from visq.systems.readout.ridge import Ridge


@dataclass(frozen=True, slots=True)
class Report:
    """What was fitted on what.

    Attributes
    ----------
    system : str
    file : str
        What was written; its hash is `sha256`.
    database, labels : str
        On which scores.
    split : int or None
        The fixed split whose test part was set aside; None stands for the official one.
    pictures, contents, features : int
        That were fitted on.
    alpha : float
        The strength that was chosen.
    srcc : float
        The median over the divisions of the rank correlation with it, on pictures that were not fitted on. A choice was
        made by it: it is no figure to publish.
    at_an_end : bool
        Whether a strength beyond those that were tried might do better.
    scale : str
        What scores mean.
    metric : str
        That scores with the file, as METRIC:model=FILE.
    """

    system: str
    file: str
    sha256: str
    database: str
    labels: str
    split: int | None
    pictures: int
    contents: int
    features: int
    alpha: float
    srcc: float
    at_an_end: bool
    scale: str
    metric: str


class _Target(NamedTuple):
    """Scores that rise with quality, and how they were made so."""

    values: np.ndarray
    scale: str


class _Optioned(NamedTuple):
    """What `visq.catalog.check_options` looks at of a metric."""

    id: str
    options: tuple[Option, ...]
    likes: tuple[Any, ...] = ()


def opened(system: str, options: Mapping[str, Any]) -> systems.Source:
    """The source of a system's features, its options checked.

    Raises
    ------
    OptionError
        No such system or option, a value of another type.
    """
    row = systems.get(system)
    checked = check_options(_Optioned(system, row.options), dict(options))  # type: ignore[arg-type]
    module, _, name = row.impl.partition(":")
    found: systems.Source = getattr(import_module(module), name)(**checked)
    return found


def fit_readout(
    system: str, data: Dataset, into: str | os.PathLike[str], *, options: Mapping[str, Any] | None = None,
    split: int | None = None, alphas: str | Sequence[float] = ALPHAS, splits: int = SPLITS, validation: float = 0.0,
    calibration: float = 0.0, standardise: bool = True, seed: int = 0, cache: str | os.PathLike[str] | None = None,
    threads: int = 1, overwrite: bool = False, work: Work | None = None,
) -> Report:  # fmt: skip
    """Fit a ridge regression on the features of a system, its strength searched inside the training part.

    The test part is set aside and no picture of it is opened.

    Parameters
    ----------
    system : str
        A name in `visq.systems.readout.systems`.
    data : Dataset
        Rated images, as `visq.dataset` opens them.
    into : path
        The file to write.
    options : mapping
        Of the system: which encoders, ...
    split : int, optional
        One of the ten fixed splits, for databases without an official one.
    alphas, splits, standardise
        As `visq.systems.readout.search.search`.
    validation, calibration : float
        Shares of the contents of the training part that are left out, as `visq.train.data.splits.parts` draws them:
        to choose between systems, and to calibrate intervals by.
    seed : int
        Of all divisions.
    cache : path, optional
        A folder for features, so that a fit that was ended goes on. None: they are not kept.
    threads : int
        That read pictures.
    overwrite : bool
        Replace a file that is there.
    work : Work, optional
        Who hears of every picture.

    Returns
    -------
    Report

    Raises
    ------
    DatasetError
        No official split, and none named.
    InputError
        Fewer than 20 pictures, all scores equal, no references where the system wants them.
    OptionError, WeightsError, MissingExtraError
        As the system's own function.
    StoreError
        The file is there already, or cannot be written.
    """
    from visq import weights
    from visq.train.hardware import made_with

    target_file = expanded(into)
    check_target(target_file, overwrite=overwrite)
    _check_before(data, split)
    part = parts(data, validation=validation, calibration=calibration, seed=seed, split=split, scale="fit").fit
    target = _target(part)
    _check_scores(target.values)
    source = opened(system, options or {})
    rows, identity = features(source, part, cache=cache, threads=threads, work=work)
    groups = part.groups.tolist()
    found = search(
        rows, target.values, groups=groups, alphas=alphas, splits=splits, seed=seed, standardise=standardise
    )  # fmt: skip
    ridge = fit(rows, target.values, found.alpha, standardise=standardise)
    fitted = _fitted(part, target, found, ridge, {"splits": splits, "seed": seed, "features": identity,
                                                  "validation": validation, "calibration": calibration,
                                                  "standardise": standardise})  # fmt: skip
    content = files.ReadoutFile(system, source.options, ridge, source.tensors, fitted, made_with())
    check_target(target_file, overwrite=overwrite)  # once more: it may have taken hours
    files.write(target_file, content)
    row = systems.get(system)
    return Report(
        system, os.fspath(into), weights.sha256(target_file), data.spec.id, data.labels, split, len(part),
        len(set(groups)), rows.shape[1], found.alpha, found.srcc, found.at_an_end, target.scale,
        row.with_references if source.difference else row.metric,
    )  # fmt: skip


def features(
    source: systems.Source, part: Part, *, cache: str | os.PathLike[str] | None = None, threads: int = 1,
    work: Work | None = None,
) -> tuple[np.ndarray, str]:  # fmt: skip
    """Features of the pictures of a part, or their differences from those of the references, and their identity.

    Raises
    ------
    InputError
        Differences are wanted, and a picture has no reference.
    """
    with ExitStack() as stack:
        folder = expanded(cache) if cache is not None else Path(stack.enter_context(TemporaryDirectory()))
        kept = [FeatureCache(folder, maker, threads=threads) for maker in source.rows]
        values, identity = _joined(kept, part, work)
        if not source.difference:
            return values, identity
        names = [part.dataset.samples[i].reference for i in part.indices]
        if not all(names):
            raise InputError(
                f"{part.dataset.spec.id} has pictures without references", hint="Fit without them: reference=false."
            )
        known = dict.fromkeys(names)
        references, other = _joined(kept, [part.dataset.root / name for name in known], work)
        place = {name: i for i, name in enumerate(known)}
        pristine = references[[place[name] for name in names]]
        return np.abs(pristine - values), f"{identity} {other}"


def _joined(kept: Sequence[FeatureCache], pictures: Any, work: Work | None) -> tuple[np.ndarray, str]:
    """Features of all makers side by side, and their identities."""
    found = [cache.features(pictures, work=work) for cache in kept]
    return np.concatenate([one.values for one in found], axis=1), " ".join(one.identity for one in found)


def check_target(path: Path, *, overwrite: bool) -> None:
    """Refuse a file that cannot be written, before anything costs time.

    Raises
    ------
    StoreError
    """
    if os.path.lexists(path) and not overwrite:
        raise StoreError(f"{path} exists already", hint="--overwrite (overwrite=True) replaces it.")
    if path.is_dir():
        raise StoreError(f"{path} is a folder", hint="Name a file.")
    if not path.parent.is_dir():
        raise StoreError(f"{path.parent} is not there", hint="Make the folder first.")


def _target(part: Part) -> _Target:
    """Scores as people gave them, turned round where lower ones are better."""
    spec = part.dataset.spec
    values = part.dataset.scores[list(part.indices)]
    if not spec.lower_is_better:
        return _Target(values, f"{spec.score_name} of {spec.id}")
    if np.isfinite([spec.low, spec.high]).all():
        return _Target(
            spec.low + spec.high - values, f"{spec.low + spec.high:g} less the {spec.score_name} of {spec.id}"
        )
    return _Target(-values, f"the negative {spec.score_name} of {spec.id}")


def _check_before(data: Dataset, split: int | None) -> None:
    """Refuse what cannot be fitted before its scores are put on a scale, and before features have cost hours."""
    if data.spec.kind in ("fr", "nr"):
        divided = data.official() if split is None else data.split(split)
        rest = [indices for name, indices in divided.items() if name != "test"]
        _check_scores(data.scores[np.concatenate(rest)] if rest else np.zeros(0))


def _check_scores(scores: np.ndarray) -> None:
    if len(scores) < MINIMUM:
        raise InputError("too few pictures for a read-out", expected=f"{MINIMUM} or more", got=str(len(scores)))
    if scores.min() == scores.max():
        raise InputError(
            "all scores are equal", expected="at least two that differ", hint="There is no order to learn."
        )


def _fitted(part: Part, target: _Target, found: Search, ridge: Ridge, more: Mapping[str, Any]) -> dict[str, Any]:
    spec = part.dataset.spec
    facts: dict[str, Any] = {
        "database": spec.id, "labels": part.dataset.labels, "split": part.split, "part": part.identity,
        "pictures": len(part), "scale": target.scale, "lowest": float(target.values.min()),
        "highest": float(target.values.max()), "alpha": ridge.alpha, "srcc": found.srcc, "at_an_end": found.at_an_end,
        "alphas": found.alphas.tolist(), "medians": found.medians.tolist(),
    }  # fmt: skip
    return {**facts, **more}


def as_data(report: Report) -> dict[str, Any]:
    """A report as JSON holds it."""
    return asdict(report)


__all__ = ["Report", "as_data", "check_target", "features", "fit_readout", "opened"]
