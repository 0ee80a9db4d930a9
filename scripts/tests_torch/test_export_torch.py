"""The command on real models: what is served is what PyTorch computes, or nothing is written."""

import json
import pickle
import re
import shutil
import subprocess
from pathlib import Path

import nets
import numpy as np
import onnx
import pytest
import torch
from conftest import NETS, TAGS, TEXTS, VOCABULARY
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from labelstudio_export.node import run_version
from labelstudio_torch.cli import main
from labelstudio_torch.text_rows import TextRows
from labelstudio_torch.tokenizers import read_tokenizer

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def command(tmp_path, samples, words, weights, capsys):
    """Runs the command on a model of `nets`; returns the version's folder and its record."""

    def run(net, *more, task="token-classification", tokenizer=words, labels="O,B-PER,I-PER,B-LOC"):
        arguments = [f"{NETS}:{net}", "--weights", str(weights(net)), "--task", task, "--labels", labels]
        arguments += ["--samples", str(samples), "--tokenizer", str(tokenizer), "--name", "mine"]
        main([*arguments, "--repository", str(tmp_path / "models"), *more])
        capsys.readouterr()
        (folder,) = (tmp_path / "models" / "mine" / "versions").iterdir()
        return folder, json.loads((folder / "version.json").read_text())

    return run


@pytest.fixture
def refused(command, tmp_path):
    """Runs the command, which must refuse in one line and leave nothing behind; returns the line."""

    def run(*arguments, **settings):
        with pytest.raises(SystemExit) as exit_:
            command(*arguments, **settings)
        message = str(exit_.value.code)
        assert message.startswith("error: ") and "\n" not in message
        assert not (tmp_path / "models").exists()
        return message

    return run


def loaded(net, weights):
    model = getattr(nets, net)()
    model.load_state_dict(torch.load(weights(net), weights_only=True))
    return model.eval()


@pytest.mark.parametrize(
    ("net", "exporter"),
    [("Masked", "dynamo"), ("Attention", "dynamo"), ("Spelling", "dynamo"), ("Packed", "torchscript")],
)
def test_tags_are_those_of_torch(command, weights, words, net, exporter):
    folder, record = command(net, "--max-tokens", "32", "--overlap", "4")
    assert record["tools"]["torch.onnx.export"] == exporter
    assert record["tools"]["torch"] == torch.__version__.split("+")[0]
    assert record["input"] == {"kind": "tokens", "tokenizer": "words.json", "max_tokens": 32, "overlap": 4}
    expected = {"name": "label", "kind": "tags", "tensor": "numbers", "values": "logits", "labels": TAGS}
    assert record["outputs"] == [expected]
    assert record["parity"]["rows"] > 25 and record["parity"]["largestDifference"] < 1e-5
    manifest = json.loads((folder.parents[1] / "model.json").read_text())
    assert manifest["input"] == record["input"]
    assert manifest["outputs"] == [{"name": "label", "control": "Labels"}]

    # What the gate compared was computed by this package's own rows; here by hand.
    model = loaded(net, weights)
    ids = [[VOCABULARY.index(word) for word in ("i", "loved", "the", "food", ".")]]
    feeds = {"input_ids": torch.tensor(ids), "attention_mask": torch.ones(1, 5, dtype=torch.int64)}
    if net == "Spelling":
        letters = [[ord(letter) - 95 for letter in word] for word in ("i", "loved", "the", "food")]
        letters[0], letters[-1:] = [1], [letters[-1], [1]]
        feeds = {
            "input_ids": feeds["input_ids"],
            "characters": torch.tensor([[row + [0] * (5 - len(row)) for row in letters]]),
        }
    with torch.no_grad():
        told = model(**feeds)
    numbers = told["logits"] if isinstance(told, dict) else told
    (answer, longer) = run_version(folder, ["I loved the food.", " ".join(TEXTS)])
    assert np.allclose(answer["values"]["label"], numbers.ravel(), atol=1e-5)
    assert len(longer["values"]["label"]) == 4 * TextRows(read_tokenizer(words)).size(" ".join(TEXTS))


def test_texts_get_probabilities(command, weights):
    folder, record = command("Pooled", task="text-classification")
    (output,) = record["outputs"]
    assert output["kind"] == "probabilities" and output["decision"] == {"rule": "argmax"}
    (answer,) = run_version(folder, ["the great food"])
    ids = torch.tensor([[VOCABULARY.index(word) for word in ("the", "great", "food")]])
    with torch.no_grad():
        expected = torch.softmax(loaded("Pooled", weights)(ids, torch.ones_like(ids)), dim=1)[0]
    assert np.allclose(answer["values"]["label"], expected, atol=1e-6)
    assert answer["chosen"]["label"] == [int(expected.argmax())]


def test_texts_get_any_number_of_classes(command, weights):
    folder, record = command("Pooled", task="text-multilabel-classification")
    assert record["outputs"][0]["decision"] == {"rule": "threshold", "threshold": 0.5}
    manifest = json.loads((folder.parents[1] / "model.json").read_text())
    assert manifest["outputs"][0]["choice"] == "multiple"
    (answer,) = run_version(folder, ["the great food"])
    ids = torch.tensor([[VOCABULARY.index(word) for word in ("the", "great", "food")]])
    with torch.no_grad():
        expected = torch.sigmoid(loaded("Pooled", weights)(ids, torch.ones_like(ids)))[0].numpy()
    assert np.allclose(answer["values"]["label"], expected, atol=1e-6)
    assert answer["chosen"]["label"] == np.flatnonzero(expected > 0.5).tolist()


def test_probabilities_are_known_as_such(command):
    _, record = command("Sure")
    assert record["outputs"][0]["values"] == "probabilities"


def test_takes_a_tokenizer_of_hugging_face(command, tmp_path, weights):
    tokens = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "the",
        "film",
        "wonder",
        "##ful",
        "food",
        "love",
        "##d",
        ".",
    ]
    tokenizer = Tokenizer(models.WordPiece({t: n for n, t in enumerate(tokens)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.add_special_tokens(tokens[:4])
    tokenizer.save(str(tmp_path / "mine.json"))
    folder, record = command("Attention", tokenizer=tmp_path / "mine.json")
    assert record["input"] == {"kind": "tokens", "tokenizer": "tokenizer.json", "max_tokens": 512}
    ids = torch.tensor([[2, 4, 6, 7, 8, 11, 3]])
    with torch.no_grad():
        expected = loaded("Attention", weights)(ids, torch.ones_like(ids))["logits"][0, 1:-1]
    (answer,) = run_version(folder, ["The wonderful FOOD."])
    assert np.allclose(answer["values"]["label"], expected.ravel(), atol=1e-5)


def test_the_same_weights_are_the_same_version_and_tell_nothing_of_this_machine(command, tmp_path):
    folder, _ = command("Masked")
    assert command("Masked")[0] == folder
    graph = onnx.load(folder / "model.onnx")
    text = str(graph)
    assert str(tmp_path) not in text and str(NETS.parent) not in text and "metadata_props" not in text
    # What `npm run parity` runs.
    again = [shutil.which("node"), ROOT / "dist/cli/parity.js", folder]
    assert "passed" in subprocess.run(again, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    ("net", "message"),
    [
        ("Unmasked", r"changes by 0\.\d+ where the text is filled up.*let it take attention_mask"),
        ("Fixed", r"forward\(\): it gives \[1, 5, 4\], not \[1, 1, 4\]"),
        ("Steps", r"neither of torch's exporters .*dynamo: .*torchscript: .*come from its inputs"),
        ("Broken", r"--samples, row 1: the model answers NaN"),
        ("Asking", r"forward\(\): it needs pixels; let it take some of input_ids, attention_mask"),
        ("Telling", r"forward\(\): it returns list; let it return one tensor"),
        (
            "Failing",
            r"forward\(\): it fails on inputs of the shape \[1, 512\]: index out of range.*as large as",
        ),
    ],
)
def test_refuses_models_that_would_be_served_wrongly(refused, net, message):
    line = refused(net)
    assert re.search(message, line), line


def test_refuses_what_is_no_model(refused, tmp_path, weights):
    def line(path):
        return refused("Masked", "--weights", str(path))

    other = weights("Attention")
    assert "these weights are not of the model" in line(other)
    assert "Missing key" in line(other)
    assert "there is no such file" in line(tmp_path / "none.pt")
    (tmp_path / "code.pt").write_bytes(pickle.dumps(nets.Masked))
    assert "it holds more than weights" in line(tmp_path / "code.pt")
    torch.save(torch.zeros(2), tmp_path / "tensor.pt")
    assert "it holds no weights by name" in line(tmp_path / "tensor.pt")
    (tmp_path / "text.pt").write_text("weights")
    assert "torch.save" in line(tmp_path / "text.pt")
    assert "[1, 1, 4], not [1, 1, 2], with 2 labels" in refused("Masked", labels="O,PER")
    assert "not different names" in refused("Masked", labels="O,PER,O,LOC")
    assert "'Choices' does not hold spans" in refused("Masked", "--control", "Choices")
    assert "leave no room" in refused("Masked", "--max-tokens", "4", "--overlap", "4")
    assert "there is no such file" in refused("Masked", tokenizer=tmp_path / "none.json")
    (tmp_path / "odd.json").write_text('{"model": 3}')
    assert "it is no tokenizer" in refused("Masked", tokenizer=tmp_path / "odd.json")
    (tmp_path / "odd.json").write_text('{"vocabulary": 3, "pattern": "a"}')
    assert "it is no vocabulary of words" in refused("Masked", tokenizer=tmp_path / "odd.json")


def test_refuses_what_builds_no_model(capsys, tmp_path, samples, words, weights):
    def line(entry):
        arguments = [entry, "--weights", str(weights("Masked")), "--task", "token-classification"]
        arguments += ["--labels", "A,B", "--samples", str(samples), "--tokenizer", str(words), "--name", "m"]
        with pytest.raises(SystemExit) as exit_:
            main([*arguments, "--repository", str(tmp_path / "models")])
        return str(exit_.value.code)

    assert "it has no function 'tagger'; it has Asking, Attention" in line(f"{NETS}:tagger")
    assert "it names no function of a Python file" in line("nets.Masked")
    assert "there is no such file" in line(f"{tmp_path}/none.py:f")
    assert "it returns int; let it return a torch.nn.Module" in line(f"{NETS}:no_model")
    assert "it fails: KeyError: 'config'; let it build the model without arguments" in line(f"{NETS}:cannot")
    (tmp_path / "broken.py").write_text("import nothing_of_that_name")
    assert "it cannot be run: ModuleNotFoundError" in line(f"{tmp_path}/broken.py:f")
