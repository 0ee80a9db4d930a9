"""The trainer of text recipes: one label or several from a Text or HyperText tag."""

from labelstudio_train import run
from labelstudio_train.text import train

if __name__ == "__main__":
    run(train)
