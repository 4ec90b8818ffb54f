"""The perceptual probe: how well distances inside pre-trained networks agree with people, and why.

Networks x layers x read-outs x rated databases give one table, each row with an interval over contents. Nothing is
trained for the plain read-outs; the fitted relevance of channels is tested on contents it has not seen.

>>> import visq.probe
>>> [one.name for one in visq.probe.readouts("l2,cosine")]
['l2', 'cosine']

`run` makes the table, `curve`, `compare` and `conclusions` read it, `fit_relevance` weighs the channels of one layer.
The method is that of P. Hernandez-Camara, J. Vila-Tomas, V. Laparra and J. Malo, "Analysis of Deep Image Quality
Models", arXiv 2302.13345 (2023). Needs torch (`visq[torch]`); importing this package loads nothing heavy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from visq.lazy import names as _names

if TYPE_CHECKING:
    from visq.probe.comparing import compare, curve
    from visq.probe.fitting import Relevance, fit_relevance
    from visq.probe.networks import Net, Network, network, open_net
    from visq.probe.pairsets import PairSet, made_pairs, pairs
    from visq.probe.reading import readouts
    from visq.probe.running import run
    from visq.probe.table import Row, Table
    from visq.probe.verdicts import Conclusion, conclusions

__all__ = [
    "Conclusion", "Net", "Network", "PairSet", "Relevance", "Row", "Table", "compare", "conclusions", "curve",
    "fit_relevance", "made_pairs", "network", "open_net", "pairs", "readouts", "run",
]  # fmt: skip

# Modules have other names than the functions in them: a module of the same name would hide the function.
_HOME = {
    "Conclusion": "verdicts", "Net": "networks", "Network": "networks", "PairSet": "pairsets", "Relevance": "fitting",
    "Row": "table", "Table": "table", "compare": "comparing", "conclusions": "verdicts", "curve": "comparing",
    "fit_relevance": "fitting", "made_pairs": "pairsets", "network": "networks", "open_net": "networks",
    "pairs": "pairsets", "readouts": "reading", "run": "running",
}  # fmt: skip


__getattr__ = _names(__name__, _HOME)


def __dir__() -> list[str]:
    return sorted(__all__)
