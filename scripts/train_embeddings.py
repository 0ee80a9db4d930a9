"""Trains labels of texts on the vectors of an encoder of sentences, and writes a version."""

from labelstudio_torch.sentence_cli import main

if __name__ == "__main__":
    main()
