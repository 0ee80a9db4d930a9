"""Texts as the rows of token ids that the server makes of them: the input kind `tokens`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from labelstudio_export.errors import ExportError
from labelstudio_export.files import VersionFiles
from labelstudio_export.samples import HARD_TEXTS, Samples, long_text

from .contract import Wording
from .tokenizers import Tokenizer, Words

MAX_TOKENS = 512
# So that a long text has windows.
_LETTERS_A_TOKEN = 8


class Encoded(NamedTuple):
    """A text's row: ids, and of a tokenizer that spells the ids of each token's characters."""

    ids: list[int]
    letters: list[list[int]]


class TextRows:
    """What `src/inputs/tokens/encoder.ts` makes of texts; of a text that it cuts into windows the first one.

    :param overlap: tokens that two windows of a longer text share; None: its first tokens alone are read
    :raises ExportError: when rows have no room for tokens
    """

    kind = "tokens"
    wording = Wording(
        "a text",
        "where the text is filled up to another's length",
        "let it take attention_mask, and leave out the tokens where that is 0",
    )

    def __init__(
        self, tokenizer: Tokenizer, max_tokens: int = MAX_TOKENS, overlap: int | None = None
    ) -> None:
        self.tokenizer = tokenizer
        self._special = len(tokenizer.before) + len(tokenizer.behind)
        self._capacity = max_tokens - self._special
        if self._capacity <= (overlap or 0):
            what = f"{max_tokens} leave no room beside {self._special} special tokens and the overlap"
            raise ExportError("--max-tokens", what, "give more, or a smaller --overlap")
        self._options = {"max_tokens": max_tokens} | ({} if overlap is None else {"overlap": overlap})

    @property
    def inputs(self) -> dict[str, dict[int, str]]:
        """The graph inputs that it can give, each with the names of the dimensions that differ."""
        dims = {0: "rows", 1: "tokens"}
        names = ["input_ids", "attention_mask", "token_type_ids"]
        if self.tokenizer.most is not None:
            names.append("characters")
        return {name: dims for name in names}

    def options(self) -> dict[str, Any]:
        """The manifest's `input`."""
        return {"kind": self.kind, "tokenizer": self.tokenizer.name, **self._options}

    def put(self, files: VersionFiles) -> None:
        """Adds the files that the input needs."""
        self.tokenizer.put(files)

    def samples(self, given: Sequence[str]) -> Samples:
        """The given texts and hard ones, but for those that the tokenizer does not take.

        :raises ExportError: when it does not take a given one
        """
        hard = [*HARD_TEXTS, long_text(given, self._capacity * _LETTERS_A_TOKEN)]
        for number, text in enumerate(given, start=1):
            if not self._takes(text):
                raise ExportError(f"--samples, row {number}", "the tokenizer does not take it", "correct it")
        rows = [*given, *filter(self._takes, hard)]
        return Samples(rows, list(rows), len(given))

    def feeds(self, texts: Sequence[str]) -> dict[str, np.ndarray]:
        """A batch, filled up to its longest row: int64 [rows, tokens], or [rows, tokens, characters]."""
        return self.stack([self.encode(text) for text in texts])

    def encode(self, text: str) -> Encoded:
        """A text's own row, special tokens included."""
        tokenizer = self.tokenizer
        tokens = tokenizer.ids(text)[: self._capacity]
        ids = [*tokenizer.before, *tokens, *tokenizer.behind] or [tokenizer.padding]
        letters: list[list[int]] = []
        if isinstance(tokenizer, Words) and tokenizer.most is not None:
            letters = tokenizer.characters(text)[: self._capacity]
        return Encoded(ids, letters)

    def stack(self, rows: Sequence[Encoded]) -> dict[str, np.ndarray]:
        """Rows as one batch."""
        tokenizer = self.tokenizer
        shape = len(rows), max(len(row.ids) for row in rows)
        ids = np.full(shape, tokenizer.padding, dtype=np.int64)
        mask = np.zeros(shape, dtype=np.int64)
        for index, row in enumerate(rows):
            ids[index, : len(row.ids)] = row.ids
            mask[index, : len(row.ids)] = 1
        feeds = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        if isinstance(tokenizer, Words) and tokenizer.most is not None:
            letters = np.full((*shape, tokenizer.most), tokenizer.no_character, dtype=np.int64)
            for index, row in enumerate(rows):
                for at, word in enumerate(row.letters):
                    letters[index, at, : len(word)] = word
            feeds["characters"] = letters
        return feeds

    def alike(self, values: Sequence[str]) -> list[str]:
        """All of them."""
        return list(values)

    def own(self, text: str) -> slice:
        """Which tokens of a text's row are its own, not special ones."""
        first = len(self.tokenizer.before)
        return slice(first, first + min(len(self.tokenizer.ids(text)), self._capacity))

    def size(self, text: str) -> int:
        """How long a text's row is, in tokens."""
        return max(self._special + min(len(self.tokenizer.ids(text)), self._capacity), 1)

    def _takes(self, text: str) -> bool:
        try:
            self.tokenizer.ids(text)
        except (UnicodeEncodeError, TypeError):
            return False
        return True
