"""Files of PIPAL and of the NTIRE 2022 challenge: names, labels, submissions."""

from __future__ import annotations

import math
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from visq.errors import InputError, ReadError, StoreError
from visq.evaluate.raters.votes import listed
from visq.store.tables import replacing

SCORES_FILE, README_FILE = "output.txt", "readme.txt"

_NAME = re.compile(r"(?P<reference>[A-Z]\d{4})_(?P<kind>\d{2})_(?P<version>\d{2})\.bmp")
# A list of the 29,000 images of PIPAL takes less than a megabyte.
_LARGEST = 50_000_000


class PipalName(NamedTuple):
    """What a PIPAL file name says: `A0001_03_12.bmp` is version 12 of class 03 of reference `A0001`."""

    reference: str
    kind: str
    version: str

    @property
    def file(self) -> str:
        """The distorted image."""
        return f"{self.reference}_{self.kind}_{self.version}.bmp"

    @property
    def reference_file(self) -> str:
        """The pristine image."""
        return f"{self.reference}.bmp"


def parse_name(name: str) -> PipalName:
    """Reference, class and version of a distorted image of PIPAL.

    Raises
    ------
    InputError
        Another form of name.

    Examples
    --------
    >>> parse_name("A0001_03_12.bmp")
    PipalName(reference='A0001', kind='03', version='12')
    """
    found = _NAME.fullmatch(name)
    if not found:
        raise InputError(
            "no PIPAL file name", expected="REFERENCE_CLASS_VERSION.bmp, as A0001_00_00.bmp", got=repr(name)
        )
    return PipalName(**found.groupdict())


def parse_scores(text: str, source: str = "the scores") -> dict[str, float]:
    """Lines `name.bmp,score` as a dictionary, of labels or of a submission.

    Blanks about the comma are welcome, empty lines are passed over.

    Raises
    ------
    ReadError
        A line of another form, a name that is none of PIPAL's, a score that is no finite number: with the number of the
        line. Names that come twice: with the first five.
    """
    rows: list[tuple[str, float]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            rows.append(_row(line, f"{source}, line {number}"))
    twice = [name for name, times in Counter(name for name, _ in rows).items() if times > 1]
    if twice:
        raise ReadError(f"{source}: {listed(twice)} more than once", expected="one line for each image")
    if not rows:
        raise ReadError(f"{source}: there is no line in it", expected="name.bmp,score")
    return dict(rows)


def _row(line: str, where: str) -> tuple[str, float]:
    name, comma, value = line.partition(",")
    name, value = name.strip(), value.strip()
    if not comma or "," in value:
        raise ReadError(f"{where}: not a name and a score", expected="name.bmp,score", got=repr(line[:80]))
    try:
        parse_name(name)
    except InputError as error:
        raise ReadError(f"{where}: {error.message}", expected=error.expected, got=error.got) from None
    try:
        score = float(value)
    except ValueError:
        raise ReadError(f"{where}: the score of {name} is no number", got=repr(value)) from None
    if not math.isfinite(score):
        raise ReadError(f"{where}: the score of {name} is {score}", expected="a finite number")
    return name, score


def read_labels(path: str | Path) -> dict[str, float]:
    """Scores of people as PIPAL hands them out: a text file, or a folder of them (`Train_Label`).

    Raises
    ------
    ReadError
        As `parse_scores`; no such file; a folder without text files, or with one name in two of them.
    """
    files = sorted(Path(path).glob("*.txt")) if Path(path).is_dir() else [Path(path)]
    if not files:
        raise ReadError(f"{path}: no text files in it", expected="label files, *.txt")
    found: dict[str, float] = {}
    for file in files:
        part = parse_scores(_text(file), str(file))
        twice = [name for name in part if name in found]
        if twice:
            raise ReadError(f"{file}: {listed(twice)} in another file of {path} too", expected="one score an image")
        found |= part
    return found


@dataclass(frozen=True, slots=True)
class Readme:
    """What the challenge asks about a submission. Extra data must be declared.

    Attributes
    ----------
    seconds : float
        Runtime for each image.
    gpu, extra_data, full_reference : bool
        Whether a GPU was used, other training data than PIPAL's, the reference.
    description : str
        One line.
    """

    seconds: float
    gpu: bool
    extra_data: bool
    full_reference: bool
    description: str

    def text(self) -> str:
        """The file, with the challenge's own keys (read in participants' programs)."""
        return (
            f"runtime per image [s] : {self.seconds:g}\n"
            f"CPU[1] / GPU[0] : {0 if self.gpu else 1}\n"
            f"Extra Data [1] / No Extra Data [0] : {int(self.extra_data)}\n"
            f"Other description : {' '.join(self.description.split())}\n"
            f"Full-Reference [1] / Non-Reference [0] : {int(self.full_reference)}\n"
        )

    @classmethod
    def parse(cls, text: str, source: str = README_FILE) -> Readme:
        """From the file's text; the order of the lines and blanks about the colon do not matter.

        Raises
        ------
        ReadError
            A key that is missing, or a value that is none.
        """
        found = {
            key.strip().lower(): value.strip() for key, _, value in (li.partition(":") for li in text.splitlines())
        }
        values: dict[str, str] = {}
        for field, start in _KEYS.items():
            lines = [value for key, value in found.items() if key.startswith(start)]
            if len(lines) != 1:
                raise ReadError(f"{source}: no line for {start!r}" if not lines else f"{source}: {start!r} comes twice")
            values[field] = lines[0]
        try:
            flags = {field: {"0": False, "1": True}[values[field]] for field in ("cpu", "extra_data", "full_reference")}
            seconds = float(values["seconds"])
        except (KeyError, ValueError) as error:
            raise ReadError(
                f"{source}: a value is not readable ({error})", expected="seconds as a number, 0 or 1"
            ) from None
        return cls(seconds, not flags["cpu"], flags["extra_data"], flags["full_reference"], values["description"])


_KEYS = {
    "seconds": "runtime per image", "cpu": "cpu[1]", "extra_data": "extra data", "description": "other description",
    "full_reference": "full-reference",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Submission:
    """Scores by file name, and the declaration that belongs to them where there is one."""

    scores: dict[str, float]
    readme: Readme | None


def read_submission(path: str | Path) -> Submission:
    """A submission: a zip archive or folder with `output.txt` and, mostly, `readme.txt`, or the text file alone.

    Raises
    ------
    ReadError
        As `parse_scores` and `Readme.parse`; no such file, or no `output.txt` in it.
    """
    where = Path(path)
    if where.is_dir():
        parts = {name: _text(where / name) for name in (SCORES_FILE, README_FILE) if (where / name).is_file()}
    elif zipfile.is_zipfile(where):
        parts = _from_zip(where)
    else:
        return Submission(parse_scores(_text(where), str(where)), None)
    if SCORES_FILE not in parts:
        raise ReadError(f"{where}: no {SCORES_FILE} in it", expected=f"{SCORES_FILE} and {README_FILE}")
    readme = parts.get(README_FILE)
    return Submission(
        parse_scores(parts[SCORES_FILE], f"{where}: {SCORES_FILE}"),
        None if readme is None else Readme.parse(readme, f"{where}: {README_FILE}"),
    )


def write_submission(path: str | Path, scores: Mapping[str, float], readme: Readme, *, overwrite: bool = False) -> None:
    """Write a submission as a zip archive; the same scores give the same bytes.

    Raises
    ------
    InputError
        A name that is none of PIPAL's, or a score that is not finite.
    StoreError
        The file exists, or cannot be written.
    """
    lines = []
    for name in sorted(scores):
        parse_name(name)
        value = float(scores[name])
        if not math.isfinite(value):
            raise InputError(f"the score of {name} is {value}", expected="a finite number")
        lines.append(f"{name},{value!r}\n")
    where = Path(path)
    if where.exists() and not overwrite:
        raise StoreError(f"{where} exists already", hint="overwrite=True replaces it.")
    try:
        with replacing(str(where)) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in ((SCORES_FILE, "".join(lines)), (README_FILE, readme.text())):
                entry = zipfile.ZipInfo(name)  # its date is fixed, 1980
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, text.encode(), zipfile.ZIP_DEFLATED)
    except StoreError as error:
        raise StoreError(error.message) from error  # its hint is about tables of scores


def _from_zip(where: Path) -> dict[str, str]:
    found = {}
    try:
        with zipfile.ZipFile(where) as archive:
            for name in (SCORES_FILE, README_FILE):
                if name in archive.namelist():
                    if archive.getinfo(name).file_size > _LARGEST:
                        raise ReadError(f"{where}: {name} is larger than {_LARGEST} bytes", expected="a list of scores")
                    found[name] = archive.read(name).decode("utf-8-sig")
    except ReadError:
        raise
    # zipfile lets through whatever it and zlib meet in a damaged archive.
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError, RuntimeError) as error:
        raise ReadError(f"{where} is damaged or not a submission ({error})") from error
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ReadError(f"{path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ReadError(f"{path} is not text in UTF-8") from error
