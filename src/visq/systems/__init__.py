"""Metrics that rest on trained networks, one file or folder a paper. They need torch, or a graph that was exported."""
