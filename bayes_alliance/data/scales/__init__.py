"""Scores of questionnaires: keys, scoring, reliability."""
