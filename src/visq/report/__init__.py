"""What people look at: pictures of maps, and reference pages made from the catalogue and the command line.

Importing this package loads nothing; each module loads what it draws with when it is used.
"""

from __future__ import annotations
