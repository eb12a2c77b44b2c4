"""One file an engine, one contract for all."""
