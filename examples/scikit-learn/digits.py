"""Forests of decision trees for handwritten digits."""

from sklearn.datasets import load_digits
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier

KINDS = {"random": RandomForestClassifier, "extra": ExtraTreesClassifier}


def run(settings, seed, run):
    """Train a forest on the first 1400 digits, and test it on the other 397."""
    images, labels = load_digits(return_X_y=True)
    forest = KINDS[settings["kind"]](max_features=settings["max_features"], random_state=seed)
    forest.fit(images[:1400], labels[:1400])
    correct = forest.predict(images[1400:]) == labels[1400:]
    run.scores(range(1400, len(images)), correct)
    return {"test_accuracy": correct.mean()}
