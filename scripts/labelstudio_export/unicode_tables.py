"""This Python's view of Unicode, for a server whose own Unicode is another version."""

from __future__ import annotations

import functools
import re
import sys
import unicodedata
from collections.abc import Callable
from typing import Any


@functools.cache
def unicode_tables() -> dict[str, Any]:
    """`UnicodeTables` of `src/inputs/features/spec.ts`, of the running interpreter."""
    word = re.compile(r"\w").match
    return {
        "version": unicodedata.unidata_version,
        "word": _ranges(lambda code: word(chr(code)) is not None),
        "lower": {chr(code): chr(code).lower() for code in _all() if chr(code).lower() != chr(code)},
        "unassigned": _ranges(lambda code: unicodedata.category(chr(code)) == "Cn"),
    }


def _all() -> range:
    return range(sys.maxunicode + 1)


def _ranges(holds: Callable[[int], bool]) -> list[list[int]]:
    """Inclusive ranges of the code points for which `holds`."""
    ranges: list[list[int]] = []
    for code in _all():
        if holds(code):
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    return ranges
