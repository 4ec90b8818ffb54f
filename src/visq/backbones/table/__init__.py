"""Every network as data, one module a family of designs. No module here imports an implementation."""

from __future__ import annotations

#: Modules with a tuple `SPECS`, in the order in which networks are shown.
MODULES = ("plain", "residual", "mobile", "transformer")
