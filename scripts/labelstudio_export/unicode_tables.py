"""This Python's view of Unicode, for a server whose own Unicode is another version."""

from __future__ import annotations

import functools
import re
import sys
import unicodedata
from typing import Any


@functools.cache
def unicode_tables() -> dict[str, Any]:
    """`UnicodeTables` of `src/inputs/features/spec.ts`, of the running interpreter."""
    every = "".join(map(chr, range(sys.maxunicode + 1)))
    # Two letters a character, the first of them a capital: a category is never found between two others.
    categories = "".join(map(unicodedata.category, every))
    return {
        "version": unicodedata.unidata_version,
        "word": _ranges(r"\w+", every, 1),
        "lower": {one: low for one, low in zip(every, map(str.lower, every), strict=True) if low != one},
        "unassigned": _ranges("(?:Cn)+", categories, 2),
    }


def _ranges(pattern: str, text: str, width: int) -> list[list[int]]:
    """Inclusive ranges of the code points whose part of the text, `width` long, matches."""
    found = re.finditer(pattern, text)
    return [[match.start() // width, match.end() // width - 1] for match in found]
