"""What to expect: predictions, contrasts and slopes, for groups seen, new and average."""
