"""Whether to believe it: convergence, predictive checks, prior sensitivity, the verdict."""
