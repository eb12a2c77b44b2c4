"""The command ``models``: what the model library answers."""

from __future__ import annotations

import textwrap


def show_models() -> None:
    """List the library's models and their questions."""
    from bayes_alliance.model.library import list_models

    for model in list_models().models:
        print(model.name)
        print(textwrap.fill(model.question, 88, initial_indent="  ", subsequent_indent="  "))
        print(f"  {model.formula}  ({model.family})")
        for word, meaning in model.columns.items():
            print(f"    {word}: {meaning}")
        print()
    print("Use one: bayes-alliance report FILE --model NAME [--column WORD=YOUR_COLUMN ...]")
