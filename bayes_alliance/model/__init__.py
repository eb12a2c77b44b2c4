"""What is believed: formula, design, family and priors, and the PyMC model they make."""
