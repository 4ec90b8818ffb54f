"""What a file says of itself, read without decoding: size, depth, frames, profile, and whether it is all there.

Every scanner takes the bytes and the limits, checks the claimed size before anything else is believed, and returns a
`Header`. Scanners read structure only; they allocate no pixels.
"""

from __future__ import annotations

from visq.media.headers.base import Header, scan

__all__ = ["Header", "scan"]
