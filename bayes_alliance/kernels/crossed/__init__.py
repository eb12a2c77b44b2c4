"""The collapsed density of several grouping factors, nested or crossed."""
