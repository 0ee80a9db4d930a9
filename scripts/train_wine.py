"""Trains models/wine: logistic regression on 13 measurements of 178 wines."""

from labelstudio_train.wine import main

if __name__ == "__main__":
    main()
