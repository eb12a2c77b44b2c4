"""Notes about a table before a model is fitted: what is odd in it, and what to do."""
