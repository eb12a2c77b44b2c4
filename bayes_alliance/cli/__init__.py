"""The command line: commands that call public functions, their options, and words for failures."""
