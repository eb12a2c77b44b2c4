"""Whether two pictures show the same: lines as far as can be seen, words to the letter."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

# Points of the page. Another order of adding changes the last of the six digits that are written.
_SEEN = 1e-4
# Of 255 steps of brightness: what rounding does to the edge of a line.
_STEPS = 8
_PIECES = re.compile(r"<[^<>]*>|[^<]+|<")
_NUMBER = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)")
_NAMED = re.compile(r'( id="|url\(#|href="#)([^")]*)')
_TAG = re.compile(r"<([a-zA-Z][\w:-]*)")
_DRAWN = frozenset(
    {"svg", "defs", "style", "g", "path", "use", "clipPath", "rect", "text", "tspan", "image"}
)


def same_drawing(shown: str, meant: str) -> bool:
    """Tell whether two SVG drawings are the same but for rounding."""
    ours, theirs = _pieces(meant), _pieces(shown)
    return len(ours) == len(theirs) and all(map(_same_piece, ours, theirs))


def only_drawn(shown: str) -> bool:
    """Tell whether a drawing holds nothing but lines and words: no script, no page in a page."""
    return set(_TAG.findall(shown)) <= _DRAWN and not re.search(r"\son\w+\s*=", shown)


def same_image(shown: bytes, meant: bytes) -> bool:
    """Tell whether two PNG images are the same but for the edges of their lines."""
    if shown == meant:
        return True
    import numpy as np
    from PIL import Image

    try:
        with _opened(shown) as theirs, _opened(meant) as ours:
            # Nothing is unpacked that is of another size.
            if theirs.size != ours.size or getattr(theirs, "is_animated", False):
                return False
            pixels = [np.asarray(own.convert("RGBA"), dtype=int) for own in (theirs, ours)]
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False
    return bool(np.abs(pixels[0] - pixels[1]).max() <= _STEPS)


def _opened(content: bytes) -> Image.Image:
    from PIL import Image

    return Image.open(io.BytesIO(content), formats=["PNG"])


def _pieces(drawing: str) -> list[str]:
    """Return tags and words; names that only point inside the drawing become numbers."""
    order: dict[str, int] = {}

    def numbered(found: re.Match[str]) -> str:
        return f"{found[1]}{order.setdefault(found[2], len(order))}"

    pieces = _PIECES.findall(_NAMED.sub(numbered, drawing))
    return [" ".join(piece.split()) for piece in pieces if piece.strip()]


def _same_piece(ours: str, theirs: str) -> bool:
    if ours == theirs:
        return True
    if not ours.startswith("<"):
        return False
    one, other = _NUMBER.split(ours), _NUMBER.split(theirs)
    return len(one) == len(other) and all(
        a == b or (k % 2 == 1 and abs(float(a) - float(b)) <= _SEEN)
        for k, (a, b) in enumerate(zip(one, other, strict=True))
    )
