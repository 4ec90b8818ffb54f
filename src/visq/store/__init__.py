"""Tables of scores: the journal of a run (`journal`), what it is written out to (`tables`), and how names are kept."""
