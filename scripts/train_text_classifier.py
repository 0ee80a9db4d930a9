"""Trains models/sentiment: TF-IDF and logistic regression on 3,000 labelled sentences."""

from labelstudio_export.train_text import main

if __name__ == "__main__":
    main()
