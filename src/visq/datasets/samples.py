"""From rows of labels to samples: names, folders, references, scores, as a row of the table says."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from visq.datasets.folder import Folder, parts_of
from visq.datasets.rows import Rewrites, holds, reworded, rewrites, rows_of
from visq.datasets.spec import DatasetSpec, Labels, PairSample, Sample
from visq.datasets.tables import Row
from visq.datasets.templates import fill
from visq.errors import DatasetError

# Cells that say that there is no number.
_NONE = ("nan", "na", "null", "none", "-")


class Builder:
    """Makes the samples of one set of labels."""

    def __init__(self, spec: DatasetSpec, labels: Labels, folder: Folder, references: bool) -> None:
        self.labels, self.folder, self.references = labels, folder, references
        changed = {
            name: getattr(labels, name)
            for name in ("score_name", "low", "high", "lower_is_better")
            if getattr(labels, name) is not None
        }
        self.spec: DatasetSpec = replace(spec, **changed)
        self.words: Rewrites = rewrites(spec.words, labels.words)
        self.name = re.compile(spec.name, re.IGNORECASE) if spec.name else None
        self.missing: dict[str, None] = {}

    def samples(self) -> list[Sample | PairSample]:
        """The samples of every row that is wanted, in the order of the labels."""
        samples: list[Sample | PairSample] = []
        for row in rows_of(self.folder, self.labels):
            for name in self.words.keys() & row.keys():
                row[name] = reworded(self.words, name, row[name])
            if not all(holds(test, row) for test in self.labels.keep):
                continue
            pristine = self.labels.pristine is not None and holds(self.labels.pristine, row)
            if pristine and not self.references:
                continue
            samples.append(self._sample(row, pristine))
        self._check_twice(samples)
        if not samples:
            raise DatasetError(f"{self.spec.title}: the labels {self.labels.id!r} hold no sample")
        return samples

    def _sample(self, row: Row, pristine: bool) -> Sample | PairSample:
        spec, labels = self.spec, self.labels
        named = fill(labels.image, row)
        if not parts_of(named):
            raise DatasetError(f"{labels.id}, row {row['row']}: no image is named", expected=labels.image)
        self._add_groups(named, row, pristine)
        image = self._locate(named, spec.images, row)
        original = self._word("reference", spec.reference, row)
        reference = self._reference(original, image, pristine, row)
        # Not the path on disk: the content has the same name wherever a user's copy keeps its folders.
        group = (self._word("group", spec.group, row) or original or named).casefold()
        common = {
            "reference": reference,
            "group": group,
            "distortion": self._word("distortion", spec.distortion, row),
            "level": self._word("level", spec.level, row),
            "part": self._part(row),
        }
        score = self._number(row, "score", labels.score)
        if spec.kind == "pairs":
            second = self._locate(fill(labels.second, row), spec.images, row)
            preference = 1.0 - score if labels.second_wins else score
            return PairSample(first=image, second=second, preference=preference, **common)
        named = fill(labels.second, row) if labels.second else ""
        right = self._locate(named, spec.images, row) if named else ""
        reference_right = ""
        if spec.reference_second:
            reference_right = self._locate(fill(spec.reference_second, row), spec.references, row)
        return Sample(
            image=image, score=score, std=self._std(row), right=right, reference_right=reference_right, **common
        )

    def _add_groups(self, named: str, row: Row, pristine: bool) -> None:
        if self.name is None:
            return
        found = self.name.search(named)
        groups: Mapping[str, str | None] = found.groupdict() if found else {}
        if found is None:
            if not pristine:
                raise DatasetError(
                    f"{named} is no name of an image of {self.spec.title}",
                    expected=self.spec.name,
                    hint="The label file may belong to another database, or the images may have been renamed.",
                )
            groups = dict.fromkeys(self.name.groupindex, "")
        for name, value in groups.items():
            row[name] = reworded(self.words, name, value or "")

    def _reference(self, named: str, image: str, pristine: bool, row: Row) -> str:
        """The reference; of an untouched picture the one it is a copy of, or itself where that is not told."""
        if pristine and not (named and self._find(named, self.spec.references, row)):
            return image
        return self._locate(named, self.spec.references, row) if named else ""

    def _word(self, name: str, template: str, row: Row) -> str:
        return reworded(self.words, name, fill(template, row)) if template else ""

    def _part(self, row: Row) -> str:
        number = int(row["row"])
        for part, first, last in self.labels.part_rows:
            if first <= number <= last:
                return part
        return self._word("part", self.labels.part, row)

    def _number(self, row: Row, what: str, template: str) -> float:
        text = fill(template, row)
        try:
            value = math.nan if "_" in text else float(text)  # Python reads 1_0 as 10
        except ValueError:
            value = math.nan
        spec = self.spec
        low, high = (0.0, 1.0) if spec.kind == "pairs" else (spec.low, spec.high)
        # A printed score may be rounded up past the end of its scale by its last digit.
        slack = 1e-6 * max(1.0, abs(low), abs(high)) if math.isfinite(high - low) else 0.0
        fits = math.isfinite(value) and low - slack <= value <= high + slack
        if what == "score" and not fits:
            raise DatasetError(
                f"{spec.title}, labels {self.labels.id!r}, row {row['row']} ({fill(self.labels.image, row)}): "
                f"{what} {text!r}",
                expected=f"a number from {low:g} to {high:g}" if math.isfinite(high - low) else "a finite number",
            )
        return value

    def _std(self, row: Row) -> float:
        template = self.labels.std or self.labels.variance
        if not template or not fill(template, row):
            return math.nan
        value = self._number(row, "standard deviation", template)
        text = fill(template, row)
        if text.casefold() in _NONE:
            return math.nan
        if not 0 <= value < math.inf:
            what = "variance" if self.labels.variance else "standard deviation"
            raise DatasetError(
                f"{self.spec.title}, labels {self.labels.id!r}, row {row['row']} ({fill(self.labels.image, row)}): "
                f"{what} {text!r}",
                expected="a number from 0 on, or nothing",
            )
        return math.sqrt(value) if self.labels.variance else value

    def _find(self, path: str, folders: tuple[str, ...], row: Row) -> str:
        inside = "/".join(parts_of(path))
        for folder in folders or ("",):
            place = fill(folder, row)
            found = self.folder.find(f"{place}/{inside}" if place else inside)
            if found:
                return found
        return ""

    def _locate(self, path: str, folders: tuple[str, ...], row: Row) -> str:
        """A path as it is written on disk; where it is not there, as it should be, and it is noted as missing."""
        found = self._find(path, folders, row)
        if found:
            return found
        first = fill(folders[0], row) if folders else ""
        wanted = "/".join([*parts_of(first), *parts_of(path)])
        self.missing[wanted] = None
        return wanted

    def _check_twice(self, samples: Sequence[Sample | PairSample]) -> None:
        """An image in two rows is a mistake of the files, unless it is a reference or rated against two of them."""
        if self.spec.kind == "pairs":
            return
        seen: dict[str, Sample] = {}
        for sample in samples:
            if not isinstance(sample, Sample):
                continue
            other = seen.setdefault(sample.image, sample)
            if other is sample:
                continue
            same = (other.score, other.reference) == (sample.score, sample.reference)
            if same and sample.image != sample.reference:
                raise DatasetError(
                    f"{self.spec.title}: the labels name {sample.image} twice", hint="Leave one of the rows."
                )
            if other.score != sample.score:
                raise DatasetError(
                    f"{self.spec.title}: the labels give {sample.image} two scores",
                    got=f"{other.score:g} and {sample.score:g}",
                )
