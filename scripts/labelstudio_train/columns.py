"""Which parts of the tasks' data a model can learn from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

# What the server reads as a number, see `toNumber` of src/inputs/features/records.ts.
_NUMERIC = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|/?data/|/storage-data/|upload/|data:")
_ID = re.compile(r"(?i:(?:.*[^a-z0-9])?(?:id|uuid|guid)|idx|index)|.*[a-z]I[dD]")
_MOST_CATEGORIES = 50
_LONGEST_CATEGORY = 100
_ENOUGH = 10


@dataclass
class Columns:
    """The columns to learn from, by name, and why the others are left out."""

    numbers: list[str] = field(default_factory=list)
    categories: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    optional: set[str] = field(default_factory=set)

    @classmethod
    def find(cls, records: Sequence[dict[str, Any]]) -> Columns:
        """Looks at all values of each column."""
        found = cls()
        for name in dict.fromkeys(name for record in records for name in record):
            values = [record.get(name) for record in records]
            reason = found._take(name, values)
            if reason is not None:
                found.left_out[name] = reason
            elif any(name not in record for record in records):
                found.optional.add(name)
        return found

    @property
    def names(self) -> list[str]:
        """All columns to learn from."""
        return [*self.numbers, *self.categories]

    def table(self, records: Sequence[dict[str, Any]]) -> pd.DataFrame:
        """The columns of some records as scikit-learn takes them: missing values are NaN."""
        table: dict[str, Any] = {}
        for name in self.numbers:
            table[name] = np.array([_number(record.get(name)) for record in records], dtype=np.float64)
        for name in self.categories:
            cells = [np.nan if record.get(name) is None else record[name] for record in records]
            table[name] = pd.Series(cells, dtype=object)
        return pd.DataFrame(table, columns=self.names)

    def records(self, records: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """The same as records of numbers and texts; None is missing."""
        table = self.table(records).astype(object)
        return table.where(table.notna(), None).to_dict("records")

    def _take(self, name: str, values: Sequence[Any]) -> str | None:
        """Takes a column, or says why not."""
        numbers = [_number(value) for value in values]
        if None not in numbers:
            known = [number for number in numbers if number == number]
            reason = _useless_numbers(name, known, len(known) < len(values))
            if reason is None:
                self.numbers.append(name)
            return reason
        texts = [value for value in values if value is not None]
        if not all(isinstance(text, str) for text in texts):
            return "it holds lists, objects, or texts and numbers"
        reason = _useless_texts(texts, len(texts) < len(values))
        if reason is None:
            self.categories.append(name)
        return reason


def _number(value: Any) -> float | None:
    """A value as the server reads it: NaN when it is missing, None when it is no number."""
    if value is None:
        return np.nan
    if isinstance(value, bool | int | float):
        number = float(value)
    elif isinstance(value, str):
        text = value.strip()
        if text == "" or text.lower() == "nan":
            return np.nan
        if not _NUMERIC.fullmatch(text):
            return None
        number = float(text)
    else:
        return None
    return None if np.isinf(number) else number


def _useless_numbers(name: str, known: list[float], missing: bool) -> str | None:
    if not known:
        return "it is empty"
    if len(set(known)) == 1 and not missing:
        return "it is always the same"
    if all(number.is_integer() for number in known):
        rises = all(before < after for before, after in pairwise(known))
        if _ID.fullmatch(name) or (rises and len(known) >= _ENOUGH):
            return "it numbers things"
    return None


def _useless_texts(texts: list[str], missing: bool) -> str | None:
    different = set(texts)
    if len(different) == 1 and not missing:
        return "it is always the same"
    if any(_ADDRESS.match(text) for text in different):
        return "it holds addresses"
    many = len(different) > min(_MOST_CATEGORIES, len(texts) // 2)
    return "it holds text" if many or max(map(len, different)) > _LONGEST_CATEGORY else None
