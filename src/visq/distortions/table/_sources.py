"""Where operators and levels come from, said once."""

from __future__ import annotations

REIQA = (
    "Levels of Re-IQA's released distortion code (A. Saha, S. Mishra, A. C. Bovik: Re-IQA: Unsupervised Learning for "
    "Image Quality Assessment in the Wild. CVPR 2023)"
)
KADID = (
    "Levels of KADID-10k's released generator (H. Lin, V. Hosu, D. Saupe: KADID-10k: A Large-scale Artificially "
    "Distorted IQA Database. QoMEX 2019)"
)
TID = (
    "A type of TID2013 (N. Ponomarenko et al.: Image database TID2013: Peculiarities, results and perspectives. "
    "Signal Processing: Image Communication 30, 2015), whose program is not published; the operator is a "
    "reconstruction"
)
OWN = "Levels chosen for this table, from just visible to severe"
TID_READ = (
    "Levels of TID2013, found from the PSNR that comes with the database for each of its pictures: they give it to "
    "four digits"
)
