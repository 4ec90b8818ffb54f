"""The environment variables that visq reads, as data, for `visq doctor` and the documentation."""

from __future__ import annotations

VARIABLES: dict[str, str] = {
    "VISQ_THREADS": (
        "Threads for the NumPy engine and for graphs, and images that `visq score` and `visq compare` have in work "
        "together, 1 or more. Default: the cores this process may use. Scores are bitwise the same for any number."
    ),
    "VISQ_WEIGHTS": (
        "Folder, or several separated as in PATH, searched first for the parameter files of metrics. A file in it must "
        "have the right hash."
    ),
    "VISQ_CACHE": (
        "Folder for what `visq weights fetch` takes from the network, in place of `visq` in the user's cache."
    ),
    "VISQ_SHARED": ("Tests only: folder of reference images and published values. Tests that need it skip without it."),
}

#: Not ours, but they decide where compiled kernels are kept and how many cores other libraries take.
OTHERS: dict[str, str] = {
    "NUMBA_CACHE_DIR": "Numba's: folder for compiled kernels. Set it where the installation is read-only.",
    "NO_COLOR": "No colours on the terminal.",
}
