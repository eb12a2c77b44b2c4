"""How much is explained, by what and at which level: the R2 measures."""
