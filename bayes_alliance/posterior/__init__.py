"""What the posterior says: summaries, variance shares, group effects."""
