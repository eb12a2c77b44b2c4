"""How a picture of the report becomes SVG or PNG, in one look."""

from __future__ import annotations

import io
import re
import warnings
import zlib
from typing import Any, Literal

from bayes_alliance.drawing import GREY, INK, WIDTH
from bayes_alliance.report.blocks import Figure
from bayes_alliance.report.prose import readable

DOTS_PER_INCH = 200
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
    text = _METADATA.sub("", _PROLOGUE.sub("", _drawn(figure, "svg").decode(), count=1), count=1)
    text = _HEIGHT.sub(r"\1", _SIZE.sub(r"<svg\1\2>", text, count=1), count=1)
    # Names inside a picture must differ from those of every other picture on the page.
    own = f"f{zlib.crc32(figure.key.encode()):08x}-"
    return _NAMED.sub(rf"\g<1>{own}", text).strip()


def svg_file_of(figure: Figure) -> bytes:
    """Draw a figure as an SVG file of its own."""
    return _METADATA.sub("", _drawn(figure, "svg").decode(), count=1).encode()


def png_of(figure: Figure) -> bytes:
    """Draw a figure as a PNG file on white, sharp enough for print."""
    return _drawn(figure, "png")


def _drawn(figure: Figure, kind: Literal["svg", "png"]) -> bytes:
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure as Canvas

    stream = io.BytesIO()
    with mpl.rc_context(_SETTINGS | {"svg.hashsalt": figure.key}), warnings.catch_warnings():
        # A letter that the measuring font lacks is still shown, by the reader's own font.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        canvas = Canvas(figsize=(WIDTH, figure.height), layout="constrained")
        if kind == "svg":
            FigureCanvasSVG(canvas)
            options: dict[str, Any] = {"transparent": True, "metadata": {"Date": None}}
        else:
            FigureCanvasAgg(canvas)
            options = {"dpi": DOTS_PER_INCH, "facecolor": "white"}
        figure.draw(canvas.add_subplot())
        canvas.savefig(stream, format=kind, **options)
    # A label may hold a sign that no drawing may.
    return stream.getvalue() if kind == "png" else readable(stream.getvalue().decode()).encode()
