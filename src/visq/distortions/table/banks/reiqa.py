"""The 26 distortions on which the quality encoder of Re-IQA is trained."""

from __future__ import annotations

from visq.distortions.spec import Bank, BankEntry

_RESIZE = (2.0, 3.0, 4.0, 8.0, 16.0)

BANK = Bank(
    id="reiqa",
    title="Re-IQA",
    source=(
        "A. Saha, S. Mishra, A. C. Bovik: Re-IQA: Unsupervised Learning for Image Quality Assessment in the Wild. "
        "CVPR 2023; released code, commit 290632a"
    ),
    note=(
        "Levels 1 to 5 are the code's 0 to 4. The paper counts 25 types, the code has these 26. Numbers 5, 15 and 18 "
        "do not get more severe from level to level. Blurs are exact where the code takes Pillow's approximation by "
        "boxes, and filters for resizing mirror the border where Pillow's end at it."
    ),
    entries=(
        BankEntry(1, "gaussian_blur", "gaussian_blur", (0.1, 0.5, 1.0, 2.0, 5.0)),
        BankEntry(2, "lens_blur", "lens_blur", (1.0, 2.0, 4.0, 6.0, 8.0)),
        BankEntry(3, "color_diffuse", "colour_diffuse", (1.0, 3.0, 6.0, 8.0, 12.0)),
        BankEntry(
            4,
            "color_shift",
            "colour_shift",
            (1.0, 3.0, 6.0, 8.0, 12.0),
            note="The code rolls the flattened plane by the sum of both components; here it is a true displacement.",
        ),
        BankEntry(5, "color_saturate_hsv", "saturate_hsv", (0.4, 0.2, 0.1, 0.0, -0.4), monotone=False),
        BankEntry(6, "saturate_lab", "saturate_lab", (1.0, 2.0, 3.0, 6.0, 9.0), note="Level 1 changes nothing."),
        BankEntry(7, "jpeg", "jpeg", (70.0, 43.0, 36.0, 24.0, 7.0)),
        BankEntry(8, "noise_gauss", "gaussian_noise", (0.001, 0.002, 0.003, 0.005, 0.01)),
        BankEntry(9, "noise_color", "colour_noise", (0.0001, 0.0005, 0.001, 0.002, 0.003)),
        BankEntry(10, "noise_impulse", "impulse_noise", (0.001, 0.005, 0.01, 0.02, 0.03)),
        BankEntry(11, "noise_multiplicative", "multiplicative_noise", (0.001, 0.005, 0.01, 0.02, 0.05)),
        BankEntry(12, "denoise", "denoise", (0.001, 0.002, 0.003, 0.005, 0.01)),
        BankEntry(13, "brighten", "brighten", (0.1, 0.2, 0.4, 0.7, 1.1)),
        BankEntry(14, "darken", "darken", (0.05, 0.1, 0.2, 0.4, 0.8)),
        BankEntry(
            15,
            "mean_shift",
            "mean_shift",
            (0.15, 0.08, 0.0, -0.08, -0.15),
            monotone=False,
            note="Level 3 changes nothing.",
        ),
        BankEntry(16, "resize_bicubic", "resize_bicubic", _RESIZE),
        BankEntry(
            17,
            "sharpen_hi",
            "sharpen",
            (1.0, 2.0, 3.0, 6.0, 12.0),
            note="The code converts 0..255 values as if they lay in 0..1, which saturates; here they are scaled.",
        ),
        BankEntry(
            18,
            "contrast",
            "contrast_curve",
            (0.3, 0.15, 0.0, -0.4, -0.6),
            monotone=False,
            note="The code smooths the five points to one cubic; here the curve goes through them.",
        ),
        BankEntry(19, "color_block", "colour_blocks", (2.0, 4.0, 6.0, 8.0, 10.0)),
        BankEntry(20, "pixelate", "pixelate", (0.01, 0.05, 0.1, 0.2, 0.5)),
        BankEntry(21, "non_eccentricity", "move_patches", (20.0, 40.0, 60.0, 80.0, 100.0)),
        BankEntry(22, "jitter", "jitter", (0.05, 0.1, 0.2, 0.5, 1.0)),
        BankEntry(23, "resize_bilinear", "resize_bilinear", _RESIZE),
        BankEntry(24, "resize_nearest", "resize_nearest", (2.0, 3.0, 4.0, 5.0, 6.0)),
        BankEntry(25, "resize_lanczos", "resize_lanczos", _RESIZE),
        BankEntry(26, "motion_blur", "motion_blur", (12.0, 16.0, 20.0, 24.0, 28.0)),
    ),
)
