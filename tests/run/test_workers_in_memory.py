"""How many workers the memory that is free has room for."""

from __future__ import annotations

import pytest

from visq.run.processes import fitting

MEMINFO = "MemTotal:       24642208 kB\nMemFree:         1542208 kB\nMemAvailable:   {} kB\n"


@pytest.mark.parametrize(
    ("available", "limit", "wanted"),
    [
        (8_000_000, "max", 6),  # 8.19 GB
        (80_000_000, "max", 16),
        (500_000, "max", 1),
        (80_000_000, "4000000000", 3),  # a container's
        (2_000_000, "64000000000", 1),
    ],
)
def test_workers_take_a_billion_and_a_quarter_bytes_each(tmp_path, available, limit, wanted):
    memory, most = tmp_path / "meminfo", tmp_path / "memory.max"
    memory.write_text(MEMINFO.format(available))
    most.write_text(limit + "\n")
    assert fitting(16, memory, most) == wanted


def test_where_the_system_does_not_tell_there_are_as_many_as_asked(tmp_path):
    assert fitting(16, tmp_path / "none", tmp_path / "none") == 16
    (tmp_path / "odd").write_text("MemAvailable:\n")
    assert fitting(5, tmp_path / "odd", tmp_path / "odd") == 5
