"""Does half of an image decide? The question of a paper, asked of several models over rated photographs.

`run` measures every model on every picture, keeps what it measured, and gives `Results`: agreement with people of whole
pictures and of critical, trivial and random halves, a model's own and those another model chose; the same over the
share of a picture that is kept; the agreement of importance with saliency, frequency and objectness against two
baselines; and a verdict on each of the paper's four claims, by rules that stand in `claims`.

**Cost.** A picture of n cells costs a model, with K other models in the study:

=====================  ===================================  ============================================================
part                   masked pictures                      remark
=====================  ===================================  ============================================================
importance, `half`     20 n, to 80 n at level `token`       random halves and a fit; doubled while two sets disagree
importance, `loo`      n                                    one cell left out at a time: cnniqa, nima, loda
the whole, its halves  6                                    scored again beside the parts they are compared with
random halves          10
growing shares         20                                   ten, the most important cells first and the least
halves of the others   2 K
=====================  ===================================  ============================================================

At level `token`, n is at most 192 and the network looks at the picture once. All of these are then sums over its
cells (cnniqa and nima: 0.03 seconds for a picture of 512 x 512 on one core, visq_nr a quarter of one), or runs of a
small transformer over its tokens (pmt of the small size: a second). Of loda each is a run over fifteen crops, and n at
most 64. At level `pixel` each of them is a picture scored anew: n is at most 48, importance takes 20 n and no more, so
that a picture costs up to 1000 scores of that metric (brisque: 36 squares, 3 to 5 seconds). The measures take one look
at each picture.

Importing this package loads nothing heavy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from visq.lazy import names as _names

_LAZY = {
    "Claim": "claims",
    "Model": "models",
    "Picture": "pictures",
    "Results": "results",
    "choose": "pictures",
    "model": "models",
    "run": "running",
}

__all__ = ["Claim", "Model", "Picture", "Results", "choose", "model", "run"]

if TYPE_CHECKING:
    from visq.explain.study.claims import Claim
    from visq.explain.study.models import Model, model
    from visq.explain.study.pictures import Picture, choose
    from visq.explain.study.results import Results
    from visq.explain.study.running import run

__getattr__ = _names(__name__, _LAZY)


def __dir__() -> list[str]:
    return sorted(__all__)
