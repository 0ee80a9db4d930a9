"""What the tests share: texts, a vocabulary, and models on disk."""

import json
import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import nets
import pytest
import torch

from labelstudio_torch.cli import main

TEXTS = [
    "The film was wonderful, a great cast and a moving story.",
    "Awful phone: the battery died in two days!",
    "I loved the food.",
]
TAGS = ["O", "B-PER", "I-PER", "B-LOC"]
VOCABULARY = [
    *["<padding>", "<unknown>", "the", "film", "was", "wonderful", "a", "great", "cast", "and", "moving"],
    *["story", "awful", "phone", "battery", "died", "in", "two", "days", "i", "loved", "food", ",", ".", "!"],
]
WORDS = {
    "format": 1,
    "pattern": r"\w+|[^\w\s]",
    "lowercase": True,
    "vocabulary": VOCABULARY,
    "unknown": 1,
    "padding": 0,
    "characters": {
        "alphabet": ["", "?", *"abcdefghijklmnopqrstuvwxyz"],
        "unknown": 1,
        "padding": 0,
        "most": 5,
    },
}
NETS = Path(nets.__file__)


@pytest.fixture
def words(tmp_path):
    """A words.json."""
    path = tmp_path / "my-words.json"
    path.write_text(json.dumps(WORDS))
    return path


@pytest.fixture
def samples(tmp_path):
    """A CSV file of texts."""
    path = tmp_path / "rows.csv"
    path.write_text("id,text\n" + "".join(f"{n},{json.dumps(text)}\n" for n, text in enumerate(TEXTS)))
    return path


@pytest.fixture
def weights(tmp_path):
    """Saves the weights of a model of a module."""

    def save(name: str, module=nets) -> Path:
        torch.manual_seed(1)
        path = tmp_path / f"{name}.pt"
        torch.save(getattr(module, name)().state_dict(), path)
        return path

    return save


@pytest.fixture
def exported(tmp_path, capsys):
    """Runs the command; returns the version's folder and its record, or the line of a refusal."""

    def run(*arguments: str) -> tuple[Path, dict] | str:
        try:
            main(["--name", "mine", "--repository", str(tmp_path / "models"), *arguments])
        except SystemExit as exit_:
            assert not (tmp_path / "models").exists()
            return str(exit_.code)
        capsys.readouterr()
        (folder,) = (tmp_path / "models" / "mine" / "versions").iterdir()
        return folder, json.loads((folder / "version.json").read_text())

    return run
