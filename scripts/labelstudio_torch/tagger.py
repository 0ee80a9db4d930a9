"""A small tagger of words: what they are, how they are spelt, and what stands around them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from .held_out import begin
from .spans import Span, span_f1, spans_of, tag_names, tags_of
from .text_rows import TextRows
from .tokenizers import Words

MAX_TOKENS = 256
OVERLAP = 32
# A script that is written without spaces has a word a character: Han, kana, Thai, Lao, Myanmar, Khmer.
_ALONE = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
PATTERN = rf"[{_ALONE}]|(?:(?![{_ALONE}])\w)+|[^\w\s]"
_VOCABULARY, _ALPHABET, _LETTERS = 20_000, 300, 16
_BATCH = 32
_INPUTS = ("input_ids", "attention_mask", "characters")
# Where there is no word to learn the tag of.
_NOTHING = -100
_RATE = 2e-3
# Words taken for unknown ones while it learns, so that it learns from spelling and neighbours too.
_HIDDEN = 0.15
# Rows of which a tenth can be held out to see when it is enough; with fewer all are learnt from.
_ENOUGH = 100
_EPOCHS, _FEW_EPOCHS, _PATIENCE = 60, 40, 6
# Rows that are learnt from in all: many texts need fewer rounds.
_ROWS = 300_000


class Tagger(nn.Module):
    """Embeddings of words and of their characters, and convolutions over neighbours up to 8 words away.

    What fills a row up is set to zero before each convolution, so that it changes nothing.
    """

    def __init__(self, words: int, letters: int, tags: int, width: int = 96) -> None:
        super().__init__()
        self.words = nn.Embedding(words, 48)
        self.letters = nn.Embedding(letters, 24)
        self.spelling = nn.Conv1d(24, 48, 3, padding=1)
        self.first = nn.Linear(96, width)
        self.layers = nn.ModuleList(
            nn.Conv1d(width, width, 3, padding=dilation, dilation=dilation) for dilation in (1, 2, 4, 1)
        )
        self.last = nn.Linear(width, tags)
        self.drop = nn.Dropout(0.3)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, characters: torch.Tensor
    ) -> torch.Tensor:
        """Logits [rows, tokens, tags]."""
        rows, tokens, most = characters.shape
        letters = self.letters(characters.reshape(rows * tokens, most)).transpose(1, 2)
        spelt = torch.relu(self.spelling(letters)).amax(dim=2).reshape(rows, tokens, 48)
        mask = attention_mask.unsqueeze(1).to(spelt.dtype)
        states = self.first(self.drop(torch.cat([self.words(input_ids), spelt], dim=2))).transpose(1, 2)
        for layer in self.layers:
            states = states + self.drop(torch.relu(layer(states * mask)))
        return self.last(states.transpose(1, 2))


@dataclass(frozen=True)
class Fitted:
    """A tagger that has learnt, its words and tags, and its F1 on rows held out, None if there were none."""

    net: Tagger
    rows: TextRows
    tags: list[str]
    f1: float | None
    held_out: int

    def spans(self, texts: Sequence[str]) -> list[list[Span]]:
        """What it marks in texts, of longer ones in their first tokens."""
        return _spans(self.net, self.rows, self.tags, texts)


def fit(
    texts: Sequence[str],
    spans: Sequence[Sequence[Span]],
    labels: Sequence[str],
    told: Callable[[float], None] = lambda _: None,
    vocabulary_size: int = _VOCABULARY,
) -> Fitted:
    """Teaches a tagger to mark such spans. The same texts give the same tagger.

    :param labels: those of the spans
    :param told: gets how far it is, 0 to 1
    :param vocabulary_size: words that it knows at most, the most frequent ones
    """
    rng, held_out, known = begin(len(texts), _ENOUGH)
    count = len(held_out)
    words = Words(vocabulary([texts[at] for at in known], vocabulary_size))
    rows = TextRows(words, MAX_TOKENS, OVERLAP)
    tags = tag_names(labels)
    net = Tagger(words.size, words.letters, len(tags))
    encoded = [rows.encode(text) for text in texts]
    wanted = [
        [tags.index(tag) for tag in tags_of(words.words(text), marked)]
        for text, marked in zip(texts, spans, strict=True)
    ]

    optimizer = torch.optim.AdamW(net.parameters(), _RATE, weight_decay=0.01)
    epochs = max(3, min(_EPOCHS if count else _FEW_EPOCHS, _ROWS // len(texts)))
    best, best_state, since = -1.0, net.state_dict(), 0
    for epoch in range(epochs):
        net.train()
        shuffled = rng.permutation(known)
        for at in range(0, len(shuffled), _BATCH):
            batch = shuffled[at : at + _BATCH]
            feeds = rows.stack([encoded[each] for each in batch])
            _learn(net, optimizer, feeds, [wanted[each] for each in batch])
        told((epoch + 1) / epochs)
        if count == 0:
            continue
        there = _spans(net, rows, tags, [texts[at] for at in held_out])
        f1 = span_f1([_marked(words, texts[at], spans[at]) for at in held_out], there)
        since += 1
        if f1 > best:
            best, since = f1, 0
            best_state = {name: value.clone() for name, value in net.state_dict().items()}
        if since == _PATIENCE:
            break
    if count:
        net.load_state_dict(best_state)
    return Fitted(net.eval(), rows, tags, best if count else None, count)


def vocabulary(texts: Sequence[str], most: int) -> dict[str, Any]:
    """A `words.json` of the most frequent words and characters of some texts."""
    padding, unknown = "<padding>", "<unknown>"
    ids = {"unknown": 1, "padding": 0}
    empty = {"format": 1, "pattern": PATTERN, "lowercase": True, "vocabulary": [padding, unknown], **ids}
    plain = Words(empty)
    found: Counter[str] = Counter()
    letters: Counter[str] = Counter()
    for text in texts:
        for start, end in plain.words(text):
            found[text[start:end].lower()] += 1
            letters.update(text[start:end])
    alphabet = [padding, unknown, *_frequent(letters, _ALPHABET)]
    return {
        **empty,
        "vocabulary": [padding, unknown, *_frequent(found, most)],
        "characters": {"alphabet": alphabet, "most": _LETTERS, **ids},
    }


def _frequent(counts: Counter[str], most: int) -> list[str]:
    """The most frequent ones of those that occur twice, in an order that is always the same."""
    order = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [each for each, count in order[:most] if count > 1]


def _learn(
    net: Tagger, optimizer: Any, feeds: dict[str, np.ndarray], wanted: Sequence[Sequence[int]]
) -> None:
    ids, mask, letters = (torch.from_numpy(feeds[name]) for name in _INPUTS)
    tags = torch.full(ids.shape, _NOTHING)
    for index, each in enumerate(wanted):
        part = each[: ids.shape[1]]
        tags[index, : len(part)] = torch.tensor(part, dtype=torch.int64)
    if not bool((tags != _NOTHING).any()):
        return
    hidden = torch.rand(ids.shape) < _HIDDEN
    logits = net(torch.where(hidden, 1, ids), mask, letters)
    optimizer.zero_grad()
    nn.functional.cross_entropy(logits.flatten(0, 1), tags.flatten(), ignore_index=_NOTHING).backward()
    optimizer.step()


def _marked(words: Words, text: str, spans: Sequence[Span]) -> list[Span]:
    """Spans with the ends of their words, as a tagger can find them."""
    places = words.words(text)
    return spans_of(places, tags_of(places, spans))


def _spans(net: Tagger, rows: TextRows, tags: Sequence[str], texts: Sequence[str]) -> list[list[Span]]:
    net.eval()
    found = []
    for at in range(0, len(texts), _BATCH):
        batch = texts[at : at + _BATCH]
        feeds = rows.feeds(batch)
        with torch.no_grad():
            best = net(*(torch.from_numpy(feeds[name]) for name in _INPUTS)).argmax(dim=2).tolist()
        for text, row in zip(batch, best, strict=True):
            places = rows.tokenizer.words(text)[: len(row)]
            found.append(spans_of(places, [tags[tag] for tag in row[: len(places)]]))
    return found
