"""How much of the variance lies where: shares, curves, correlations of clients, odds ratios."""
