"""Rows of columns: read from a table, and hard ones made of them."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Any

import numpy as np
import pandas as pd

from .errors import ExportError
from .samples import HARD_TEXTS, Samples

_MISSING = {"", "nan", "na", "null", "none"}


def read_cell(text: Any, column: dict[str, str], categories: Sequence[Any], place: str) -> Any:
    """A cell of a table as the value of a task: a number, a text, a category, or None.

    :param text: the cell; what is no text is taken as it is
    :param categories: those that the column was fitted with
    :raises ExportError: when a column of numbers holds something else
    """
    if not isinstance(text, str):
        return None if text is None or text != text else text
    if column["kind"] == "text":
        return text
    missing = text.strip().lower() in _MISSING
    if column["kind"] == "number":
        try:
            return None if missing else float(text)
        except ValueError:
            todo = "correct the cell, or give other samples"
            raise ExportError(place, f"{text!r} is no number, and the model needs one", todo) from None
    if text in categories:
        return text
    known = {str(value): value for value in categories if value is not None and value == value}
    if text in known:
        return known[text]
    if missing:
        return None
    numbers = all(isinstance(value, int | float) for value in categories if value is not None)
    try:
        return float(text) if numbers else text
    except ValueError:
        return text


def hard_records(given: Sequence[dict[str, Any]], columns: Sequence[dict[str, str]]) -> list[dict[str, Any]]:
    """Records that differ from given ones in one column: missing, extreme, unknown, Unicode."""
    if not given:
        return []
    rows = []
    for number, column in enumerate(columns):
        name, base = column["name"], given[number % len(given)]
        values: Sequence[Any]
        if column["kind"] == "number":
            # A form may send numbers as texts.
            as_text = [] if base[name] is None else [repr(float(base[name]))]
            values = [None, *as_text, *_extremes(given, name)] if number < 20 else [None]
        elif column["kind"] == "category":
            values = [None, "", "a category of no kind", "İ"]
        else:
            values = HARD_TEXTS
        rows += [base | {name: value} for value in values]
    numbers = [column["name"] for column in columns if column["kind"] == "number"]
    if numbers:
        rows.append(given[0] | dict.fromkeys(numbers))
    return rows


def _extremes(given: Sequence[dict[str, Any]], name: str) -> list[float]:
    """Numbers at and beyond the ends of a column's range."""
    known = [float(row[name]) for row in given if row[name] is not None]
    low, high = (min(known), max(known)) if known else (0.0, 0.0)
    span = high - low or 1.0
    return [0.0, low, high, low - span, high + 10 * span]


def record_samples(
    given: Sequence[dict[str, Any]],
    columns: Sequence[dict[str, str]],
    order: Sequence[str],
    frame: bool,
    nones: Set[str] = frozenset(),
) -> Samples:
    """Given records and hard ones.

    :param columns: those that the version takes
    :param order: all columns that the original was fitted with; those that it never looks at are left empty
    :param frame: whether the original takes a DataFrame; else it takes an array
    :param nones: columns whose missing categories are None; they are NaN otherwise, as pandas reads them
    """
    values = [*given, *hard_records(given, columns)]
    kinds = {column["name"]: column["kind"] for column in columns}
    table: dict[str, Any] = {}
    for name in order:
        cells = [value.get(name) for value in values]
        if kinds.get(name) == "number":
            table[name] = np.array([np.nan if cell is None else float(cell) for cell in cells])
        else:
            missing = None if name in nones else np.nan
            table[name] = pd.Series([missing if cell is None else cell for cell in cells], dtype=object)
    rows: Any = pd.DataFrame(table, columns=list(order))
    if not frame:
        every = all(kinds.get(name) == "number" for name in order)
        rows = rows.to_numpy(dtype=np.float64 if every else object)
    return Samples(rows, values, len(given))
