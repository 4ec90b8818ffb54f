"""From the votes of people to labels: mean opinion scores, screening of observers, scales from choices of pairs.

- `Votes`, `read_votes`, `differential_votes`, `z_scores`: raw votes (`votes`).
- `mos`, `dmos`: means with confidence intervals (`mos`).
- `screen_bt500`, `screen_correlation`: whom to leave out (`screening`).
- `remove_bias`, `recover`: what to do instead (`recovery`).
- `Pairs`, `count_pairs`, `bradley_terry`, `thurstone`: a scale from choices (`pairs`, `pair_scaling`).
- `elo`: ratings as PIPAL's (`elo`).
"""

from __future__ import annotations

from visq.evaluate.raters.elo import EloRatings, elo, expected_score
from visq.evaluate.raters.mos import MeanOpinion, dmos, mos
from visq.evaluate.raters.pair_scaling import Scale, bradley_terry, thurstone
from visq.evaluate.raters.pairs import Pairs, count_pairs
from visq.evaluate.raters.recovery import Recovered, recover, remove_bias
from visq.evaluate.raters.screening import Bt500Screening, CorrelationScreening, screen_bt500, screen_correlation
from visq.evaluate.raters.votes import Votes, differential_votes, read_votes, z_scores

__all__ = [
    "Bt500Screening", "CorrelationScreening", "EloRatings", "MeanOpinion", "Pairs", "Recovered", "Scale", "Votes",
    "bradley_terry", "count_pairs", "differential_votes", "dmos", "elo", "expected_score", "mos", "read_votes",
    "recover", "remove_bias", "screen_bt500", "screen_correlation", "thurstone", "z_scores",
]  # fmt: skip
