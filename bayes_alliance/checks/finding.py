"""One finding of a check: what, where, how far over which threshold, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bayes_alliance.errors import Place, Words, words_for

Level = Literal["fine", "caution", "bad"]
# Whether the draws are the posterior of this model, or whether the model is one to answer with.
About = Literal["draws", "model"]
SEVERITY: dict[Level, int] = {"fine": 0, "caution": 1, "bad": 2}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One result of one check.

    Parameters
    ----------
    level
        ``"fine"``, ``"caution"`` (read on with care) or ``"bad"`` (do not conclude).
    code
        Stable name, for programs: ``divergences``, ``r_hat``, ``stuck_chain``.
    where
        The parameters or groups it is about.
    value, threshold
        What was found and what it was held against; NaN where there is no number.
    message
        What was found, in a sentence.
    remedy
        What to do, in a sentence, or as an Advice where the command line does it otherwise; empty
        where all is well.
    unnamed
        The message without ids, for a report that is to name nobody; empty where it names none.
    columns
        The columns of the table that it is about, of what was seen in the data.
    about
        ``"draws"`` or ``"model"``: the part of the verdict that it belongs to.
    """

    level: Level
    code: str
    where: str
    value: float
    threshold: float
    message: str
    remedy: Words = ""
    unnamed: str = ""
    columns: tuple[str, ...] = ()
    about: About = "draws"

    def said_in(self, place: Place) -> str:
        """Return the finding and what to do in the words of the place where it is shown."""
        return f"{self.message} {words_for(self.remedy, place)}".rstrip()

    def __str__(self) -> str:
        """Return the finding as one line, in the words of Python."""
        return f"{self.level}: {self.said_in('python')}"
