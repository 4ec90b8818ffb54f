"""A database on disk: its samples, scores and splits, read as its row in the table says."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from visq.datasets import splits
from visq.datasets.folder import Folder
from visq.datasets.manifest import MANIFEST_LABELS, applied
from visq.datasets.registry import get
from visq.datasets.rows import present
from visq.datasets.samples import Builder
from visq.datasets.spec import DatasetSpec, Labels, PairSample
from visq.errors import DatasetError, InputError, OptionError
from visq.paths import expanded

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """A rated database, or a part of one. Made by `visq.dataset`.

    Attributes
    ----------
    spec : DatasetSpec
        Its row in the table; range, direction and name of the score are those of the set of labels that was read.
    root : pathlib.Path
        The folder that the paths of the samples are relative to.
    samples : tuple of Sample or PairSample
    labels : str
        Which set of labels was read.
    missing : tuple of str
        Paths that the labels name and that are not in the folder.
    origin : tuple of int
        Of a subset: the index of each of its samples in the whole database.
    whole : tuple of str
        Of a subset: the contents of the whole database, so that its splits are those.
    """

    spec: DatasetSpec
    root: Path
    samples: tuple[Any, ...]
    labels: str = ""
    missing: tuple[str, ...] = ()
    origin: tuple[int, ...] = ()
    whole: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.samples)

    def __repr__(self) -> str:
        lacking = f", {len(self.missing)} files missing" if self.missing else ""
        return f"<Dataset {self.spec.id} in {self.root}: {len(self)} samples, labels {self.labels!r}{lacking}>"

    @cached_property
    def scores(self) -> np.ndarray:
        """Scores, `(N,)` in float64, as the label file has them; of pairs, the preferences."""
        import numpy as np

        pairs = self.spec.kind == "pairs"
        return np.array([s.preference if pairs else s.score for s in self.samples], dtype=np.float64)

    @cached_property
    def groups(self) -> np.ndarray:
        """Contents, `(N,)` of texts."""
        import numpy as np

        return np.array([s.group for s in self.samples])

    def paths(self, index: int) -> tuple[Path, Path | None]:
        """The files of a sample: image and reference, or None where there is none. Of a pair: the first image."""
        sample = self.samples[index]
        image = sample.first if isinstance(sample, PairSample) else sample.image
        return self.root / image, self.root / sample.reference if sample.reference else None

    def all_paths(self, index: int) -> dict[str, Path]:
        """Every file of a sample, by its field: `image`, `reference`, `right`, `first`, ..."""
        sample = self.samples[index]
        names = ("first", "second") if isinstance(sample, PairSample) else ("image", "right", "reference_right")
        found = {name: getattr(sample, name) for name in (*names, "reference")}
        return {name: self.root / path for name, path in found.items() if path}

    def subset(self, indices: Iterable[int]) -> Dataset:
        """The samples with these indices, in this order.

        Raises
        ------
        InputError
            What is no index: a mask of true and false, a number of a sample that there is not.
        """
        chosen = self._indices(indices)
        origin = self.origin or range(len(self.samples))
        return Dataset(
            self.spec,
            self.root,
            tuple(self.samples[i] for i in chosen),
            self.labels,
            self.missing,
            tuple(origin[i] for i in chosen),
            self.whole or tuple(s.group for s in self.samples),
        )

    def _indices(self, given: Iterable[int]) -> list[int]:
        chosen = []
        for one in given:
            # A mask would else be taken for samples 0 and 1, again and again.
            if isinstance(one, bool) or not hasattr(one, "__index__") or type(one).__name__ in ("bool", "bool_"):
                raise InputError("no index of a sample", expected="whole numbers", got=repr(one))
            if not -len(self.samples) <= int(one) < len(self.samples):
                raise InputError("there is no such sample", expected=f"0 to {len(self.samples) - 1}", got=repr(one))
            chosen.append(int(one))
        return chosen

    def official(self) -> dict[str, np.ndarray]:
        """Indices of the samples of each official part: `train`, `val`, `test`.

        Raises
        ------
        DatasetError
            The database has no official split, or its files say nothing of it.
        """
        import numpy as np

        parts = [s.part for s in self.samples]
        if not any(parts):
            why = "its label files do not give it" if self.spec.official else "it has none"
            raise DatasetError(
                f"{self.spec.id}: no official split; {why}", hint="split(k), k from 0 to 9, gives ten fixed ones."
            )
        return {part: np.flatnonzero([p == part for p in parts]) for part in dict.fromkeys(parts) if part}

    def split(self, k: int) -> dict[str, np.ndarray]:
        """Indices of the samples of `train`, `val` and `test` in the fixed split `k`, 0 to 9, by content.

        See `visq.datasets.splits` for the rule. Of a subset, the parts are those of the whole database.
        """
        import numpy as np

        whole = self.whole or tuple(s.group for s in self.samples)
        assigned = splits.assign(self.spec, whole, k)
        parts = [assigned[s.group] for s in self.samples]
        return {part: np.flatnonzero([p == part for p in parts]) for part in splits.PARTS}

    def normalised(self, fit: Sequence[int] | None = None) -> np.ndarray:
        """Scores on 0 to 1, 1 the best: what a network is trained on.

        Parameters
        ----------
        fit : sequence of int, optional
            Samples whose smallest and largest scores become 0 and 1: give the training part, so that nothing is learned
            from the others, whose scores may then lie outside. Not given: the ends of the scale.

        Raises
        ------
        DatasetError
            The scale has no ends and `fit` is not given; or all scores of `fit` are equal.
        """
        import numpy as np

        scores = self.scores
        low, high = self.spec.low, self.spec.high
        if fit is not None:
            chosen = scores[np.array(self._indices(fit), dtype=np.intp)]
            low, high = (float(chosen.min()), float(chosen.max())) if chosen.size else (0.0, 0.0)
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise DatasetError(
                f"{self.spec.id}: its scores cannot be put on 0 to 1",
                expected="a scale with two ends",
                got=f"{low:g} to {high:g}",
                hint="Give fit= the indices of the training part.",
            )
        scaled = (scores - low) / (high - low)
        return 1.0 - scaled if self.spec.lower_is_better else scaled


def dataset(
    name: str | DatasetSpec, root: str | os.PathLike[str], *, labels: str = "", references: bool = False
) -> Dataset:
    """A rated image database that lies in a folder.

    Parameters
    ----------
    name : str or DatasetSpec
        Name in the table (`visq.datasets.ids()`), or a row of one's own.
    root : str or path
        The folder into which it was unpacked.
    labels : str, optional
        Which of several sets of scores (viewing distances, scales, questions). Not given: the first whose files are
        there. `manifest` is the file `visq.csv` that any folder may have, with the columns `image`, `score` and, if
        wanted, `reference`, `std`, `group`, `distortion`, `level`, `part`.
    references : bool
        Whether rows that show an untouched reference are samples too. They are left out unless asked for: they are
        trivial for every full-reference metric and flatter it.

    Returns
    -------
    Dataset
        Scores keep the scale and direction of the label file. Files are not opened; those that lack are in
        `.missing`, and `visq.datasets.check` tells more.

    Raises
    ------
    UnknownDatasetError
        No such name, with the nearest.
    DatasetError
        No label file, or one that is not as the table says.
    MissingExtraError
        The labels are a spreadsheet, and openpyxl is not installed.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> root = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (root / "dmos.csv").write_text("dist_img,ref_img,dmos,var\\nI01_01_01.png,I01.png,4.57,0.496\\n")
    >>> kadid = dataset("kadid10k", root)
    >>> kadid.samples[0].score, kadid.spec.lower_is_better, kadid.missing
    (4.57, False, ('images/I01.png', 'images/I01_01_01.png'))
    """
    spec = name if isinstance(name, DatasetSpec) else get(name)
    top = expanded(root)
    if not top.is_dir():
        raise DatasetError(f"{top} is not a folder", hint=f"Name the folder into which {spec.title} was unpacked.")
    here = Folder(top)
    places = [place for place in map(here.find, spec.roots) if place]
    for place in dict.fromkeys(("", *places)):
        folder = Folder(top / place)
        found = _choose(spec, folder, labels)
        if found is not None:
            described = applied(spec) if found is MANIFEST_LABELS else spec
            builder = Builder(described, found, folder, references)
            samples = tuple(builder.samples())
            return Dataset(builder.spec, folder.root, samples, found.id, tuple(sorted(builder.missing)))
    wanted = [one for one in _all_labels(spec) if labels in ("", one.id)]
    files = " or ".join(dict.fromkeys(" and ".join(_files(one)) for one in wanted))
    raise DatasetError(
        f"{top} holds no label file of {spec.title}",
        expected=files,
        hint="Name the folder into which the database was unpacked.",
    )


def _files(labels: Labels) -> list[str]:
    return [table.file.replace("|", " or ") for table in labels.tables if not table.optional]


def _all_labels(spec: DatasetSpec) -> tuple[Labels, ...]:
    return (*spec.labels, MANIFEST_LABELS)


def _choose(spec: DatasetSpec, folder: Folder, wanted: str) -> Labels | None:
    every = _all_labels(spec)
    if wanted and wanted not in [one.id for one in every]:
        raise OptionError(f"{spec.id} has no labels {wanted!r}", expected=" or ".join(repr(one.id) for one in every))
    return next((one for one in every if wanted in ("", one.id) and present(folder, one)), None)
