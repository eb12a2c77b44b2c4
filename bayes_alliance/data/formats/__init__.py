"""The formats a table may come in: one file a way of reading, one registry of them all."""
