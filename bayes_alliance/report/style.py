"""How a picture of the report becomes SVG."""

from __future__ import annotations

import io
import re
import warnings
import zlib
from typing import Any

from bayes_alliance.drawing import GREY, INK, WIDTH
from bayes_alliance.report.blocks import Figure

_SETTINGS: Any = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Segoe UI", "Helvetica", "Arial"],
    "font.size": 11,
    "axes.labelsize": 11,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "legend.frameon": False,
    "legend.fontsize": 10,
    "svg.fonttype": "none",
    # A user's label may hold a dollar sign, which is no mathematics.
    "text.parse_math": False,
    "axes.unicode_minus": True,
}
_PROLOGUE = re.compile(r"^.*?(?=<svg)", flags=re.DOTALL)
_METADATA = re.compile(r"<metadata>.*?</metadata>", flags=re.DOTALL)
_SIZE = re.compile(r'<svg([^>]*?) width="[^"]*"([^>]*?)>', flags=re.DOTALL)
_NAMED = re.compile(r'( id="|url\(#|href="#)')
_HEIGHT = re.compile(r'(<svg[^>]*?) height="[^"]*"', flags=re.DOTALL)


def svg_of(figure: Figure) -> str:
    """Draw a figure and return it as an ``<svg>`` element that scales with its place."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure as Canvas

    stream = io.StringIO()
    with mpl.rc_context(_SETTINGS | {"svg.hashsalt": figure.key}), warnings.catch_warnings():
        # A letter that the measuring font lacks is still shown, by the reader's own font.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        canvas = Canvas(figsize=(WIDTH, figure.height), layout="constrained")
        FigureCanvasSVG(canvas)
        figure.draw(canvas.add_subplot())
        canvas.savefig(stream, format="svg", transparent=True, metadata={"Date": None})
    # Names inside a picture must differ from those of every other picture on the page.
    own = f"f{zlib.crc32(figure.key.encode()):08x}-"
    text = _METADATA.sub("", _PROLOGUE.sub("", stream.getvalue(), count=1), count=1)
    text = _HEIGHT.sub(r"\1", _SIZE.sub(r"<svg\1\2>", text, count=1), count=1)
    return _NAMED.sub(rf"\g<1>{own}", text).strip()
