"""What a training reads: pictures decoded once, crops, damaged versions, features of frozen networks, as streams.

Caches lie on disk and are resumed after a kill; a batch is a function of seed and number alone. Nothing here resizes a
picture: resizing changes quality.
"""
