"""Three questions to a table, as the seed study of ARCHITECTURE.md asks them: verb and record."""
