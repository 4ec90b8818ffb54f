"""What a database is, as data: one frozen row says where its pictures and scores lie and what the scores mean.

A row is a `DatasetSpec`; its scores are described by one or more `Labels`, each made of `Table`s, the label files.
The texts in it are templates in the syntax of `str.format`. What may stand in their braces:

- the columns of the label files, by their names;
- `row`, the number of the line of labels from 1; `file`, the stem of the label file's name; `folder`, `folder2`,
  `folder3`, the names of the folder it lies in, of the one around that, and so on (inside the database);
- the columns that `Labels.runs` and `Labels.counters` count;
- in every template but `Labels.image`: the named groups of `DatasetSpec.name`, a regular expression that is searched
  for in the image's path without regard to case. Usual groups: `ref`, `type`, `level`.

All values are texts; a whole number from a spreadsheet or MATLAB has no decimal point. `{level:0>2}` writes 7 as 07.
`{x!x}` is `x` without its extension, `{x!n}` the last part of a path, `{x!t}` a path without its first part, `{x!l}`
and `{x!u}` lower and upper case. Alternatives are separated by `|`: the first one counts whose columns are all there
and not empty. A column that is there and empty gives an empty text where no alternative is better.

Paths are relative, with `/` (`\\` is turned into it), and are looked up without regard to upper and lower case where
no file has exactly that name: several databases were made on systems that do not tell `I01_01_1.bmp` from
`i01_01_1.bmp`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["fr", "nr", "pairs", "stereo", "video"]
Reader = Literal["csv", "text", "xlsx", "mat", "npy"]
Words = tuple[tuple[str, tuple[tuple[str, str], ...]], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """One label file, or all that match a pattern: rows of named columns.

    Attributes
    ----------
    file : str
        Path inside the database. With `*` or `?` in it, every file that matches is read, in the order of their names.
        Several patterns are separated by `|`; at least one has to match.
    reader : str
        `csv` (separated by `delimiter`), `text` (separated by blanks), `xlsx`, `mat` (MATLAB version 5), `npy` (one
        number each file).
    names : tuple of str
        Names of the columns where the file has no line of names. Of a `mat` file: the variables to take, each a vector
        of numbers, a text, or a cell array; the columns of a matrix or cell array `x` are called `x_1`, `x_2`, and
        `x(:)` takes it as one column, in MATLAB's order.
        A name `""` passes over its column. A line with fewer columns leaves the last ones empty, one with more is
        an error, except for empty ones (a trailing comma).
    delimiter : str
        Of `csv`.
    skip : int
        Lines before the line of names, or before the first row where `names` are given.
    sheet : str
        Of `xlsx`; empty for the first one.
    key : str
        Of every table but the first: the column, in both, by which its rows are found. Empty: row by row.
    optional : bool
        Whether its columns are simply empty where the file, or the row, lacks.
    encoding : str
        Of `csv` and `text`.
    """

    file: str
    reader: Reader
    names: tuple[str, ...] = ()
    delimiter: str = ","
    skip: int = 0
    sheet: str = ""
    key: str = ""
    optional: bool = False
    encoding: str = "utf-8-sig"


@dataclass(frozen=True, slots=True)
class Labels:
    """One set of scores of a database: its files, and templates that make a sample of every row.

    Attributes
    ----------
    id : str
        Name of the set, for `visq.dataset(..., labels=id)`. The first set whose files are there is the default.
    tables : tuple of Table
        The first gives the rows; further ones add columns to them.
    image : str
        Path of the image (or of the left view, the first of two images, the video) inside one of `DatasetSpec.images`.
    score : str
        The score. Of pairs: the share of people, 0 to 1, who preferred the first image; see `second_wins`.
    std, variance : str
        Standard deviation of the ratings of one image, or the square of it; at most one of the two.
    second : str
        Path of the right view, or of the second image of a pair; in `DatasetSpec.images`.
    second_wins : bool
        Pairs: the file holds the share that preferred the second image.
    part : str
        Official part (`train`, `val`, `test`) of a sample, after `words`.
    part_rows : tuple of (part, first row, last row)
        Official parts by the number of the row, both ends included.
    runs : (name, ((value, rows), ...)) or None
        For label files without names: the first `rows` rows have the first value in the column `name`, and so on;
        `name_row` is the number inside the run, from 1. All runs together are as long as the file.
    counters : tuple of (name, values)
        Likewise for rows in the order of nested loops, the last counter running fastest: `values` are texts, or a
        number n for 1 to n. The product of their lengths is that of the file.
    words : tuple of (name, ((in the file, instead), ...))
        Replaces whole values, without regard to case, of a column, of a named group of `name`, or of what a template
        gave (`reference`, `group`, `distortion`, `level`, `part`).
    keep : tuple of (column or template, regular expression)
        Rows for which it does not match in full, without regard to case, are passed over.
    pristine : (column or template, regular expression) or None
        Marks rows that show an untouched reference: left out unless `visq.dataset(..., references=True)`.
    rows : str
        `module:function` of a special reader: `function(folder) -> iterator of dict`. `tables` then only say which
        files have to be there.
    score_name, low, high, lower_is_better
        Where they differ from those of the database: a second scale, another question.
    note : str
        What a user should know about this set.
    """

    id: str
    tables: tuple[Table, ...]
    image: str
    score: str
    std: str = ""
    variance: str = ""
    second: str = ""
    second_wins: bool = False
    part: str = ""
    part_rows: tuple[tuple[str, int, int], ...] = ()
    runs: tuple[str, tuple[tuple[str, int], ...]] | None = None
    counters: tuple[tuple[str, int | tuple[str, ...]], ...] = ()
    words: Words = ()
    keep: tuple[tuple[str, str], ...] = ()
    pristine: tuple[str, str] | None = None
    rows: str = ""
    score_name: str | None = None
    low: float | None = None
    high: float | None = None
    lower_is_better: bool | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class DatasetSpec:
    """Everything a user may ask about a database, as data. No code elsewhere tests a database's name.

    Attributes
    ----------
    id, title, summary : str
        Name in visq, name in the field, one line on what it holds.
    kind : str
        `fr` image with reference, `nr` image alone, `pairs` choices between two images, `stereo` pairs of views,
        `video`.
    score_name : str
        `MOS`, `DMOS`, ... as the paper calls it.
    lower_is_better : bool
        Direction of the score as it is stored. Nothing flips it.
    low, high : float
        Range of the score by its scale; `inf` where there is no bound (scores that were standardised). A score outside
        is an error of the files.
    images : tuple of str
        Folders that may hold the images, in the order in which they are tried; `""` is the database's own. Templates.
    references : tuple of str
        Likewise for references.
    reference : str
        Template of the path of an image's reference; empty where there is none.
    reference_second : str
        Stereo: that of the right view's reference.
    side_by_side : bool
        Stereo: each file holds the left and the right view beside each other.
    name : str
        Regular expression with named groups, searched for in the path that `Labels.image` gives, without regard to
        case. An image whose path does not match is an error.
    group : str
        Template of the content: what may not lie in two parts of a split. Empty: the reference, or the image itself.
        Upper and lower case do not tell contents apart.
    distortion, level : str
        Templates of the kind of distortion and its level.
    words : tuple
        As `Labels.words`, for all sets of labels.
    labels : tuple of Labels
        The sets of scores.
    official : str
        One line on the official split; empty where there is none.
    fractions : (float, float, float)
        Shares of train, val and test in the ten fixed splits.
    splits_of : str
        Database whose ten splits it has: the same contents at another size, or asked another question.
    count, contents : int
        Number of samples (without pristine ones) and of contents when complete; 0 where it is not known.
    counts : tuple of (labels id, int)
        Number of samples where a set of labels has another.
    sizes : tuple of (width, height)
        Sizes that its images have; empty where they vary.
    same_size : bool
        Whether an image is as large as its reference.
    roots : tuple of str
        Sub-folders that may lie between the root a user names and the database, tried after the root itself.
    licence : str
        Under which one may use it, in a few words, as its home page or paper says.
    paper, homepage : str
        Where it is described and where it is asked for.
    layout : str
        How its layout was learned: `read` or `recalled`.
    source : str
        Where it was read.
    note : str
        What a user should know.
    aliases : tuple of str
        Other names.
    """

    id: str
    title: str
    summary: str
    kind: Kind
    score_name: str
    lower_is_better: bool
    low: float
    high: float
    images: tuple[str, ...]
    labels: tuple[Labels, ...]
    licence: str
    paper: str
    homepage: str
    layout: Literal["read", "recalled"]
    source: str
    references: tuple[str, ...] = ()
    reference: str = ""
    reference_second: str = ""
    side_by_side: bool = False
    name: str = ""
    group: str = ""
    distortion: str = ""
    level: str = ""
    words: Words = ()
    official: str = ""
    fractions: tuple[float, float, float] = (0.6, 0.2, 0.2)
    splits_of: str = ""
    count: int = 0
    contents: int = 0
    counts: tuple[tuple[str, int], ...] = ()
    sizes: tuple[tuple[int, int], ...] = ()
    same_size: bool = True
    roots: tuple[str, ...] = ()
    note: str = ""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sample:
    """One rated image. Paths are relative to the root of the database; `reference` is empty where there is none.

    `score` and `std` are those of the label file, in its own scale and direction; `std` is NaN where none is given.
    `group` is the content, `part` the official part. Stereo: `right` and `reference_right` are the right views, empty
    where each file holds both.
    """

    image: str
    reference: str
    score: float
    std: float
    group: str
    distortion: str = ""
    level: str = ""
    part: str = ""
    right: str = ""
    reference_right: str = ""


@dataclass(frozen=True, slots=True)
class PairSample:
    """One choice between two images. `preference` is the share of people, 0 to 1, who preferred the first."""

    reference: str
    first: str
    second: str
    preference: float
    group: str
    distortion: str = ""
    level: str = ""
    part: str = ""
