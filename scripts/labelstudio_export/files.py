"""The files of a version before they are written, by name."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np


class VersionFiles:
    """Collects the side files of a version; the same bytes are kept once.

    Methods return the name under which the bytes lie (`FileRef` of `src/inputs/features/spec.ts`).
    """

    def __init__(self) -> None:
        self._bytes: dict[str, bytes] = {}
        self._by_content: dict[tuple[str, str], str] = {}

    def items(self) -> list[tuple[str, bytes]]:
        """All files so far, by name, sorted."""
        return sorted(self._bytes.items())

    def put(self, name: str, data: bytes) -> str:
        """Adds a file under exactly this name, replacing one of that name."""
        self._bytes[name] = data
        return name

    def add(self, stem: str, suffix: str, data: bytes) -> str:
        """Adds `<stem>.<suffix>`, with a number when that name is taken by other bytes."""
        key = (suffix, hashlib.sha256(data).hexdigest())
        if key not in self._by_content:
            name, number = f"{stem}.{suffix}", 2
            while name in self._bytes:
                name, number = f"{stem}-{number}.{suffix}", number + 1
            self._by_content[key] = self.put(name, data)
        return self._by_content[key]

    def add_json(self, stem: str, value: Any) -> str:
        """Adds `value` as compact JSON."""
        return self.add(stem, "json", dump_json(value))

    def add_array(self, stem: str, array: np.ndarray) -> str:
        """Adds numbers as raw little-endian data: `.f64`, `.f32` or `.i32` by the array's dtype."""
        suffix = {"f8": "f64", "f4": "f32", "i4": "i32"}[array.dtype.str[1:]]
        return self.add(stem, suffix, array.astype(array.dtype.newbyteorder("<")).tobytes())


def dump_json(value: Any, indent: int | None = None) -> bytes:
    """`value` as JSON in ASCII, so that lone surrogates survive; NaN and infinities are errors."""
    separators = (",", ":") if indent is None else (",", ": ")
    return json.dumps(value, allow_nan=False, indent=indent, separators=separators).encode("ascii")
