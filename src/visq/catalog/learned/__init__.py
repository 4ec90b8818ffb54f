"""Metrics that rest on trained networks: they need `visq[torch]` and files of weights."""

from __future__ import annotations

from visq.catalog.learned import dependence, loda, opinion, pmt, probe, reiqa, similarity, transport

SPECS = (
    *similarity.SPECS,
    *transport.SPECS,
    *dependence.SPECS,
    *opinion.SPECS,
    *loda.SPECS,
    *pmt.SPECS,
    *reiqa.SPECS,
    *probe.SPECS,
)
