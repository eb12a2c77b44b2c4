"""The look of a Word report: one sober set of styles that the author can change in Word."""

from __future__ import annotations

from typing import Any

from bayes_alliance.report.docx.marks import word_element

LANGUAGE = "en-GB"
FONT, FIXED = "Arial", "Courier New"
# Border and shade of each kind of notice.
_TONES = {
    "fine": ("1A6B4F", "EAF4EF"),
    "note": ("33566F", "EDF2F6"),
    "caution": ("8A5A00", "FBF3E0"),
    "bad": ("A3261B", "FBEAE8"),
}
# Size in half points, space before and after in twentieths of a point, bold, colour.
_BUILT_IN = {
    "Normal": (20, 0, 120, False, "1F2328"),
    "Title": (44, 0, 60, True, "1F2328"),
    "Subtitle": (23, 0, 200, False, "57606A"),
    "Heading 1": (29, 400, 120, True, "1F2328"),
    "Heading 2": (23, 280, 80, True, "1F2328"),
    "TOC Heading": (23, 200, 80, True, "1F2328"),
    "Caption": (20, 160, 80, False, "1F2328"),
    "List Bullet": (20, 0, 80, False, "1F2328"),
}


def notice_style(tone: str) -> str:
    """Return the name of the style of a notice."""
    return f"Notice {tone}"


def set_styles(document: Any) -> None:
    """Set fonts, sizes, language, paper and the report's own styles."""
    from docx.shared import Mm

    styles = document.styles
    for language in styles.element.iter(_tag("lang")):
        language.set(_tag("val"), LANGUAGE)
    for name, look in _BUILT_IN.items():
        _set_look(styles[name], *look)
    for text in _own_styles():
        styles.element.append(word_element(text))
    for section in document.sections:
        section.page_width, section.page_height = Mm(210), Mm(297)
        section.left_margin = section.right_margin = Mm(25)
        section.top_margin = section.bottom_margin = Mm(22)


def _tag(name: str) -> str:
    from docx.oxml.ns import qn

    return str(qn(f"w:{name}"))


def _set_look(style: Any, size: int, before: int, after: int, bold: bool, colour: str) -> None:
    from docx.shared import Emu, RGBColor

    # Fonts of the template's theme would win over any font that is named.
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    fonts.attrib.clear()
    for part in ("ascii", "hAnsi", "cs", "eastAsia"):
        fonts.set(_tag(part), FONT)
    style.font.size = Emu(size * 6350)
    style.font.bold, style.font.italic = bold, False
    style.font.color.rgb = RGBColor.from_string(colour)
    for spacing in style.element.rPr.findall(_tag("spacing")):
        style.element.rPr.remove(spacing)
    for border in style.element.get_or_add_pPr().findall(_tag("pBdr")):
        style.element.pPr.remove(border)
    layout = style.paragraph_format
    layout.space_before, layout.space_after = Emu(before * 635), Emu(after * 635)
    layout.line_spacing = 1.0 if "Heading" in style.name or style.name == "Title" else 1.15


def _own_styles() -> list[str]:
    notices = [_notice(tone, *colours) for tone, colours in _TONES.items()]
    code = f'<w:rFonts w:ascii="{FIXED}" w:hAnsi="{FIXED}" w:cs="{FIXED}"/><w:sz w:val="17"/>'
    return [
        *notices,
        _paragraph_style("Contents", '<w:spacing w:after="20"/>'),
        _paragraph_style("Equation", '<w:spacing w:before="20" w:after="40"/>'),
        _paragraph_style("Figure", '<w:keepNext/><w:spacing w:before="160" w:after="60"/>'),
        _paragraph_style("Table Text", '<w:spacing w:before="20" w:after="20" w:line="240"/>'),
        _paragraph_style(
            "Table Note", '<w:spacing w:before="60" w:after="200"/>', '<w:sz w:val="18"/>'
        ),
        _paragraph_style(
            "Fact",
            '<w:tabs><w:tab w:val="left" w:pos="2550"/></w:tabs><w:spacing w:after="40"/>'
            '<w:ind w:left="2550" w:hanging="2550"/>',
        ),
        _paragraph_style(
            "Program",
            '<w:keepLines/><w:shd w:val="clear" w:color="auto" w:fill="F2F4F5"/>'
            '<w:spacing w:after="160" w:line="252" w:lineRule="auto"/><w:jc w:val="left"/>',
            code,
        ),
    ]


def _notice(tone: str, border: str, shade: str) -> str:
    side = f'<w:left w:val="single" w:sz="24" w:space="8" w:color="{border}"/>'
    layout = (
        f"<w:keepLines/><w:pBdr>{side}</w:pBdr>"
        f'<w:shd w:val="clear" w:color="auto" w:fill="{shade}"/>'
        '<w:spacing w:before="0" w:after="0"/><w:ind w:left="200" w:right="100"/>'
    )
    return _paragraph_style(notice_style(tone), layout)


def _paragraph_style(name: str, layout: str, look: str = "") -> str:
    key = name.replace(" ", "")
    letters = f"<w:rPr>{look}</w:rPr>" if look else ""
    return (
        f'<w:style w:type="paragraph" w:customStyle="1" w:styleId="{key}"><w:name w:val="{name}"/>'
        f'<w:basedOn w:val="Normal"/><w:qFormat/><w:pPr>{layout}</w:pPr>{letters}</w:style>'
    )
