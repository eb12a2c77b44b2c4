"""A report made again from its own record, and held against what it says and shows."""
