"""A line through frozen features: ridge regression, its strength searched inside the training part, in one file.

Systems that end in such a read-out have a row in `visq.systems.readout.systems` and are fitted by `visq fit`.
"""
