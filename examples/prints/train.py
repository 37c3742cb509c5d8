"""Softmax regression in NumPy. It prints what it finds, and keeps the best weights in its own folder."""

import sys

import numpy as np
from sklearn.datasets import load_digits

rate, momentum, seed = (float(word) for word in sys.argv[1:])
random = np.random.default_rng(int(seed))
images, labels = load_digits(return_X_y=True)
images = np.c_[images / 16, np.ones(len(images))]
order = random.permutation(1300)
train, val, test = order[:1000], order[1000:], np.arange(1300, len(images))


def softmax(weights, chosen):
    scores = np.exp(images[chosen] @ weights)
    return scores / scores.sum(1, keepdims=True)


def correct(weights, chosen):
    return (softmax(weights, chosen).argmax(1) == labels[chosen]).sum()


weights, velocity, best = np.zeros((65, 10)), np.zeros((65, 10)), -1
for epoch in range(1, 31):
    losses = []
    for batch in np.split(random.permutation(train), 50):
        probabilities = softmax(weights, batch)
        losses.append(-np.log(probabilities[np.arange(len(batch)), labels[batch]]).mean())
        gradient = images[batch].T @ (probabilities - np.eye(10)[labels[batch]]) / len(batch)
        velocity = momentum * velocity - rate * gradient
        weights = weights + velocity
    accuracy = correct(weights, val) / len(val)
    print(f"epoch {epoch:2}: train loss {np.mean(losses):.4f}, validation accuracy {accuracy:.1%}")
    if accuracy > best:
        best = accuracy
        np.save("best.npy", weights)

right = correct(np.load("best.npy"), test)
print(f"Test accuracy of the best epoch: {right}/{len(test)} ({right / len(test):.0%})")
