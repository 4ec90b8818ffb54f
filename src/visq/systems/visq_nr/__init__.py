"""visq-nr, the no-reference metric that ships: scores of photographs as people would give them.

`design` says what the network is, `grid` and `planes` how a picture of any size comes to it, `statistics` what is
taken of it, `model` runs the file that ships without torch, `score` has the functions. `network`, `folding`, `export`
and `torch_model` need torch: training, writing the file, gradients.
"""

from __future__ import annotations

from visq.systems.visq_nr.score import Opinion, opinion, visq_nr

__all__ = ["Opinion", "opinion", "visq_nr"]
