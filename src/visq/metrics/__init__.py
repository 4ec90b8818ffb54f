"""Classical metrics: one file a paper, a pure function first. The catalogue says which function is which metric."""
