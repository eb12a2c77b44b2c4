"""What is handed in: tables, figures, sentences, the page."""
