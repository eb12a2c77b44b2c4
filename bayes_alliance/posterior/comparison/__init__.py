"""Models compared by what they predict of rows and of groups left out."""
