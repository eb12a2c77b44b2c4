"""Whether the numbers of a file lie where they should: a byte too many shifts them all."""

from __future__ import annotations

import struct

_HEADER, _LONGEST, _WIDEST = 176, 1 << 20, 255
_END, _RAW, _NOTHING = 252, 253, 0
_BIAS = 100.0  # SPSS adds it to small whole numbers
# Of these, bytes from the start to the list of types, and signs of a format.
_OLD_STATA = {113: 12, 114: 49, 115: 49}
_STATA_HEADER = 109
_STATA_WIDTHS = {251: 1, 252: 2, 253: 4, 254: 4, 255: 8}
_NAME, _LABEL = 33, 81


class DamagedError(ValueError):
    """The file is not built as its header says."""


def check_spss_structure(raw: bytes) -> None:
    """Walk through a ``.sav`` file: as many values as rows and columns need, and no byte more.

    The library that reads it takes what comes, so that after a lost byte each value would be made
    of parts of two others.

    Raises
    ------
    DamagedError
        If that is not so.
    """
    try:
        order = "<" if struct.unpack_from("<i", raw, 64)[0] in (2, 3) else ">"
        packed, rows = (struct.unpack_from(f"{order}i", raw, place)[0] for place in (72, 80))
        units, start = _dictionary(raw, order)
    except struct.error as error:
        raise DamagedError("its header is cut short") from error
    if not units:
        raise DamagedError("it has no variables")
    if packed and struct.unpack_from(f"{order}d", raw, 84)[0] != _BIAS:
        raise DamagedError("its numbers are not packed as SPSS packs them")
    if rows < 0 or packed == 2:  # not known; or packed with checksums of its own
        return
    found = _values_of_codes(raw, start) if packed == 1 else (len(raw) - start) / 8
    if found < 0:
        raise DamagedError("its packed numbers do not end where the file does")
    if found != rows * units:
        raise DamagedError(
            f"its {rows} rows of {units} places need {rows * units} values, and it has {found:g}"
        )


def _dictionary(raw: bytes, order: str) -> tuple[int, int]:
    """Return how many places a row has, and where the rows begin."""

    def whole(place: int) -> int:
        number: int = struct.unpack_from(f"{order}i", raw, place)[0]
        return number

    place, units = _HEADER, 0
    longer = 0  # places of eight letters that a text still needs
    while True:
        kind, place = whole(place), place + 4
        if kind == 2:
            units += 1
            width, labelled, missing = (whole(place + k) for k in (0, 4, 8))
            if (width == -1) != (longer > 0) or not -1 <= width <= _WIDEST:
                raise DamagedError("its dictionary is not built as one")
            longer = longer - 1 if longer else max(0, -(-width // 8) - 1)
            missing = abs(missing)
            place += 28
            if labelled:
                place += 4 + _up_to(whole(place), 4)
            place += 8 * missing
        elif kind == 3:
            count, place = whole(place), place + 4
            for _ in range(_sane(count)):
                place += 8 + _up_to(raw[place + 8] + 1 if place + 8 < len(raw) else 1, 8)
        elif kind == 4:
            place += 4 + 4 * _sane(whole(place))
        elif kind == 6:
            place += 4 + 80 * _sane(whole(place))
        elif kind == 7:
            place += 12 + _sane(whole(place + 4)) * _sane(whole(place + 8))
        elif kind == 999:
            return units, place + 4
        else:
            raise DamagedError("its dictionary is not built as one")


def _up_to(size: int, step: int) -> int:
    return -(-_sane(size) // step) * step


def _sane(size: int) -> int:
    if not 0 <= size <= _LONGEST * 64:
        raise DamagedError("its dictionary is not built as one")
    return size


def _values_of_codes(raw: bytes, start: int) -> float:
    """Count the values that the codes of a compressed file stand for; -1 if they go wrong."""
    place, found, end = start, 0, len(raw)
    while place < end:
        codes = raw[place : place + 8]
        if _END in codes:
            before = codes[: codes.index(_END)]
            place += 8 + 8 * before.count(_RAW)
            found += len(before) - before.count(_NOTHING)
            break
        place += 8 + 8 * codes.count(_RAW)
        found += len(codes) - codes.count(_NOTHING)
    if place != end:
        return -1.0
    return float(found)


def check_stata_structure(raw: bytes) -> None:
    """Walk through a ``.dta`` of before Stata 13: its parts must fill it to the last byte.

    Raises
    ------
    DamagedError
        If they do not, so that values may be made of parts of two others.
    """
    if not raw or raw[0] not in _OLD_STATA:
        return
    order = ">" if raw[1] == 1 else "<"
    try:
        columns, rows = struct.unpack_from(f"{order}Hi", raw, 4)
        kinds = raw[_STATA_HEADER : _STATA_HEADER + columns]
        place = _STATA_HEADER + columns * (1 + _NAME + _OLD_STATA[raw[0]] + _NAME + _LABEL)
        place += 2 * (columns + 1)
        place = _after_characteristics(raw, order, place)
        place += rows * sum(_STATA_WIDTHS.get(kind, kind) for kind in kinds)
        while place < len(raw):
            size = struct.unpack_from(f"{order}i", raw, place)[0]
            if size < 0:
                raise DamagedError("its value labels are not built as such")
            place += 4 + _NAME + 3 + size
    except struct.error as error:
        raise DamagedError("it ends too early") from error
    if rows < 0 or place != len(raw):
        raise DamagedError("its rows and columns need another number of bytes than it has")


def _after_characteristics(raw: bytes, order: str, place: int) -> int:
    while True:
        kind, size = struct.unpack_from(f"{order}bi", raw, place)
        place += 5
        if kind == size == 0:
            return place
        if size < 0:
            raise DamagedError("its notes are not built as such")
        place += int(size)
