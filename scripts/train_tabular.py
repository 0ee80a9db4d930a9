"""The trainer of tabular recipes: labels or a number from the columns of a task's data."""

from labelstudio_train import run
from labelstudio_train.tabular import train

if __name__ == "__main__":
    run(train)
