"""The groups one by one: effects, ranks with their uncertainty, means."""
