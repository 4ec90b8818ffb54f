"""Agreement within each distortion, each content, or any other label."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from visq.errors import VisqWarning
from visq.evaluate.agreements import Agreement, measured
from visq.evaluate.correlation import root_mean_square
from visq.evaluate.inputs import Codes, labels, pair, positive
from visq.evaluate.logistic import Fit, FitKind

_FEWEST = 3


def breakdown(
    predictions: Any,
    scores: Any,
    by: Any,
    *,
    std: Any = None,
    votes: Any = None,
    groups: Any = None,
    lower_is_better: bool = False,
    scores_lower_is_better: bool = False,
    model: FitKind = "logistic5",
    level: float = 0.95,
    samples: int = 1000,
    seed: int = 0,
) -> dict[Any, Agreement]:
    """`agreement` of the items of each label apart: per distortion, per content.

    Each part has a fit of its own. Labels come in the order of their first appearance. Where a label has fewer than 3
    items, or predictions or scores that are all equal, its correlations are NaN and `notes` says why; one `VisqWarning`
    names these labels.

    Parameters
    ----------
    by : sequence, (n,)
        The label of each item.
    predictions, scores, std, votes, groups, lower_is_better, scores_lower_is_better, model, level, samples, seed
        As `agreement` has them. For a breakdown by content leave `groups` out: there every item is its own.

    Returns
    -------
    dict
        Label to Agreement.

    Examples
    --------
    >>> found = breakdown([1, 2, 3, 4, 6, 5], [1, 2, 3, 1, 2, 3], ["blur"] * 3 + ["noise"] * 3, samples=0)
    >>> {label: round(part.srcc, 2) for label, part in found.items()}
    {'blur': 1.0, 'noise': 0.5}
    """
    x, y = pair(predictions, scores)
    codes, names = labels(by, x.size, "by")
    columns = {
        "std": None if std is None else positive(std, x.size, "std", zero=True),
        "votes": None if votes is None else positive(votes, x.size, "votes", zero=False),
    }
    content = None if groups is None else labels(groups, x.size, "groups")[0]
    result: dict[Any, Agreement] = {}
    for code, name in enumerate(names):
        of = np.flatnonzero(codes == code)
        if of.size < _FEWEST:
            note = f"only {of.size} items: correlations need {_FEWEST}"
            error = root_mean_square(x[of], y[of])
            nothing = math.nan
            fit = Fit("none", (), note)
            result[name] = Agreement(
                of.size, nothing, nothing, nothing, error, nothing, nothing, fit, groups=_count(content, of),
                unit="items" if groups is None else "contents", level=level, notes=(note,),
            )  # fmt: skip
            continue
        result[name] = measured(
            x[of], y[of], **{key: None if column is None else column[of] for key, column in columns.items()},
            groups=None if content is None else content[of], lower_is_better=lower_is_better,
            scores_lower_is_better=scores_lower_is_better, model=model, level=level, samples=samples, seed=seed,
        )  # fmt: skip
    undefined = [str(name) for name, part in result.items() if math.isnan(part.srcc)]
    if undefined:
        warnings.warn(f"correlations are undefined (NaN) for {', '.join(undefined)}: see notes", VisqWarning, 2)
    return result


def _count(content: Codes | None, of: Codes) -> int:
    return int(of.size if content is None else np.unique(content[of]).size)
