"""Rated databases scored with metrics, and the metrics judged by them: what `visq bench` does, a step a module.

`plan` (which pictures, which metrics), `scoring` (a resumable table of scores for each database), `timing` (processor
time), `judging` (agreement with people, significance), `overall` (several databases), `provenance` (how it was made),
and what is written: `tables`, `plots`, `page`.

Importing this package loads nothing heavy.
"""
