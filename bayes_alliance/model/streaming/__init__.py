"""Models of tables that are read in passes and never held."""
