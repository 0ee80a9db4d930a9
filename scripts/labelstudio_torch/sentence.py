"""Encoders of sentences, in the files of Hugging Face, with a layer behind them that tells labels apart."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from labelstudio_export.errors import ExportError

# A BERT's weights, by the names that `transformers` gives them, and where they go below.
_EMBEDDINGS = {
    "embeddings.word_embeddings": "words",
    "embeddings.position_embeddings": "positions",
    "embeddings.token_type_embeddings": "types",
    "embeddings.LayerNorm": "norm",
}
_LAYER = {
    "attention.self.query": "query",
    "attention.self.key": "key",
    "attention.self.value": "value",
    "attention.output.dense": "mixed",
    "attention.output.LayerNorm": "attention_norm",
    "intermediate.dense": "wide",
    "output.dense": "narrow",
    "output.LayerNorm": "norm",
}
_SAFETENSORS = {"F32": (np.float32, torch.float32), "F16": (np.float16, torch.float32)}


class Layer(nn.Module):
    """One layer of BERT, normalised after each half: https://arxiv.org/abs/1810.04805."""

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        width, epsilon = config["hidden_size"], config["layer_norm_eps"]
        self.heads = config["num_attention_heads"]
        self.query, self.key, self.value, self.mixed = (nn.Linear(width, width) for _ in range(4))
        self.attention_norm, self.norm = (nn.LayerNorm(width, eps=epsilon) for _ in range(2))
        self.wide = nn.Linear(width, config["intermediate_size"])
        self.narrow = nn.Linear(config["intermediate_size"], width)

    def forward(self, states: torch.Tensor, away: torch.Tensor) -> torch.Tensor:
        """States [rows, tokens, width]; `away` [rows, 1, 1, tokens] is added to the scores of attention."""
        split = (states.shape[0], states.shape[1], self.heads, -1)
        query, key, value = (
            part(states).view(split).transpose(1, 2) for part in (self.query, self.key, self.value)
        )
        scores = query @ key.transpose(2, 3) / query.shape[3] ** 0.5 + away
        mixed = (torch.softmax(scores, dim=3) @ value).transpose(1, 2).reshape(states.shape)
        states = self.attention_norm(states + self.mixed(mixed))
        return self.norm(states + self.narrow(nn.functional.gelu(self.wide(states))))


class SentenceEncoder(nn.Module):
    """A BERT whose answer is the mean of its tokens, of length 1, as sentence-transformers has it.

    :param config: what `config.json` holds
    """

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        width = config["hidden_size"]
        self.width = width
        self.words = nn.Embedding(config["vocab_size"], width)
        self.positions = nn.Embedding(config["max_position_embeddings"], width)
        self.types = nn.Embedding(config["type_vocab_size"], width)
        self.norm = nn.LayerNorm(width, eps=config["layer_norm_eps"])
        self.layers = nn.ModuleList(Layer(config) for _ in range(config["num_hidden_layers"]))

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Vectors [rows, width]."""
        places = torch.arange(input_ids.shape[1], device=input_ids.device)
        states = self.norm(self.words(input_ids) + self.positions(places) + self.types.weight[0])
        mask = attention_mask.to(states.dtype)
        away = (1 - mask)[:, None, None, :] * -1e9
        for layer in self.layers:
            states = layer(states, away)
        mean = (states * mask[:, :, None]).sum(dim=1) / mask.sum(dim=1, keepdim=True)
        return nn.functional.normalize(mean, dim=1)


class SentenceClassifier(nn.Module):
    """Logits of labels, by a linear layer on the vectors of sentences."""

    def __init__(self, encoder: SentenceEncoder, labels: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = nn.Linear(encoder.width, labels)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Logits [rows, labels]."""
        return self.head(self.encoder(input_ids, attention_mask))


def load_encoder(folder: Path) -> SentenceEncoder:
    """Reads `config.json` and `model.safetensors`.

    :raises ExportError: when they are not those of a BERT
    """
    config_path, weights_path = folder / "config.json", folder / "model.safetensors"
    try:
        config = json.loads(config_path.read_bytes())
        if config["model_type"] != "bert" or config["hidden_act"] != "gelu":
            raise ExportError(str(config_path), "it is no BERT with gelu", "give the folder of one")
        encoder = SentenceEncoder(config)
        encoder.load_state_dict(_renamed(read_safetensors(weights_path), config["num_hidden_layers"]))
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        what = f"it is no encoder of sentences ({type(error).__name__}: {error})"
        raise ExportError(str(folder), what, "give config.json and model.safetensors of a BERT") from error
    return encoder.eval()


def _renamed(weights: dict[str, torch.Tensor], layers: int) -> dict[str, torch.Tensor]:
    """The weights by their names here; those that are not needed, such as the pooler's, are left out."""
    names = dict(_EMBEDDINGS)
    for number in range(layers):
        for theirs, ours in _LAYER.items():
            names[f"encoder.layer.{number}.{theirs}"] = f"layers.{number}.{ours}"
    state = {}
    for name, tensor in weights.items():
        # Some files are of a model with a head of its own, behind one more name.
        stem, _, kind = name.removeprefix("bert.").rpartition(".")
        if stem in names:
            state[f"{names[stem]}.{kind}"] = tensor
    return state


def read_safetensors(path: Path) -> dict[str, torch.Tensor]:
    """The numbers of a file as float32, by name.

    The format: https://huggingface.co/docs/safetensors/index#format. Other numbers than floats are left out.
    """
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] not in _SAFETENSORS:
            continue
        dtype, target = _SAFETENSORS[entry["dtype"]]
        begin, end = entry["data_offsets"]
        numbers = np.frombuffer(data[start + begin : start + end], np.dtype(dtype).newbyteorder("<"))
        tensors[name] = torch.from_numpy(numbers.reshape(entry["shape"]).astype(dtype)).to(target)
    return tensors


def vectors(encoder: SentenceEncoder, batches: Sequence[dict[str, np.ndarray]]) -> np.ndarray:
    """The vectors of batches of texts, [texts, width]."""
    with torch.no_grad():
        return np.concatenate(
            [
                encoder(*(torch.from_numpy(each[name]) for name in ("input_ids", "attention_mask"))).numpy()
                for each in batches
            ]
        )
