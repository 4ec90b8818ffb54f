"""Shared mathematics, one implementation of each operation, with a NumPy and a torch engine."""
