"""Slopes that depend on something: simple slopes, contextual effects."""
