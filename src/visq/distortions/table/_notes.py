"""What several tables say of depth and of levels, said once."""

from __future__ import annotations

SURROGATE = (
    "No depth is estimated: distance grows from the lower edge of the picture to seven tenths of its height, with "
    "smooth random variation."
)
BY_SSIM = (
    "Levels chosen for this table so that SSIM, the mean of Kodak photographs, falls in about equal steps from 0.95 to "
    "0.99 at level 1 to 0.4 to 0.75 at level 5"
)
