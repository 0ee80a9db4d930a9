"""Trains models/gait: who walks, runs and jumps, in recordings of an accelerometer, with PyTorch."""

from labelstudio_torch.gait import main

if __name__ == "__main__":
    main()
