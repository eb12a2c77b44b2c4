"""``python -m bayes_alliance`` is the command ``bayes-alliance``."""

from bayes_alliance.cli.main import main

if __name__ == "__main__":
    main()
