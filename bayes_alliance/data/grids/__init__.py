"""Where in a grid of cells the table is: its names, its first row, its last."""
