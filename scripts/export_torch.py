"""Exports a PyTorch model as a version of a model."""

from labelstudio_torch.cli import main

if __name__ == "__main__":
    main()
