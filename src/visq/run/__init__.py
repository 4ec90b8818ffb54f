"""Scoring many files: what to score (`plan`, `pairing`), how to score it (`shard`), and who does the work (`local`).

`shard.score_shard` knows nothing of processes, tables or terminals. `local.in_process` and `local.in_workers` call the
same code and yield the same records, so their tables are equal once sorted. Nothing here loads a numerical library
until a score is computed.
"""
