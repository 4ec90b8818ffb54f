"""Databases that give votes instead of a score: mean and standard deviation of the votes, and AVA's label file."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from visq.datasets.folder import Folder
from visq.datasets.spec import Table
from visq.datasets.tables import Row, matching, read
from visq.errors import DatasetError

_AVA_COUNTS = tuple(f"votes_{value}" for value in range(1, 11))

#: AVA's label file: number, image, votes for 1 to 10, two tags, contest.
AVA = Table("AVA.txt", "text", names=("", "image_id", *_AVA_COUNTS, "tag_1", "tag_2", "contest"))
_AVA_TEST = Table("aesthetics_image_lists/generic_test.jpgl", "text", names=("image_id",))


def mean_and_std(counts: Sequence[float], values: Sequence[float]) -> tuple[float, float]:
    """Mean and standard deviation of votes that are given as a histogram.

    Mean sum(n_i v_i) / n and standard deviation sqrt(sum(n_i (v_i - mean)^2) / (n - 1)) of n = sum(n_i) votes, of which
    n_i have the value v_i.

    Parameters
    ----------
    counts, values : sequence of float
        Number of votes for each value, and the values.

    Returns
    -------
    mean, std : float
        In the unit of the values. The standard deviation of a single vote is NaN.

    Raises
    ------
    DatasetError
        No votes, a negative number of them, or two sequences of different length.

    Examples
    --------
    KonIQ-10k's picture 10004473376, as its label files give it:

    >>> mean, std = mean_and_std([0, 0, 25, 73, 7], [1, 2, 3, 4, 5])
    >>> f"{mean:.6f} {std:.6f}"
    '3.828571 0.527278'
    """
    if len(counts) != len(values):
        raise DatasetError("votes and their values differ in number", expected=str(len(values)), got=str(len(counts)))
    number = math.fsum(counts)
    if min(counts, default=0) < 0 or not number > 0:
        raise DatasetError("no votes to take a mean of", got=" ".join(f"{count:g}" for count in counts))
    mean = math.fsum(n * v for n, v in zip(counts, values, strict=True)) / number
    if number <= 1:
        return mean, math.nan
    squares = math.fsum(n * (v - mean) ** 2 for n, v in zip(counts, values, strict=True))
    return mean, math.sqrt(squares / (number - 1))


def ava(folder: Folder) -> Iterator[Row]:
    """AVA's rows: its columns, `mean` and `std` of the votes, and `part` where the list of the test part is there.

    Raises
    ------
    DatasetError
        No label file, or a row whose votes are no numbers.
    """
    listed = {row["image_id"] for row in read(folder, _AVA_TEST)} if matching(folder, _AVA_TEST) else None
    values = tuple(range(1, 11))
    for row in read(folder, AVA):
        try:
            mean, std = mean_and_std([float(row[name]) for name in _AVA_COUNTS], values)
        except (ValueError, DatasetError) as error:
            raise DatasetError(f"AVA.txt, picture {row['image_id']}: {error}") from None
        part = "" if listed is None else ("test" if row["image_id"] in listed else "train")
        yield {**row, "mean": repr(mean), "std": repr(std), "part": part}
