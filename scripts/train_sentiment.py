"""Trains models/sentiment: TF-IDF and logistic regression on 3,000 labelled sentences."""

from labelstudio_train.sentiment import main

if __name__ == "__main__":
    main()
