"""Rated databases: one table that says how each is laid out and what its scores mean, and what reads it.

>>> get("tid2013").lower_is_better, get("live").lower_is_better
(False, True)
>>> get("kadit10k")
Traceback (most recent call last):
    ...
visq.errors.UnknownDatasetError: no database is called 'kadit10k'. Did you mean 'kadid10k'...

`dataset(name, root)` reads one that lies on disk, `check(name, root)` says what is missing, damaged or too much in it.
visq brings no pictures and no scores: databases are asked for at their home pages, under their licences.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from visq.datasets.registry import get, ids, specs
from visq.datasets.spec import DatasetSpec, Labels, PairSample, Sample, Table
from visq.lazy import names as _names

if TYPE_CHECKING:
    from visq.datasets.checker import Report, check
    from visq.datasets.reader import Dataset, dataset

__all__ = [
    "Dataset", "DatasetSpec", "Labels", "PairSample", "Report", "Sample", "Table",
    "check", "dataset", "get", "ids", "specs",
]  # fmt: skip

_HOME = {"Dataset": "reader", "dataset": "reader", "Report": "checker", "check": "checker"}


__getattr__ = _names(__name__, _HOME)


def __dir__() -> list[str]:
    return sorted(__all__)
