"""Marginal likelihoods by bridge sampling, and Bayes factors with the priors they hang on."""
