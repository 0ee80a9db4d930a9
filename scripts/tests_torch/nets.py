"""Models as people write them: functions that `export_torch.py` finds in a Python file."""

import torch
from torch import nn

WORDS = 40
LABELS = 4


class Masked(nn.Module):
    """A convolution that looks at its neighbours, and at nothing that fills a row up."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(WORDS, 16)
        self.near = nn.Conv1d(16, 16, 3, padding=1)
        self.head = nn.Linear(16, LABELS)

    def features(self, input_ids, attention_mask):
        mask = attention_mask.unsqueeze(1).float()
        near = self.near(self.embedding(input_ids).transpose(1, 2) * mask)
        return (torch.relu(near) * mask).transpose(1, 2)

    def forward(self, input_ids, attention_mask):
        return self.head(self.features(input_ids, attention_mask))


class Pooled(Masked):
    """One answer a text: the mean of its tokens."""

    def forward(self, input_ids, attention_mask):
        near = self.features(input_ids, attention_mask)
        return self.head(near.sum(dim=1) / attention_mask.sum(dim=1, keepdim=True))


class Unmasked(Masked):
    """Takes what fills a row up for words."""

    def forward(self, input_ids):
        return self.head(self.features(input_ids, torch.ones_like(input_ids)))


class Recurrent(nn.Module):
    """A one-way LSTM: what comes behind a text does not matter to it."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(WORDS, 8)
        self.lstm = nn.LSTM(8, 8, batch_first=True)
        self.head = nn.Linear(8, LABELS)

    def forward(self, input_ids):
        return self.head(self.lstm(self.embedding(input_ids))[0])


class Attention(nn.Module):
    """A transformer's encoder, which answers as models of Hugging Face do."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(WORDS, 16)
        layer = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(16, LABELS)

    def forward(self, input_ids, attention_mask=None, labels=None):
        hidden = self.encoder(self.embedding(input_ids), src_key_padding_mask=attention_mask == 0)
        return {"logits": self.head(hidden)}


class Spelling(nn.Module):
    """Reads how words are spelt."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(WORDS, 8)
        self.letters = nn.Embedding(30, 8)
        self.head = nn.Linear(16, LABELS)

    def forward(self, input_ids, characters):
        spelt = self.letters(characters).amax(dim=2)
        return self.head(torch.cat([self.embedding(input_ids), spelt], dim=2))


class Packed(nn.Module):
    """A two-way LSTM over rows of different lengths, which only the older exporter knows."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(WORDS, 8)
        self.lstm = nn.LSTM(8, 8, batch_first=True, bidirectional=True)
        self.head = nn.Linear(16, LABELS)

    def forward(self, input_ids, attention_mask):
        lengths = attention_mask.sum(dim=1).cpu()
        packed = nn.utils.rnn.pack_padded_sequence(
            self.embedding(input_ids), lengths, batch_first=True, enforce_sorted=False
        )
        states, _ = nn.utils.rnn.pad_packed_sequence(
            self.lstm(packed)[0], batch_first=True, total_length=input_ids.shape[1]
        )
        return self.head(states)


class Fixed(nn.Module):
    """Works at one length alone."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(WORDS, LABELS)
        self.places = nn.Parameter(torch.randn(5, LABELS))

    def forward(self, input_ids):
        return self.embedding(input_ids) + self.places


class Steps(nn.Module):
    """Its loop over tokens is written out by a trace, as long as that was."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(WORDS, LABELS)

    def forward(self, input_ids):
        embedded = self.embedding(input_ids)
        total, steps = torch.zeros_like(embedded[:, 0]), []
        for step in range(input_ids.shape[1]):
            total = torch.tanh(total + embedded[:, step])
            steps.append(total)
        return torch.stack(steps, dim=1)


class Broken(Masked):
    """Its numbers are none."""

    def forward(self, input_ids):
        return super().forward(input_ids, torch.ones_like(input_ids)) * float("nan")


class Pictures(nn.Module):
    """Classes of images, whatever their size."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1)
        )
        self.head = nn.Linear(8, LABELS)

    def forward(self, pixel_values):
        return self.head(self.layers(pixel_values).flatten(1))


class Pixels(nn.Module):
    """Classes of pixels: down and up again."""

    def __init__(self):
        super().__init__()
        self.down = nn.Conv2d(3, 8, 4, stride=2, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.up = nn.ConvTranspose2d(8, LABELS, 4, stride=2, padding=1)

    def forward(self, pixel_values):
        return self.up(torch.relu(self.norm(self.down(pixel_values))))


class Motion(nn.Module):
    """Classes of steps, of series of any length."""

    def __init__(self):
        super().__init__()
        self.near = nn.Conv1d(2, 8, 5, padding=2)
        self.far = nn.Conv1d(8, LABELS, 3, padding=4, dilation=4)

    def forward(self, series):
        return self.far(torch.relu(self.near(series)))


class Halved(Motion):
    """Halves a series and doubles it again: made for an even number of steps."""

    def forward(self, series):
        half = nn.functional.max_pool1d(series, 2)
        return nn.functional.interpolate(super().forward(half), scale_factor=2)


class Competing(Pictures):
    """What it says of an image depends on the others of its batch."""

    def forward(self, pixel_values):
        return super().forward(pixel_values - pixel_values.mean(dim=0))


class Sure(Masked):
    """Knows probabilities."""

    def forward(self, input_ids, attention_mask):
        return torch.softmax(super().forward(input_ids, attention_mask), dim=-1)


class Asking(Masked):
    """Wants what no text has."""

    def forward(self, input_ids, pixels):
        return super().forward(input_ids, pixels)


class Telling(Masked):
    """Returns more than one tensor."""

    def forward(self, input_ids, attention_mask):
        return [super().forward(input_ids, attention_mask), input_ids]


class Failing(nn.Module):
    """Knows one word, and not those of the vocabulary."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(1, LABELS)

    def forward(self, input_ids):
        return self.embedding(input_ids)


def no_model():
    return 3


def cannot():
    raise KeyError("config")
