"""One of several processes that exchange rows: prints what it got. Started by the tests, with its rank and a file."""

from __future__ import annotations

import json
import sys

import torch
from torch import distributed

from visq.systems.reiqa.exchange import shuffled

rank, count, store = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
torch.set_num_threads(1)
distributed.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=count)
torch.manual_seed(100 + rank)
# Processes of 3 and 2 rows; the work tells who did it.
rows = torch.arange(3.0) if rank == 0 else torch.arange(3.0, 5.0)
made, first = shuffled(rows[:, None], lambda part: torch.cat([part * 10, torch.full_like(part, rank)], dim=1))
print(json.dumps({"made": made.tolist(), "first": first}))
distributed.destroy_process_group()
