"""Makes models/topics: what reviews are about, on the vectors of an encoder of sentences."""

from labelstudio_torch.topics import main

if __name__ == "__main__":
    main()
