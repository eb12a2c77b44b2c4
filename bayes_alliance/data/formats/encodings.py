"""How a text was saved: told by its bytes, said, and never guessed where that changes the table."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from dataclasses import dataclass

from bayes_alliance.data.report import Note
from bayes_alliance.errors import Advice, DataError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# In the order of how often such files come.
_OLD = {
    "cp1252": "Windows, western Europe",
    "cp1250": "Windows, central Europe",
    "mac_roman": "old Mac",
    "cp850": "DOS, western Europe",
}
_TWO_BYTES = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
_HIGH = re.compile(rb"[\x80-\xff]")
_WORD = re.compile(r"\w*[^\x00-\x7f]\w*")
_WESTERN = frozenset("äöüßéèêëàâáãåæçñóòôõøœúùûíìîïýÿÄÖÜÉÈÊËÀÂÁÃÅÆÇÑÓÒÔÕØŒÚÙÛÍÌÎÏÝ")
_CENTRAL = frozenset("ąćęłńóśźżĄĆĘŁŃÓŚŹŻáčďéěíňřšťúůýžÁČĎÉĚÍŇŘŠŤÚŮÝŽőűŐŰâăîșțşţ")
_SIGNS = frozenset("„“”’–—…€°§«»×²³µ·•±½¼\u00a0\u201a\u2018\u00b4")
_CLOSING = frozenset("’”»…²³€°")
_ENOUGH, _DOUBTFUL = 0.8, 0.5
_USUAL = "cp1252"
_LOOKED_AT = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Text:
    """A text, the encoding it was saved in, and what is to be said of it."""

    text: str
    encoding: str
    notes: tuple[Note, ...] = ()


def decoded(raw: bytes, encoding: str | None, file: str) -> Text:
    """Return the text of a file.

    Raises
    ------
    DataError
        If it does not fit the encoding that was named, or none can be told.
    """
    if encoding is not None:
        return Text(text=_as_named(raw, encoding, file), encoding=encoding)
    for mark, name in _MARKS:
        if raw.startswith(mark):
            return _told(Text(text=_as_named(raw, name, file), encoding=name))
    wide = _wide(raw)
    if wide is not None:
        return _told(Text(text=_as_named(raw, wide, file), encoding=wide))
    try:
        return Text(text=raw.decode("utf-8"), encoding="utf-8")
    except UnicodeDecodeError as error:
        _refuse_damaged(raw, error, file)
    return _old(raw, file)


def _as_named(raw: bytes, encoding: str, file: str) -> str:
    try:
        return raw.decode(encoding).removeprefix("\ufeff")
    except LookupError as error:
        raise DataError(
            f"{file} was to be read with the encoding '{encoding}'.",
            "Python knows no encoding of that name.",
            "Use 'utf-8', 'cp1252' (Windows, western Europe) or 'utf-16' (Excel's Unicode text), "
            "or leave it out: then it is found out.",
            encoding=encoding,
        ) from error
    except UnicodeError as error:
        raise _not_decodable(raw, error, file, encoding) from error


def _not_decodable(raw: bytes, error: UnicodeError, file: str, encoding: str) -> DataError:
    byte = error.start if isinstance(error, UnicodeDecodeError) else 0
    line = raw.count(b"\n", 0, byte) + 1
    return DataError(
        f"{file} was to be read as {encoding} text.",
        f"It is not: byte {byte} (line {line}) does not fit.",
        Advice(
            python="Leave encoding= out: then it is found out; or save the file as UTF-8.",
            command_line="Leave --encoding out: then it is found out; or save the file as UTF-8.",
        ),
        byte=byte,
        line=line,
    )


def _wide(raw: bytes) -> str | None:
    """Return which UTF-16 it is, if every other byte is empty."""
    head = raw[:_LOOKED_AT]
    even, odd = head[0::2], head[1::2]
    if not odd:
        return None
    shares = even.count(0) / len(even), odd.count(0) / len(odd)
    if max(shares) < 0.4 or min(shares) > 0.05:
        return None
    return "utf-16-be" if shares[0] > shares[1] else "utf-16-le"


def _refuse_damaged(raw: bytes, error: UnicodeDecodeError, file: str) -> None:
    """Refuse UTF-8 with a damaged byte: in another encoding every other letter would change."""
    whole = _TWO_BYTES.findall(raw)
    stray = len(_HIGH.findall(raw)) - sum(map(len, whole))
    if whole and len(whole) >= stray:
        line = raw.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{file} was to be read as text.",
            f"It is UTF-8 but for byte {error.start} (line {line}), which does not fit.",
            Advice(
                python='Correct that line, or name another encoding, such as encoding="cp1252".',
                command_line="Correct that line, or name another encoding, such as --encoding "
                "cp1252.",
            ),
            byte=error.start,
            line=line,
        ) from error


def _old(raw: bytes, file: str) -> Text:
    """Return a text of before UTF-8: the encoding in which its letters make words."""
    scores: dict[str, float] = {}
    texts: dict[str, str] = {}
    for name in _OLD:
        try:
            texts[name] = raw.decode(name)
        except UnicodeDecodeError:
            continue
        scores[name] = _score(texts[name][:_LOOKED_AT], name)
    best = max(scores, key=lambda name: scores[name], default=None)
    # The commonest gives way only to what is clearly better.
    doubt = best != _USUAL and scores.get(_USUAL, 0.0) > _DOUBTFUL
    if best is None or scores[best] < _ENOUGH or doubt:
        tried = ", ".join(f"{name} ({words})" for name, words in _OLD.items())
        raise DataError(
            f"{file} was to be read as text.",
            f"It is not UTF-8, and its letters do not tell which of {tried} it is, if any.",
            Advice(
                python='Name its encoding, such as encoding="cp1251" (Cyrillic) or '
                '"shift_jis", or save it as UTF-8.',
                command_line="Name its encoding, such as --encoding cp1251 (Cyrillic) or "
                "--encoding shift_jis, or save it as UTF-8.",
            ),
            file=file,
        )
    return _told(Text(text=texts[best], encoding=best))


def _score(text: str, encoding: str) -> float:
    """Return the share of letters beyond ASCII that stand where such letters do."""
    usual = _CENTRAL if encoding == "cp1250" else _WESTERN
    counts: Counter[bool] = Counter()
    previous = ""
    for sign, following in zip(text, [*text[1:], ""], strict=True):
        if sign > "\x7f":
            beside = previous > "\x7f" and previous.isalpha() and sign.isalpha()
            shout = sign.isupper() and previous.isalpha() and following.islower()
            closes = sign in _CLOSING and (sign == "’" or not following.isalpha())
            letter = sign in usual and not beside and not shout
            fine = letter or (sign in _SIGNS and (closes or not previous.isalpha()))
            counts[fine] += 1
        previous = sign
    total = counts[True] + counts[False]
    return counts[True] / total if total else 0.0


def _told(found: Text) -> Text:
    """Say which encoding was found, with a word that shows whether it is right."""
    words = _WORD.findall(found.text[:_LOOKED_AT])
    example = f", such as in '{max(words[:200], key=len)[:40]}'" if words else ""
    if found.encoding in ("utf-8", "utf-16", "utf-32"):
        return found  # the mark at its beginning says so
    which = _OLD.get(found.encoding, "without its mark")
    note = Note(
        level="fine",
        code="read_encoding",
        message=f"The text was read as {found.encoding} ({which}){example}.",
        remedy=Advice(
            python="If letters are wrong, name another with encoding=.",
            command_line="If letters are wrong, name another with --encoding.",
        ),
    )
    return Text(text=found.text, encoding=found.encoding, notes=(note,))
