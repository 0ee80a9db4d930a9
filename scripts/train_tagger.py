"""Trains models/tagger: spans of figures and addresses in English sentences, with PyTorch."""

from labelstudio_torch.figures import main

if __name__ == "__main__":
    main()
