"""Claims judged by their probability, in one small language."""
