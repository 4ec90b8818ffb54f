"""The 24 distortions of TID2013, of which those of TID2008 are the first 17."""

from __future__ import annotations

from visq.distortions.spec import Bank, BankEntry

# The database comes with the PSNR over the colour channels of each of its pictures. These types meet one PSNR on every
# picture; the amounts of those marked read reproduce it to four digits.
_TARGETS = (33.0, 30.0, 27.0, 24.0, 21.0)
_VARIANCE = (1e-6, 1.0)

BANK = Bank(
    id="tid2013",
    title="TID2013",
    source=(
        "N. Ponomarenko et al.: Image database TID2013: Peculiarities, results and perspectives. Signal Processing: "
        "Image Communication 30, 2015; levels from metrics_values/PSNRc.txt of the database, which has one PSNR for "
        "each of its pictures"
    ),
    note=(
        "A reconstruction: no program was published. Where a range is searched, a level is set on every picture to the "
        "PSNR that the database's own pictures have, or comes as near as the operator can. Number 15 keeps its mean "
        "squared error and number 17 takes turns between less and more contrast: neither gets more severe from level "
        "to level."
    ),
    entries=(
        BankEntry(1, "Additive Gaussian noise", "gaussian_noise", _TARGETS, (), "calibrated", _VARIANCE),
        BankEntry(
            2,
            "Additive noise in color components",
            "colour_noise",
            _TARGETS,
            (("luma_gain", 0.5),),
            "calibrated",
            _VARIANCE,
            note="Half as much on Y as on Cb and Cr: what PSNR of luma and of colour in the database come to.",
        ),
        BankEntry(3, "Spatially correlated noise", "correlated_noise", _TARGETS, (), "calibrated", _VARIANCE),
        BankEntry(4, "Masked noise", "masked_noise", _TARGETS, (), "calibrated", (0.001, 100.0)),
        BankEntry(
            5,
            "High frequency noise",
            "high_frequency_noise",
            (33.0, 30.0, 25.0, 20.0, 15.0),
            (),
            "calibrated",
            _VARIANCE,
        ),
        BankEntry(
            6,
            "Impulse noise",
            "impulse_noise",
            (0.0018, 0.0038, 0.0075, 0.015, 0.03),
            (("per_channel", True),),
            "calibrated",
            note="Shares that give the PSNR of the database's pictures within 0.5 dB on three of them.",
        ),
        BankEntry(7, "Quantization noise", "quantization", (19.0, 27.0, 39.0, 55.0, 76.0)),
        BankEntry(
            8,
            "Gaussian blur",
            "gaussian_blur",
            (0.5, 0.65, 1.0, 1.7, 4.0),
            (("size", 11), ("border", "zero")),
            note="A window of 11 x 11 and black outside: the pictures have dark frames.",
        ),
        BankEntry(
            9,
            "Image denoising",
            "denoise_dct",
            (0.0006, 0.0015, 0.0038, 0.012, 0.1),
            evidence="calibrated",
            note="Noise that gives the PSNR of the database's pictures within about 1 dB on three of them.",
        ),
        BankEntry(10, "JPEG compression", "jpeg", (80.0, 60.0, 23.0, 8.0, 4.0)),
        BankEntry(11, "JPEG2000 compression", "jpeg2000", _TARGETS, (), "calibrated", (2.0, 2000.0)),
        BankEntry(
            12,
            "JPEG transmission errors",
            "jpeg_transmission",
            _TARGETS,
            (("restart_blocks", 2),),  # further apart, one error alone costs more than level 1 allows
            "calibrated",
            (1e-7, 0.01),
        ),
        BankEntry(
            13,
            "JPEG2000 transmission errors",
            "jpeg2000_transmission",
            _TARGETS,
            (("ratio", 4.0),),
            "calibrated",
            (1e-7, 0.01),
        ),
        BankEntry(
            14,
            "Non eccentricity pattern noise",
            "move_patches",
            (20.0, 35.0, 80.0, 110.0, 165.0),
            evidence="calibrated",
            note=(
                "Numbers that give the PSNR of the database's pictures within about 2 dB on three of them. The "
                "database has 33 dB at its first level on every picture; here the number is one for all."
            ),
        ),
        BankEntry(
            15,
            "Local block-wise distortions of different intensity",
            "block_offsets",
            (32.0, 16.0, 8.0, 4.0, 2.0),
            evidence="recalled",
            monotone=False,
            note="Few blocks of great intensity follow many of little; numbers and places are not published.",
        ),
        BankEntry(
            16,
            "Mean shift",
            "mean_shift",
            (-6.0 / 255, 10.0 / 255, -20.0 / 255, 30.0 / 255, -40.0 / 255),
            note="6, 10, 20, 30 and 40 of 255: darker and lighter by turns.",
        ),
        BankEntry(
            17,
            "Contrast change",
            "contrast_loss",
            (0.9, 1.2, 0.75, 1.45, 0.5),
            monotone=False,
            note="Less and more by turns.",
        ),
        BankEntry(18, "Change of color saturation", "saturate_ycbcr", _TARGETS, (), "calibrated", (1.0, -10.0)),
        BankEntry(19, "Multiplicative Gaussian noise", "multiplicative_noise", _TARGETS, (), "calibrated", _VARIANCE),
        BankEntry(20, "Comfort noise", "comfort_noise", _TARGETS, (), "calibrated", (1e-4, 10.0)),
        BankEntry(21, "Lossy compression of noisy images", "code_noisy", _TARGETS, (), "calibrated", _VARIANCE),
        BankEntry(22, "Image color quantization with dither", "few_colours", _TARGETS, (), "calibrated", (256.0, 2.0)),
        BankEntry(
            23,
            "Chromatic aberrations",
            "chromatic_aberration",
            (33.0, 28.0, 25.0, 23.0, 21.0),
            (),
            "calibrated",
            (0.01, 100.0),
        ),
        BankEntry(24, "Sparse sampling and reconstruction", "sparse_samples", _TARGETS, (), "calibrated", (0.0, 0.98)),
    ),
)
