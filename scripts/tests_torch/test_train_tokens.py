"""The trainer of spans, as the server runs it."""

import json
import random
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[1]
sys.path.append(str(SCRIPTS / "tests"))

from jobs import Run, output, write_job  # noqa: E402

from labelstudio_export.node import run_version  # noqa: E402
from labelstudio_torch.spans import Span, span_f1, spans_of, tag_names, tags_of  # noqa: E402

MARKS = output("Labels", labels=["Person", "Place", "Never"])
TEMPLATES = [
    "{Person} moved to {Place} last year.",
    "I met {Person} in {Place}, 😀 twice",
    "{Place} is cold, says {Person}!",
    "Nobody knows {Person}.",
]
NAMES = {
    "Person": ["Ada", "Grace Hopper", "Alan", "Edsger Dijkstra", "Barbara", "Ken"],
    "Place": ["Turku", "New York", "Rome", "London", "Oulu"],
}


def marked(count, seed=0):
    """Texts with what is marked in them, in code points."""
    chance = random.Random(seed)
    rows = []
    for _ in range(count):
        text, regions = "", []
        for part in chance.choice(TEMPLATES).replace("}", "{").split("{"):
            word = chance.choice(NAMES[part]) if part in NAMES else part
            if part in NAMES:
                regions.append({"start": len(text), "end": len(text) + len(word), "labels": [part]})
            text += word
        rows.append((text, regions))
    return rows


def run(folder, **settings):
    return Run(SCRIPTS / "train_tokens.py", write_job(folder, outputs=[MARKS], kind="tokens", **settings))


def test_marks_what_annotators_mark(tmp_path):
    folder, record = run(tmp_path, rows=[*marked(120), ("held out", [], "held_out")]).version()
    assert record["input"] == {
        "kind": "tokens",
        "tokenizer": "words.json",
        "max_tokens": 256,
        "overlap": 32,
    }
    (spec,) = record["outputs"]
    tags = ["O", "B-Person", "I-Person", "B-Place", "I-Place"]
    assert spec["labels"] == tags and spec["name"] == "label" and spec["kind"] == "tags"
    assert record["metrics"]["f1"] > 0.9 and record["metrics"]["samples"] == 120
    assert record["parity"]["largestDifference"] < 1e-4

    text = "Grace Hopper moved to Rome last year."
    (answer,) = run_version(folder, [text])
    words = ["Grace", "Hopper", "moved", "to", "Rome", "last", "year", "."]
    numbers = answer["values"]["label"]
    assert len(numbers) == len(words) * len(tags)
    best = [max(range(5), key=lambda tag: numbers[5 * at + tag]) for at in range(len(words))]
    assert [tags[tag] for tag in best] == ["B-Person", "I-Person", "O", "O", "B-Place", "O", "O", "O"]
    assert "grace" in json.loads((folder / "words.json").read_text())["vocabulary"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rows": [(3, [])]}, "no annotated task has a text under 'text'"),
        ({"rows": [("a text", "Person")]}, "'label' has no spans of a text, which this trainer learns"),
        (
            {"rows": marked(3), "options": {"epochs": 3}},
            "the option 'epochs' in model.json is not known: this trainer has none",
        ),
    ],
)
def test_says_what_cannot_be_learnt(tmp_path, settings, message):
    assert run(tmp_path, **settings).error() == message


def test_says_what_to_install_where_there_is_no_torch(tmp_path):
    (tmp_path / "torch.py").write_text("raise ModuleNotFoundError(\"No module named 'torch'\", name='torch')")
    (tmp_path / "train_tokens.py").write_text((SCRIPTS / "train_tokens.py").read_text())
    job = write_job(tmp_path / "job", marked(3), outputs=[MARKS])
    assert Run(tmp_path / "train_tokens.py", job).error() == (
        "the Python that trains has no torch: install scripts/requirements/torch.txt into it"
    )


def test_tags_are_spans_by_whole_words():
    words = [(0, 3), (4, 12), (12, 13), (14, 17)]
    for spans in ([], [Span(0, 12, "A")], [Span(0, 3, "A"), Span(4, 12, "A"), Span(14, 17, "B-")]):
        assert spans_of(words, tags_of(words, spans)) == spans
    # A part of a word is all of it; of two spans the longer one wins, of two that begin apart the first.
    assert tags_of(words, [Span(5, 6, "A")]) == ["O", "B-A", "O", "O"]
    assert tags_of(words, [Span(0, 3, "A"), Span(0, 12, "B")]) == ["B-B", "I-B", "O", "O"]
    assert tags_of(words, [Span(4, 17, "A"), Span(0, 12, "B")]) == ["B-B", "I-B", "B-A", "I-A"]
    assert tag_names(["A", "B"]) == ["O", "B-A", "I-A", "B-B", "I-B"]
    assert spans_of(words, ["I-A", "I-B", "O", "I-B"]) == [
        Span(0, 3, "A"),
        Span(4, 12, "B"),
        Span(14, 17, "B"),
    ]
    assert span_f1([[Span(0, 3, "A")], []], [[Span(0, 3, "A")], [Span(0, 3, "B")]]) == pytest.approx(2 / 3)
    assert span_f1([[]], [[]]) == 1
