"""What a table's columns mean: a record, its files, and how it is applied to a table."""
