"""Trains models/digits: a small neural network on 1,797 handwritten digits."""

from labelstudio_train.digits import main

if __name__ == "__main__":
    main()
