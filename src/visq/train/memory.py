"""What a process does with memory that a training step has let go of."""

from __future__ import annotations

import platform
import sys

# Of glibc's malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_LARGEST = 2**31 - 1


def keep_freed() -> bool:
    """Let the process keep what it frees for what it needs next, where its C library is glibc; else nothing happens.

    By default blocks of more than 32 MB go back to the system whenever they are freed, and the maps of a batch are as
    large: every step asks for all of its memory anew, page by page, which took a third of its time. No number changes.
    For processes that do nothing else but train: the setting is of the whole process and stays.

    Returns
    -------
    bool
        Whether it is so now.
    """
    if sys.platform != "linux" or platform.libc_ver()[0] != "glibc":
        return False
    import ctypes

    mallopt = ctypes.CDLL(None).mallopt
    return bool(mallopt(_MMAP_THRESHOLD, _LARGEST)) and bool(mallopt(_TRIM_THRESHOLD, -1))


__all__ = ["keep_freed"]
