"""Which token patterns the server's own matcher can follow exactly."""

from __future__ import annotations

import re
import warnings
from typing import Any

from .errors import ExportError

with warnings.catch_warnings():
    # `re._parser` (`sre_parse` up to Python 3.10) names the constructs of a pattern as Python reads it.
    warnings.simplefilter("ignore", DeprecationWarning)
    parser: Any = getattr(re, "_parser", None) or __import__("sre_parse")

_FLAGS = int(re.UNICODE | re.IGNORECASE)
_TODO = "use look-arounds, characters, classes, groups and quantifiers alone, and fit it again"


def check_token_pattern(pattern: str, where: str) -> None:
    """Checks that a `token_pattern` uses only what the server's own matcher can follow exactly.

    What is refused here are constructs that it does not know at all. Its own refusals of rare combinations
    come when the gate loads the version.

    :raises ExportError: naming the construct
    """
    try:
        parsed = parser.parse(pattern)
    except re.error as error:
        what = f"token_pattern {pattern!r} is not a pattern ({error})"
        raise ExportError(where, what, "correct it and fit it again") from error
    if parsed.state.flags & ~_FLAGS:
        raise _unsupported(where, pattern, "a flag other than (?u) and (?i)")
    if parsed.state.groups > 2:
        what = f"token_pattern {pattern!r} has more than one group"
        raise ExportError(where, what, "make the others (?:...) and fit it again")
    _walk(parsed, where, pattern)


def _walk(parsed: Any, where: str, pattern: str) -> None:
    for operation, argument in parsed:
        name = str(operation)
        if name in {"LITERAL", "NOT_LITERAL", "ANY", "IN", "AT"}:
            continue
        if name in {"MAX_REPEAT", "MIN_REPEAT"}:
            _walk(argument[2], where, pattern)
        elif name in {"ASSERT", "ASSERT_NOT"}:
            _walk(argument[1], where, pattern)
        elif name == "SUBPATTERN" and not argument[1] and not argument[2]:
            _walk(argument[3], where, pattern)
        elif name == "BRANCH":
            for branch in argument[1]:
                _walk(branch, where, pattern)
        else:
            raise _unsupported(where, pattern, name.lower().replace("_", " "))


def _unsupported(where: str, pattern: str, construct: str) -> ExportError:
    what = f"token_pattern {pattern!r} uses {construct}, which the server cannot follow"
    return ExportError(where, what, _TODO)
