"""Spans of texts as tags of their words, and back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

OUTSIDE = "O"


class Span(NamedTuple):
    """Where something is, the end exclusive, in code points of a text or steps of a series; what it is."""

    start: int
    end: int
    label: str


def tag_names(labels: Sequence[str]) -> list[str]:
    """The tags of some labels, by the scheme BIO: outside, then the begin and the inside of each label."""
    return [OUTSIDE, *(f"{place}-{label}" for label in labels for place in "BI")]


def tags_of(words: Sequence[tuple[int, int]], spans: Sequence[Span]) -> list[str]:
    """The tag of each word: of the spans that touch it the one that begins first, and then the longest.

    >>> tags_of([(0, 3), (4, 12), (13, 17)], [Span(0, 12, "PER")])
    ['B-PER', 'I-PER', 'O']
    """
    tags = [OUTSIDE] * len(words)
    for start, end, label in sorted(spans, key=lambda span: (span.start, -span.end)):
        place = "B"
        for index, (first, last) in enumerate(words):
            if first < end and last > start and tags[index] == OUTSIDE:
                tags[index] = f"{place}-{label}"
                place = "I"
    return tags


def spans_of(words: Sequence[tuple[int, int]], tags: Sequence[str]) -> list[Span]:
    """The spans that tags tell of, as the server reads them: an inside of nothing begins one.

    >>> spans_of([(0, 3), (4, 12), (13, 17)], ["B-PER", "I-PER", "O"])
    [Span(start=0, end=12, label='PER')]
    """
    return list(_spans(words, tags))


def _spans(words: Sequence[tuple[int, int]], tags: Sequence[str]) -> Iterator[Span]:
    open_: Span | None = None
    for (start, end), tag in zip(words, tags, strict=True):
        place, _, label = tag.partition("-")
        if open_ is not None and place == "I" and label == open_.label:
            open_ = open_._replace(end=end)
            continue
        if open_ is not None:
            yield open_
        open_ = None if tag == OUTSIDE else Span(start, end, label)
    if open_ is not None:
        yield open_


def span_f1(expected: Sequence[Sequence[Span]], got: Sequence[Sequence[Span]]) -> float:
    """F1 over whole spans: place and label must be right. 1 where there are none and none were found."""
    right = sum(len(set(a) & set(b)) for a, b in zip(expected, got, strict=True))
    every = sum(map(len, expected)) + sum(map(len, got))
    return 1.0 if every == 0 else 2 * right / every
