"""How it is computed: engines, the run, the fit and how it is kept."""
