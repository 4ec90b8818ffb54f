"""The distortions as tables, one module a family. Nothing here imports an implementation."""
