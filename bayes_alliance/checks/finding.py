"""One finding of a check: what, where, how far over which threshold, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bayes_alliance.errors import Place, Words, in_words, words_for

Level = Literal["fine", "caution", "bad"]
# Whether the draws are the posterior of this model, or whether the model is one to answer with.
About = Literal["draws", "model"]
SEVERITY: dict[Level, int] = {"fine": 0, "caution": 1, "bad": 2}


@dataclass(frozen=True, kw_only=True)
class Misfit:
    """What a model does not reproduce, and what of its answers hangs on that.

    Parameters
    ----------
    features
        Each feature of the outcome with its figures, as it stands within a sentence.
    may_change, changes_less
        What a model that reproduces it may answer otherwise, and what less.
    small
        Whether data and model differ little in each feature, however surely they do.
    """

    features: tuple[str, ...]
    may_change: tuple[str, ...]
    changes_less: tuple[str, ...] = ()
    small: bool = False

    @property
    def clause(self) -> str:
        """What is not reproduced, within a sentence: two features with their figures."""
        quite = " quite" if self.small else ""
        return f"the model does not{quite} reproduce {in_words(self.features, shown=2)}"

    @property
    def consequence(self) -> str:
        """Which answers another model may give otherwise, within a sentence."""
        least = ""
        if self.changes_less:
            rest = in_words(self.changes_less)
            least = f", but hardly {rest}" if self.small else f", and to a lesser degree {rest}"
        them = "it" if len(self.features) == 1 else "them"
        return f"a model that reproduces {them} may change {in_words(self.may_change)}{least}"


def merged_misfits(misfits: Sequence[Misfit]) -> Misfit:
    """Return several as one: changed less is only what each of them changes less."""
    may = dict.fromkeys(what for own in misfits for what in own.may_change)
    less = [
        what
        for what in misfits[0].changes_less
        if all(what in own.changes_less for own in misfits) and what not in may
    ]
    return Misfit(
        features=tuple(what for own in misfits for what in own.features),
        may_change=tuple(may),
        changes_less=tuple(less),
        small=all(own.small for own in misfits),
    )


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
    misfit
        What the model does not reproduce, where the finding is about that.
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
    misfit: Misfit | None = None

    def said_in(self, place: Place) -> str:
        """Return the finding and what to do in the words of the place where it is shown."""
        return f"{self.message} {words_for(self.remedy, place)}".rstrip()

    def __str__(self) -> str:
        """Return the finding as one line, in the words of Python."""
        return f"{self.level}: {self.said_in('python')}"
