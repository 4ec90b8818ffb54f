"""Videos scored frame by frame: pairing, curves, pooling, pictures of curves. `visq.score_video` is the way in.

Frames come from `visq.media.video`, metrics from the catalogue; nothing here knows a metric by name.
"""

from __future__ import annotations
