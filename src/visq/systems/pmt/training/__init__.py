"""How the network is trained: maps of the frozen part of the trunk (`maps`), what is read (`material`), what is
minimised and measured (`objective`), and the recipes `pmt` (`full`) and `pmt-small` (`small`).
"""
