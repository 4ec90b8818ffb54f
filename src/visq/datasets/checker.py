"""What is missing, damaged, doubled, of the wrong size or too much in a copy of a database, before a long run."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from visq.ahead import ahead
from visq.datasets.files import Looked, look, whole_hash
from visq.datasets.folder import Folder
from visq.datasets.manifest import MANIFEST_LABELS
from visq.datasets.reader import Dataset, dataset
from visq.datasets.spec import DatasetSpec, PairSample
from visq.media.source import printable

_PICTURES = frozenset(
    (".bmp", ".png", ".jpg", ".jpeg", ".jpe", ".gif", ".tif", ".tiff", ".webp", ".avif", ".ppm", ".pgm", ".pnm", ".jp2")
)
_VIDEOS = frozenset((".mp4", ".mkv", ".avi", ".mov", ".webm", ".yuv", ".y4m", ".m4v", ".wmv", ".flv"))
# Lines of one kind that the text shows.
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Report:
    """What `check` found. Paths are relative to `root`.

    Attributes
    ----------
    dataset, root, labels, full : str, str, str, bool
        What was checked, and how.
    rows, expected_rows : int
        Samples in the labels, and in a complete database (0 where that is not known).
    contents, expected_contents : int
        Likewise for contents.
    files : int
        Files looked at.
    rows_without_file : int
        Samples of which at least one file lacks.
    missing : tuple of str
        Files that the labels name and that are not there.
    undecodable : tuple of (path, reason)
    mis_sized : tuple of (path, (width, height), what was expected)
    duplicated : tuple of tuple of str
        Files with the same bytes. Copies of a reference that the labels call untouched are not among them.
    unlabelled : tuple of str
        Pictures in the same folders that no label names.
    """

    dataset: str
    root: str
    labels: str
    full: bool
    rows: int
    expected_rows: int
    contents: int
    expected_contents: int
    files: int
    rows_without_file: int
    missing: tuple[str, ...]
    undecodable: tuple[tuple[str, str], ...]
    mis_sized: tuple[tuple[str, tuple[int, int], str], ...]
    duplicated: tuple[tuple[str, ...], ...]
    unlabelled: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether the labels have as many rows and contents as a complete database."""
        return self.expected_rows in (0, self.rows) and self.expected_contents in (0, self.contents)

    @property
    def ok(self) -> bool:
        """Whether every sample can be used: complete, nothing missing, damaged or of a wrong size.

        Doubled and unlabelled files are told and do no harm.
        """
        return self.complete and not (self.missing or self.undecodable or self.mis_sized)

    def as_dict(self) -> dict[str, Any]:
        """All fields, as JSON takes them, with `ok`."""
        return {"ok": self.ok, **asdict(self)}

    def lines(self) -> Iterator[str]:
        """The report as text, line by line."""
        how = "every pixel decoded" if self.full else "headers only"
        yield f"{self.dataset} in {printable(self.root)} (labels {self.labels}): {self.files} files looked at, {how}"
        yield _count_line("samples", self.rows, self.expected_rows)
        yield _count_line("contents", self.contents, self.expected_contents)
        yield from _section("missing", self.missing, f", named by {self.rows_without_file} rows of the labels")
        yield from _section("not usable", [f"{path}: {reason}" for path, reason in self.undecodable])
        sized = [f"{path}: {width}x{height}, expected {wanted}" for path, (width, height), wanted in self.mis_sized]
        yield from _section("of the wrong size", sized)
        yield from _section("groups of files with the same bytes", [" = ".join(group) for group in self.duplicated])
        yield from _section("without a label", self.unlabelled)
        yield "ready to use" if self.ok else "not ready: see above"


def _count_line(what: str, got: int, expected: int) -> str:
    if not expected:
        return f"{what}: {got}"
    return f"{what}: {got}" + (", complete" if got == expected else f", expected {expected}")


def _section(title: str, lines: Sequence[str], more: str = "") -> Iterator[str]:
    if not lines:
        return
    yield f"{title}: {len(lines)}{more}"
    yield from (f"  {printable(line)}" for line in lines[:_SHOWN])
    if len(lines) > _SHOWN:
        yield f"  ... and {len(lines) - _SHOWN} more"


def check(
    name: str | DatasetSpec,
    root: str | os.PathLike[str],
    *,
    full: bool = False,
    jobs: int = 0,
    labels: str = "",
    on_file: Callable[[], None] | None = None,
) -> Report:
    """Look at every file of a database.

    Parameters
    ----------
    name, root, labels
        As `visq.dataset` takes them.
    full : bool
        Decode every pixel. Otherwise only headers are read, which finds what is no picture or of the wrong size, but
        not a picture that is cut off.
    jobs : int
        Threads; 0 for one for each processor.
    on_file : callable, optional
        Called after each file.

    Returns
    -------
    Report
        `.ok` says whether every sample can be used, `.lines()` is the text.

    Raises
    ------
    DatasetError
        As `visq.dataset`: without readable labels there is nothing to compare the files with.
    """
    data = dataset(name, root, labels=labels, references=True)
    untouched = any(one.pristine is not None for one in data.spec.labels if one.id == data.labels)
    rated = dataset(name, root, labels=labels) if untouched else data
    video = data.spec.kind == "video"
    absent = set(data.missing)
    paths = [path for path in dict.fromkeys(_files(data)) if path not in absent]
    looked: dict[str, Looked] = {}
    inspect = partial(look, data.root, full=full, video=video)
    threads = jobs or os.cpu_count() or 1
    for found in ahead(inspect, paths, threads if threads > 1 else 0, depth=4 * threads):
        looked[found.path] = found
        if on_file is not None:
            on_file()
    # A list of the user's own may be of any length.
    counts = dict(data.spec.counts) | {MANIFEST_LABELS.id: 0}
    return Report(
        dataset=data.spec.id,
        root=str(data.root),
        labels=data.labels,
        full=full,
        rows=len(rated),
        expected_rows=counts.get(data.labels, data.spec.count),
        contents=len({sample.group for sample in rated.samples}),
        expected_contents=0 if data.labels in counts else data.spec.contents,
        files=len(looked),
        rows_without_file=sum(any(p in absent for p in _files_of(sample)) for sample in data.samples),
        missing=data.missing,
        undecodable=tuple((one.path, one.problem) for one in looked.values() if one.problem),
        mis_sized=tuple(_mis_sized(data, looked)),
        duplicated=tuple(_duplicated(data, rated, looked)),
        unlabelled=tuple(_unlabelled(data, looked, video)),
    )


def _files_of(sample: Any) -> list[str]:
    if isinstance(sample, PairSample):
        found = [sample.first, sample.second, sample.reference]
    else:
        found = [sample.image, sample.right, sample.reference, sample.reference_right]
    return [path for path in found if path]


def _files(data: Dataset) -> Iterator[str]:
    for sample in data.samples:
        yield from _files_of(sample)


def _mis_sized(data: Dataset, looked: dict[str, Looked]) -> Iterator[tuple[str, tuple[int, int], str]]:
    allowed = data.spec.sizes
    told: set[str] = set()
    for path, one in looked.items():
        if one.size is not None and allowed and one.size not in allowed:
            told.add(path)
            yield path, one.size, " or ".join(f"{width}x{height}" for width, height in allowed)
    if not data.spec.same_size:
        return
    for sample in data.samples:
        reference = looked.get(sample.reference)
        if reference is None or reference.size is None:
            continue
        for path in _files_of(sample):
            size = looked[path].size if path in looked else None
            if size not in (None, reference.size) and path not in told:
                told.add(path)
                width, height = reference.size
                yield path, size, f"{width}x{height} as its reference"  # type: ignore[misc]


def _duplicated(data: Dataset, rated: Dataset, looked: dict[str, Looked]) -> Iterator[tuple[str, ...]]:
    used = set(_files(rated))
    copies = {path for path in _files(data) if path not in used}  # untouched references, in the folders of the rated
    alike: dict[str, list[str]] = {}
    for one in looked.values():
        if one.bytes and one.path not in copies:
            alike.setdefault(one.sample, []).append(one.path)
    for group in alike.values():
        if len(group) < 2:
            continue
        same: dict[str, list[str]] = {}
        for path in group:
            same.setdefault(whole_hash(data.root / path), []).append(path)
        yield from (tuple(sorted(paths)) for paths in same.values() if len(paths) > 1)


def _unlabelled(data: Dataset, looked: dict[str, Looked], video: bool) -> Iterator[str]:
    """Pictures in the folders of the labelled ones."""
    wanted = _VIDEOS if video else _PICTURES
    folder = Folder(Path(data.root))
    for place in dict.fromkeys(path.rpartition("/")[0] for path in looked):
        prefix = f"{place}/" if place else ""
        for name, is_folder in folder.names(place).items():
            if not is_folder and PurePosixPath(name).suffix.lower() in wanted and prefix + name not in looked:
                yield prefix + name
