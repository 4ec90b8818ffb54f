"""The 25 distortions of KADID-10k and of its unlabelled sister KADIS-700k."""

from __future__ import annotations

from visq.distortions.spec import Bank, BankEntry

BANK = Bank(
    id="kadid10k",
    title="KADID-10k",
    source=(
        "H. Lin, V. Hosu, D. Saupe: KADID-10k: A Large-scale Artificially Distorted IQA Database. QoMEX 2019; levels "
        "read in the authors' MATLAB generator imdist_generator.m and its functions"
    ),
    note=(
        "As in the authors' program, distortions act on the picture stretched to 0..1 by its own extremes, and what "
        "they give is stretched likewise: a mean shift so turns into a change of contrast. Here the result is then "
        "brought back to the range of the picture, which changes nothing where that went from black to white. Numbers "
        "7, 18 and 25 do not get more severe from level to level."
    ),
    stretch=True,
    entries=(
        BankEntry(
            1,
            "Gaussian blur",
            "gaussian_blur",
            (0.1, 0.5, 1.0, 2.0, 5.0),
            options=(("truncate", 2.0),),
            note="MATLAB's filter ends at two standard deviations.",
        ),
        BankEntry(2, "Lens blur", "lens_blur", (1.0, 2.0, 4.0, 6.0, 8.0)),
        BankEntry(
            3,
            "Motion blur",
            "motion_blur_any",
            (1.0, 2.0, 4.0, 6.0, 10.0),
            note="Level 1, a stroke of 1 pixel, changes nothing.",
        ),
        BankEntry(4, "Color diffusion", "colour_diffuse", (1.0, 3.0, 6.0, 8.0, 12.0)),
        BankEntry(5, "Color shift", "colour_shift", (1.0, 3.0, 6.0, 8.0, 12.0)),
        BankEntry(
            6,
            "Color quantization",
            "few_colours",
            (64.0, 48.0, 32.0, 16.0, 8.0),
            note="A palette of minimum variance with diffused error, as by MATLAB's rgb2ind, but not the same colours.",
        ),
        BankEntry(7, "Color saturation 1", "saturate_hsv", (0.4, 0.2, 0.1, 0.0, -0.4), monotone=False),
        BankEntry(8, "Color saturation 2", "saturate_lab", (1.0, 2.0, 3.0, 6.0, 9.0), note="Level 1 changes nothing."),
        BankEntry(9, "JPEG2000", "jpeg2000", (16.0, 32.0, 45.0, 120.0, 400.0)),
        BankEntry(10, "JPEG", "jpeg", (43.0, 36.0, 24.0, 7.0, 4.0)),
        BankEntry(11, "White noise", "gaussian_noise", (0.001, 0.002, 0.003, 0.005, 0.01)),
        BankEntry(12, "White noise in color component", "colour_noise", (0.0001, 0.0005, 0.001, 0.002, 0.003)),
        BankEntry(
            13, "Impulse noise", "impulse_noise", (0.001, 0.005, 0.01, 0.02, 0.03), options=(("per_channel", True),)
        ),
        BankEntry(14, "Multiplicative noise", "multiplicative_noise", (0.001, 0.005, 0.01, 0.02, 0.05)),
        BankEntry(
            15,
            "Denoise",
            "denoise_dct",
            (0.01, 0.03, 0.05, 0.1, 0.15),
            note="The noise is the authors'; it is removed by transform thresholds and not by their network DnCNN.",
        ),
        BankEntry(16, "Brighten", "brighten", (0.1, 0.2, 0.4, 0.7, 1.1)),
        BankEntry(17, "Darken", "darken", (0.05, 0.1, 0.2, 0.4, 0.8)),
        BankEntry(
            18,
            "Mean shift",
            "mean_shift",
            (0.15, 0.08, 0.0, -0.08, -0.15),
            monotone=False,
            note="Level 3 changes nothing.",
        ),
        BankEntry(19, "Jitter", "jitter", (0.05, 0.1, 0.2, 0.5, 1.0)),
        BankEntry(20, "Non-eccentricity patch", "move_patches", (20.0, 40.0, 60.0, 80.0, 100.0)),
        BankEntry(
            21,
            "Pixelate",
            "pixelate",
            (0.01, 0.05, 0.1, 0.2, 0.5),
            options=(("round_up", True),),
            note="MATLAB's rounding also moves the picture, by up to a pixel at its far sides.",
        ),
        BankEntry(
            22,
            "Quantization",
            "quantization_adaptive",
            (20.0, 16.0, 13.0, 10.0, 7.0),
            note="The thresholds are the best ones; MATLAB's multithresh searches for them and stops near them.",
        ),
        BankEntry(23, "Color block", "colour_blocks", (2.0, 4.0, 6.0, 8.0, 10.0)),
        BankEntry(24, "High sharpen", "unsharp_mask", (1.0, 2.0, 3.0, 6.0, 12.0)),
        BankEntry(25, "Contrast change", "contrast_curve", (0.3, 0.15, 0.0, -0.4, -0.6), monotone=False),
    ),
)
