"""The families of outcomes, a file each: all that is true of a family stands in its own."""
