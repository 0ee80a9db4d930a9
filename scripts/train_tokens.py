"""The trainer of recipes that mark spans in texts: labels of words, by a small network of PyTorch."""

from labelstudio_train.pytorch import run_torch

if __name__ == "__main__":
    run_torch("train_tokens")
