"""Reads samples from a CSV file."""

from __future__ import annotations

import csv
from pathlib import Path

from .errors import ExportError

_TEXT_NAMES = ("text", "sentence", "review", "message", "content", "document")


def read_csv(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file in UTF-8, by the names in its first line.

    :raises ExportError: when it cannot be read, has no rows, or rows of several lengths
    """
    where = str(path)
    csv.field_size_limit(2**31 - 1)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file, restkey="", restval=None))
    except FileNotFoundError:
        raise ExportError(where, "there is no such file", "give the path of a CSV file") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ExportError(where, f"it cannot be read ({error})", "save it as CSV in UTF-8") from error
    if not rows:
        raise ExportError(where, "it has no rows", "give a line of column names and some rows")
    for number, row in enumerate(rows, start=2):
        if "" in row or None in row.values():
            raise ExportError(
                where, f"line {number} has another number of cells than the first", "correct it"
            )
    return rows


def text_column(rows: list[dict[str, str]], name: str | None, where: str) -> list[str]:
    """The texts of one column: the named one, the only one, or one with a usual name.

    :raises ExportError: when it is not clear which
    """
    columns = list(rows[0])
    usual = [column for column in columns if column.lower() in _TEXT_NAMES]
    chosen = name or (columns[0] if len(columns) == 1 else usual[0] if len(usual) == 1 else None)
    if chosen not in columns:
        what = f"it has no column {name!r}" if name else "which column holds the texts is not clear"
        raise ExportError(where, f"{what}; it has {columns}", "name one with --text-column")
    return [row[chosen] for row in rows]
