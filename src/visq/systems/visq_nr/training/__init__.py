"""How visq-nr is trained: what it reads (`material`), what is minimised and measured (`objective`), the recipe
(`recipe`), and the file that comes of it (`finish`).
"""
