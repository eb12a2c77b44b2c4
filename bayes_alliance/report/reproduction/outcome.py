"""Whether a report comes out again: every number then and now, and what made them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bayes_alliance.display import as_html, as_text
from bayes_alliance.errors import listed
from bayes_alliance.report.reproduction.lines import in_print
from bayes_alliance.report.reproduction.numbers import ROUNDING
from bayes_alliance.report.wording import plural

if TYPE_CHECKING:
    import pandas as pd

    from bayes_alliance.sampling.fit import Fit

_SHOWN = 20
_PLACES = 5  # of a document, told in full


@dataclass(frozen=True, kw_only=True)
class Reproduction:
    """A report made again from its own record, held against what it says.

    Parameters
    ----------
    path
        The report.
    agree
        With the same versions: whether everything is the same but for rounding, at most a
        billionth of a number. With others: whether no number differs by more than its Monte Carlo
        error allows. In both cases the document must tell what its data say, word by word.
    same_versions
        Whether the report was made with the versions and on the kind of machine at hand, by a
        run that was not interrupted.
    same_draws
        Whether the draws are the same to the last digit.
    table
        One row a number of the report: ``reported``, ``now``, ``difference``, Monte Carlo
        ``error`` of the difference (0 for a count of rows, NaN where it is not known) and
        ``agrees`` (1, 0, or NaN where other versions made it and its error is not known).
    texts
        Where the texts of its data differ; with other versions some do.
    document
        What the report is: a page, a text, a Word document; nothing where it is its data alone.
    shown
        Where the document shows something else than the data it carries.
    writers
        What wrote the document in another version than the one at hand: where there are such,
        it may be laid out otherwise and its pictures may be others, but not its words.
    told
        Whether the document tells every word of its data and no other. Where ``shown`` names
        places and it is still true, another version laid them out otherwise.
    versions
        One row a package, Python and the machine: ``then``, ``now``, ``same``.
    fits
        The fits made again; the first is the one reported.
    """

    path: str
    agree: bool
    same_versions: bool
    same_draws: bool
    table: pd.DataFrame
    texts: tuple[str, ...]
    document: str
    shown: tuple[str, ...]
    writers: tuple[str, ...]
    told: bool
    versions: pd.DataFrame
    fits: tuple[Fit, ...]

    @property
    def differing(self) -> pd.DataFrame:
        """The rows of ``table`` that do not agree."""
        return self.table[self.table["agrees"] == 0]

    @property
    def rounded(self) -> pd.DataFrame:
        """With the same versions: the rows of ``table`` that agree, but not to the last digit."""
        agree = self.table["agrees"] == 1
        return self.table[agree & (self.table["difference"].abs() > 0) & self.same_versions]

    @property
    def sentence(self) -> str:
        """What came out, in words."""
        made = self._with_the_same() if self.same_versions else self._with_others()
        return f"{made} {self._on_the_document()}".rstrip()

    def _with_the_same(self) -> str:
        made = "Made again with the same versions on the same kind of machine, the report has"
        changed = [in_print(str(place)) for place in (*self.differing.index, *self.texts)]
        rounded = self._rounding_words()
        if not (self.same_draws or (self.differing.empty and not self.rounded.empty)):
            return (
                f"{made} other draws: its record does not name the run that made it. "
                f"{self._count()}."
            )
        if changed:
            return (
                f"{made} the same draws, but it says something else of them in "
                f"{plural(len(changed), 'place')}: "
                f"{listed(changed)}. It was changed after it was written. {rounded}".rstrip()
            )
        draws = "the same draws and " if self.same_draws else ""
        digits = f". {rounded}" if rounded else ", to the last digit."
        return f"{made} {draws}the same {len(self.table)} numbers{digits}"

    def _on_the_document(self) -> str:
        """Say where the document is not what its data are, and what that can mean."""
        if not self.document:
            return ""
        others = f"The {self.document} was written with {listed(self.writers)}"
        if not self.shown:
            if self.writers:
                return f"{others}; its words are those of its data, its pictures were not compared."
            if self.same_versions:
                return f"The {self.document} shows them, with nothing added or left out."
            return f"The {self.document} shows its own data; its pictures were not compared."
        more = len(self.shown) - _PLACES
        where = "; ".join([*self.shown[:_PLACES], *([f"and {more} more"] if more > 0 else [])])
        told = f"shows something else than its own data in {plural(len(self.shown), 'place')}"
        if self.writers and self.told:
            return (
                f"{others}, which lays it out otherwise: {where}. Its words are those of its data, "
                "its pictures were not compared."
            )
        if self.writers:
            return (
                f"{others} and {told}: {where}. Another version may word it otherwise, but it may "
                "also have been changed: whether it agrees cannot be judged here. Look there, or "
                "make the report again with those versions."
            )
        return f"The {self.document} {told}: {where}. It was changed after it was written."

    def _rounding_words(self) -> str:
        """Tell differences of rounding apart from changes."""
        if self.rounded.empty:
            return ""
        what = plural(len(self.rounded), "number differs", "numbers differ")
        return (
            f"{what} in the last digits only, by at most {ROUNDING:g} of the number: that is "
            "rounding, not a change."
        )

    def _with_others(self) -> str:
        then = self.versions[~self.versions["same"]]
        named = ((name, in_print(row["then"]), row["now"]) for name, row in then.iterrows())
        names = [f"{in_print(str(name))} {before} (here {now})" for name, before, now in named]
        made = f"The report was made with {listed(names)}" if names else "The run was interrupted"
        words = plural(len(self.texts), "sentence or cell reads", "sentences and cells read")
        texts = f" {words} otherwise with these draws and were not judged." if self.texts else ""
        return f"{made}. {self._count()}.{texts}"

    def _count(self) -> str:
        judged = self.table["agrees"].notna()
        wrong, rest = self.differing, int((~judged).sum())
        if self.same_versions:
            return f"{len(wrong)} of its {len(self.table)} numbers are others"
        if not judged.any():
            return "None of its numbers could be compared"
        kept = f"All {judged.sum()} numbers" if wrong.empty else f"{len(wrong)} of {judged.sum()}"
        found = "agree within" if wrong.empty else "differ by more than"
        unknown = f"; {rest} others have no known error and were not judged" if rest else ""
        which = "" if wrong.empty else f": {listed(map(in_print, wrong.index))}"
        return f"{kept} {found} their Monte Carlo errors{which}{unknown}"

    def _shown(self) -> pd.DataFrame:
        """Return the numbers that differ, or the first ones if none does."""
        shown = (self.table if self.differing.empty else self.differing).head(_SHOWN)
        return shown.assign(
            agrees=shown["agrees"].map({1.0: "yes", 0.0: "no"}).fillna("not judged")
        )

    def __str__(self) -> str:
        return as_text("Reproduction", self._shown(), self.sentence)

    def _repr_html_(self) -> str:
        return as_html("Reproduction", self._shown(), self.sentence)
