"""The collapsed engine: coefficients and group effects integrated out, the rest by NUTS."""
