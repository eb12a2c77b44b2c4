"""Data: reading client tables, looking at their groups, and simulating studies of known truth."""
