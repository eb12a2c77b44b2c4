"""A report as a Word document: text, tables, formulas, and how they look."""
