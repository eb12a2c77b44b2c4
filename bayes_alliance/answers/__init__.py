"""The three questions of the seed study, answered from a table in one go."""
