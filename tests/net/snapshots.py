"""Two versions of a text held against each other: words as they are, numbers to six digits."""

import difflib
import math
import re
from pathlib import Path

HERE = Path(__file__).parent / "snapshots"
# A rounded number may be the next one on another processor; what is shown with fewer digits is
# the same everywhere.
CLOSE = {"rel_tol": 2e-6, "abs_tol": 1e-12}
ABOUT = {"rel_tol": 2e-3}
# A whole number of more digits counts nothing: it is a large odds, shown without decimals.
_COUNTED = 7
_NUMBER = re.compile(r"((?<![\w.])[-−~]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?(?!\w))")


def same(here: str, there: str) -> bool:
    """Say whether two lines have the same words and close numbers."""
    if here == there:
        return True
    ours, theirs = _NUMBER.split(here), _NUMBER.split(there)
    if len(ours) != len(theirs) or ours[::2] != theirs[::2]:
        return False
    return all(map(_close, ours[1::2], theirs[1::2]))


def _close(here: str, there: str) -> bool:
    """Compare numbers closely, counts exactly, those marked as about right within 0.2%."""
    if here == there:
        return True
    digits = [text.lstrip("-−") for text in (here, there)]
    if all(map(str.isdigit, digits)) and max(map(len, digits)) <= _COUNTED:
        return False
    about = here.startswith("~") and there.startswith("~")
    ours, theirs = (float(text.lstrip("~").replace("−", "-")) for text in (here, there))
    return math.isclose(ours, theirs, **(ABOUT if about else CLOSE))


def difference(kept: str, found: str, name: str) -> str:
    """Return the lines that differ, as a unified difference; none if no more than digits do."""
    before, after = kept.splitlines(), found.splitlines()
    if len(before) == len(after):
        # What only rounds otherwise is no difference.
        after = [old if same(old, new) else new for old, new in zip(before, after, strict=True)]
    lines = difflib.unified_diff(before, after, f"{name} (kept)", f"{name} (found)", "", "", 1, "")
    return "\n".join(lines)


def compared(name: str, found: str, *, renew: bool) -> str:
    """Hold a text against the kept one, or put it in its place; return what differs."""
    place = HERE / name
    kept = place.read_text(encoding="utf-8") if place.exists() else ""
    found = f"{found.rstrip()}\n"
    different = difference(kept, found, name)
    if different and renew:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(found, encoding="utf-8")
    return different
