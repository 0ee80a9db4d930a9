"""The vectors are those of BERT, and what is served is what was trained."""

import json
import struct

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from torch import nn

from labelstudio_export.errors import ExportError
from labelstudio_export.node import run_version
from labelstudio_torch.sentence import load_encoder, read_safetensors
from labelstudio_torch.sentence_cli import main

CONFIG = {
    "model_type": "bert",
    "hidden_act": "gelu",
    "hidden_size": 16,
    "intermediate_size": 40,
    "layer_norm_eps": 1e-12,
    "max_position_embeddings": 64,
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "type_vocab_size": 2,
    "vocab_size": 12,
}
VOCABULARY = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "soup",
    "bread",
    "was",
    "train",
    "late",
    "good",
    "bad",
    "the",
]
ROWS = [
    *[
        (f"{words} soup {more}", "Food")
        for words in ("the", "good", "bad")
        for more in ("was good", "was bad")
    ],
    *[
        (f"{words} train {more}", "Travel")
        for words in ("the", "good", "bad")
        for more in ("was late", "late")
    ],
    *[(f"{words} bread", "Food") for words in ("the", "good", "bad")],
]


def write_safetensors(path, tensors):
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, (dtype, array) in tensors.items():
        raw = array.tobytes()
        header[name] = {
            "dtype": dtype,
            "shape": array.shape,
            "data_offsets": [len(data), len(data) + len(raw)],
        }
        data += raw
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def names(layer):
    """Shapes of a layer's weights, by the names that Hugging Face gives them."""
    width, wide = CONFIG["hidden_size"], CONFIG["intermediate_size"]
    square = dict.fromkeys(("self.query", "self.key", "self.value", "output.dense"), (width, width))
    linear = {f"attention.{name}": shape for name, shape in square.items()}
    linear |= {"intermediate.dense": (wide, width), "output.dense": (width, wide)}
    shapes = {}
    for name, shape in linear.items():
        shapes |= {f"{name}.weight": shape, f"{name}.bias": shape[:1]}
    for name in ("attention.output.LayerNorm", "output.LayerNorm"):
        shapes |= {f"{name}.weight": (width,), f"{name}.bias": (width,)}
    return {f"encoder.layer.{layer}.{name}": shape for name, shape in shapes.items()}


@pytest.fixture
def weights():
    shapes = {
        f"embeddings.{name}.weight": (CONFIG[size], CONFIG["hidden_size"])
        for name, size in (
            ("word_embeddings", "vocab_size"),
            ("position_embeddings", "max_position_embeddings"),
            ("token_type_embeddings", "type_vocab_size"),
        )
    }
    shapes |= {f"embeddings.LayerNorm.{kind}": (CONFIG["hidden_size"],) for kind in ("weight", "bias")}
    shapes |= names(0) | names(1) | {"pooler.dense.weight": (16, 16)}
    random = np.random.default_rng(3)

    def filled(name, shape):
        # Words differ much, and layers change little: texts of the same words are near each other.
        around = 1 if "LayerNorm.weight" in name else 0
        spread = 1 if "word_embeddings" in name else 0.1
        return (around + spread * random.normal(size=shape)).astype(np.float32)

    return {name: filled(name, shape) for name, shape in shapes.items()}


@pytest.fixture
def folder(tmp_path, weights):
    folder = tmp_path / "encoder"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(CONFIG))
    ids = {"embeddings.position_ids": ("I64", np.arange(64))}
    write_safetensors(
        folder / "model.safetensors", ids | {name: ("F32", array) for name, array in weights.items()}
    )
    tokenizer = Tokenizer(models.WordPiece({word: n for n, word in enumerate(VOCABULARY)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def test_is_bert_as_pytorch_has_it(folder, weights):
    layers = []
    for number in range(CONFIG["num_hidden_layers"]):
        layer = nn.TransformerEncoderLayer(
            16, 4, 40, dropout=0, activation="gelu", layer_norm_eps=1e-12, batch_first=True
        )
        own = {
            name.split(f"layer.{number}.")[1]: torch.from_numpy(array)
            for name, array in weights.items()
            if f"layer.{number}." in name
        }
        state = {}
        for kind in ("weight", "bias"):
            parts = [own[f"attention.self.{part}.{kind}"] for part in ("query", "key", "value")]
            state[f"self_attn.in_proj_{kind}"] = torch.cat(parts)
            state[f"self_attn.out_proj.{kind}"] = own[f"attention.output.dense.{kind}"]
            state[f"linear1.{kind}"] = own[f"intermediate.dense.{kind}"]
            state[f"linear2.{kind}"] = own[f"output.dense.{kind}"]
            state[f"norm1.{kind}"] = own[f"attention.output.LayerNorm.{kind}"]
            state[f"norm2.{kind}"] = own[f"output.LayerNorm.{kind}"]
        layer.load_state_dict(state)
        layers.append(layer.eval())
    ids = torch.tensor([[2, 4, 6, 9, 3], [2, 7, 3, 0, 0]])
    mask = (ids != 0).long()
    table = {name: torch.from_numpy(array) for name, array in weights.items()}
    states = table["embeddings.word_embeddings.weight"][ids]
    states = states + table["embeddings.position_embeddings.weight"][: ids.shape[1]]
    states = states + table["embeddings.token_type_embeddings.weight"][0]
    norm = [table[f"embeddings.LayerNorm.{kind}"] for kind in ("weight", "bias")]
    states = nn.functional.layer_norm(states, (16,), *norm, eps=1e-12)
    for layer in layers:
        states = layer(states, src_key_padding_mask=mask == 0)
    expected = torch.stack([row[: int(own.sum())].mean(dim=0) for row, own in zip(states, mask, strict=True)])
    expected = expected / expected.norm(dim=1, keepdim=True)
    with torch.no_grad():
        found = load_encoder(folder)(ids, mask)
    assert torch.allclose(found, expected, atol=1e-5)


def test_serves_what_was_trained(folder, tmp_path, capsys):
    rows = tmp_path / "rows.csv"
    rows.write_text("text,topic\n" + "".join(f"{text},{label}\n" for text, label in ROWS))
    command = [str(rows), "--encoder", str(folder), "--label-column", "topic", "--name", "topics"]
    main([*command, "--max-tokens", "32", "--repository", str(tmp_path / "models")])
    assert "held-out accuracy in 5 folds: 1.000" in capsys.readouterr().out
    (version,) = (tmp_path / "models" / "topics" / "versions").iterdir()
    record = json.loads((version / "version.json").read_text())
    assert record["metrics"]["samples"] == len(ROWS)
    (output,) = record["outputs"]
    assert output["labels"] == ["Food", "Travel"]
    answers = run_version(version, ["the soup was good", "the train was late"])
    chosen = [output["labels"][answer["chosen"][output["name"]][0]] for answer in answers]
    assert chosen == ["Food", "Travel"]


def test_refuses_what_it_cannot_read(folder, tmp_path, capsys):
    rows = tmp_path / "rows.csv"
    rows.write_text("text,topic\na,Food\nb,Food\nc,Travel\n")
    with pytest.raises(SystemExit, match=r"2 labels, the rarest of 1 texts"):
        main([str(rows), "--encoder", str(folder), "--label-column", "topic", "--name", "topics"])
    (folder / "config.json").write_text(json.dumps(CONFIG | {"model_type": "gpt2"}))
    with pytest.raises(ExportError, match="no BERT"):
        load_encoder(folder)
    (folder / "config.json").write_text(json.dumps(CONFIG | {"num_hidden_layers": 3}))
    with pytest.raises(ExportError, match=r"Missing key.*layers\.2\."):
        load_encoder(folder)


def test_reads_halves_as_well(tmp_path):
    path = tmp_path / "half.safetensors"
    write_safetensors(path, {"x": ("F16", np.array([[0.5, -2]], np.float16)), "n": ("I64", np.arange(2))})
    assert read_safetensors(path).keys() == {"x"}
    assert read_safetensors(path)["x"].tolist() == [[0.5, -2.0]]
