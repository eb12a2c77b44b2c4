"""The collapsed density of one grouping factor."""
