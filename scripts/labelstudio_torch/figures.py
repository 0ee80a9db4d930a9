"""The trainer of the shipped tagger."""

from __future__ import annotations

import random
import re
import sys
from pathlib import Path

from labelstudio_train.shipped import run

from .export import TorchRequest, export_torch
from .figures_data import CREDITS, LABELS, TEMPLATES, sentences
from .spans import Span, span_f1
from .tagger import Fitted, fit
from .tasks import TokenClassification

_DESCRIPTION = (
    "Dates, times of day, sums of money, telephone numbers, e-mail addresses and URLs in English texts. "
    "Words, their characters and their neighbours; a small convolutional network of PyTorch."
)
_WRITTEN = Path(__file__).with_name("figures_written.txt")
_SENTENCES, _MEASURED, _COMPARED = 12_000, 2_000, 100
# A version stays small: words of figures are best known by their spelling.
_VOCABULARY = 2_000
# Templates that none of the measured sentences shares with those that are learnt from: one in so many.
_HELD_OUT = 5


def main(arguments: list[str] | None = None) -> None:
    """The command: trains, measures, writes a version; exit code 1 with one line on bad input."""
    description = (
        "Train a tagger of dates, times, sums of money, telephone numbers and addresses on made "
        "sentences, and write it as a version."
    )
    run(train, description, "tagger", arguments)


def train(repository: Path, name: str) -> Path:
    """Trains and writes a version, unless the newest one already serves the same; returns its folder."""
    templates = random.Random(0).sample(TEMPLATES, len(TEMPLATES))
    unseen = templates[::_HELD_OUT]
    seen = [template for template in templates if template not in unseen]
    fitted = _fit(seen)
    made = _f1(fitted, *sentences(_MEASURED, unseen, seed=2))
    by_hand = written_sentences()
    written = _f1(fitted, *by_hand)
    print(f"F1 on sentences of {len(unseen)} templates that were not learnt from: {made:.3f}")
    print(f"F1 on {len(by_hand[0])} sentences written by hand: {written:.3f}")
    texts, _ = sentences(_COMPARED, seen, seed=3)
    done = export_torch(
        TorchRequest(
            model=fitted.net,
            task=TokenClassification(fitted.tags),
            rows=fitted.rows,
            samples=texts,
            output="figures",
            name=name,
            repository=repository,
            title="Dates, times, money, telephone numbers and addresses",
            about={"description": _DESCRIPTION, "credits": CREDITS},
            metrics={
                "f1": round(written, 4),
                "f1Made": round(made, 4),
                "method": f"whole spans: f1 in {len(by_hand[0])} sentences written by hand, f1Made in "
                f"{_MEASURED} made of templates that were not learnt from",
                "samples": _SENTENCES,
            },
        )
    )
    print(done.told())
    return done.folder


def written_sentences() -> tuple[list[str], list[list[Span]]]:
    """Sentences that no template made, with what is marked in each."""
    texts, spans = [], []
    for line in _WRITTEN.read_text(encoding="utf-8").splitlines():
        text, marked = "", []
        for index, part in enumerate(re.split(r"[{}]", line)):
            label, _, word = part.partition("=") if index % 2 else ("", "", part)
            if label:
                marked.append(Span(len(text), len(text) + len(word), label))
            text += word
        texts.append(text)
        spans.append(marked)
    return texts, spans


def _fit(templates: list[str]) -> Fitted:
    texts, spans = sentences(_SENTENCES, templates, seed=1)
    return fit(
        texts,
        spans,
        LABELS,
        lambda done: print(f"\rlearning from {len(texts)} sentences: {done:.0%}", end="", file=sys.stderr),
        vocabulary_size=_VOCABULARY,
    )


def _f1(fitted: Fitted, texts: list[str], spans: list[list[Span]]) -> float:
    return span_f1(spans, fitted.spans(texts))
