"""What the posterior says: summaries, variance shares, group effects."""

from bayes_alliance.posterior.without_docstrings import ready_arviz

ready_arviz()
