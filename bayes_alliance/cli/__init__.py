"""The command line: one file a command, each calling public functions only."""
