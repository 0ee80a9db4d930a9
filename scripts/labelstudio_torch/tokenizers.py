"""Texts as token ids, as `src/inputs/tokens` makes them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from labelstudio_export.errors import ExportError
from labelstudio_export.files import VersionFiles
from labelstudio_export.token_pattern import check_token_pattern
from labelstudio_export.unicode_tables import unicode_tables

WORDS = "words.json"
HUGGING_FACE = "tokenizer.json"
_PADDING_TOKENS = ("[PAD]", "<pad>", "<|endoftext|>")


class Words:
    """`words.json`: whole words, and if it has an alphabet, how they are spelt.

    :param file: what it holds, see `src/inputs/tokens/words.ts`
    :raises ExportError: when it is not of that form
    """

    name = WORDS
    before: tuple[int, ...] = ()
    behind: tuple[int, ...] = ()

    def __init__(self, file: dict[str, Any], where: str = WORDS) -> None:
        try:
            check_token_pattern(file["pattern"], where)
            self._pattern = re.compile(file["pattern"])
            self._lowercase = bool(file["lowercase"])
            self._ids = {word: index for index, word in enumerate(file["vocabulary"])}
            self._unknown = int(file["unknown"])
            self.padding = int(file["padding"])
            letters = file.get("characters")
            self.most: int | None = None if letters is None else int(letters["most"])
            self.no_character = 0 if letters is None else int(letters["padding"])
            alphabet = [] if letters is None else letters["alphabet"]
            self._letters = {letter: index for index, letter in enumerate(alphabet)}
            self._no_letter = 0 if letters is None else int(letters["unknown"])
        except (KeyError, TypeError, ValueError) as error:
            todo = "give pattern, lowercase, vocabulary, unknown and padding"
            raise ExportError(where, f"it is no vocabulary of words ({error!r})", todo) from error
        self._file = file

    @property
    def size(self) -> int:
        """How many ids words have."""
        return len(self._file["vocabulary"])

    @property
    def letters(self) -> int:
        """How many ids characters have."""
        return len(self._file["characters"]["alphabet"])

    def words(self, text: str) -> list[tuple[int, int]]:
        """Where the words are."""
        return [match.span() for match in self._pattern.finditer(text) if match.group()]

    def ids(self, text: str) -> list[int]:
        """An id for each word."""
        words = (text[start:end] for start, end in self.words(text))
        return [self._ids.get(word.lower() if self._lowercase else word, self._unknown) for word in words]

    def characters(self, text: str) -> list[list[int]]:
        """For each word the ids of its characters; of more than `most` those of its beginning and its end."""
        assert self.most is not None
        head, tail = -(-self.most // 2), self.most // 2
        words = [text[start:end] for start, end in self.words(text)]
        short = [word if len(word) <= self.most else word[:head] + word[len(word) - tail :] for word in words]
        return [[self._letters.get(letter, self._no_letter) for letter in word] for word in short]

    def put(self, files: VersionFiles) -> None:
        """Adds what the server reads."""
        unicode = files.add_json("unicode", unicode_tables())
        files.add_json("words", {**self._file, "format": 1, "unicode": unicode})


class HuggingFace:
    """`tokenizer.json` of Hugging Face's tokenizers.

    :param file: its bytes
    :raises ExportError: when it cannot be read
    """

    name = HUGGING_FACE
    most = None

    def __init__(self, file: bytes, where: str = HUGGING_FACE) -> None:
        from tokenizers import Tokenizer

        try:
            self._tokenizer = Tokenizer.from_buffer(file)
        except Exception as error:  # the library raises plain Exception
            raise ExportError(where, f"it is no tokenizer ({error})", "give a tokenizer.json") from error
        self._file = file
        padding = self._tokenizer.padding
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        around = self._tokenizer.encode("a").ids
        inside = self.ids("a")
        first = next(at for at in range(len(around) + 1) if around[at : at + len(inside)] == inside)
        self.before = tuple(around[:first])
        self.behind = tuple(around[first + len(inside) :])
        known = (self._tokenizer.token_to_id(token) for token in _PADDING_TOKENS)
        own = None if padding is None else padding["pad_id"]
        self.padding = own if own is not None else next((each for each in known if each is not None), 0)

    def ids(self, text: str) -> list[int]:
        """The ids of a text's tokens, special ones left out."""
        return self._tokenizer.encode(text, add_special_tokens=False).ids

    def put(self, files: VersionFiles) -> None:
        """Adds what the server reads."""
        files.put(HUGGING_FACE, self._file)


Tokenizer = Words | HuggingFace


def read_tokenizer(path: Path) -> Tokenizer:
    """The tokenizer in a file: a vocabulary of words if it has one, else one of Hugging Face.

    :raises ExportError: when it is neither
    """
    where = str(path)
    try:
        data = path.read_bytes()
        content = json.loads(data)
    except FileNotFoundError:
        todo = "give a words.json or a tokenizer.json"
        raise ExportError(where, "there is no such file", todo) from None
    except (OSError, ValueError) as error:
        raise ExportError(where, f"it cannot be read ({error})", "give a JSON file in UTF-8") from error
    if isinstance(content, dict) and "vocabulary" in content:
        return Words(content, where)
    return HuggingFace(data, where)
