"""Seeded, levelled degradations of pictures, as data; `visq.distort` applies them.

>>> spec = get("gaussian_blur")
>>> spec.family, spec.amounts[0] < spec.amounts[4]
('blur', True)
>>> [bank.id for bank in banks()]
['reiqa', 'kadid10k', 'tid2013']

Importing this package loads no numerical library.
"""

from __future__ import annotations

from visq.distortions.registry import bank, banks, get, ids, specs
from visq.distortions.spec import LEVELS, Bank, BankEntry, DistortionSpec

__all__ = ["LEVELS", "Bank", "BankEntry", "DistortionSpec", "bank", "banks", "get", "ids", "specs"]
