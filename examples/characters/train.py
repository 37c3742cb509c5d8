"""Learns to predict English text, character by character; needs nothing but Python.

Counts after contexts of 0, 1, 2, … characters are mixed, with weights that are learned on the way. What it reports is
the mean number of bits that the next character costs in paragraphs that it has not seen.
"""

import argparse
import json
import math
import random
from collections import Counter, defaultdict
from pathlib import Path


class Model:
    """A mixture of character counts after contexts of increasing length."""

    def __init__(self, alphabet, order, lr):
        self.alphabet, self.lr = alphabet, lr
        self.weights = [1 / (order + 1)] * (order + 1)
        self.counts = [defaultdict(Counter) for _ in self.weights]
        self.totals = [Counter() for _ in self.weights]

    def guesses(self, context, character):
        """Return the probability of a character after a context, by each order."""
        found = []
        for order, (counts, totals) in enumerate(zip(self.counts, self.totals)):
            last = context[len(context) - order :]
            found.append((counts[last][character] + 0.05) / (totals[last] + 0.05 * self.alphabet))
        return found

    def learn(self, context, character):
        """Shift the weights towards the orders that guessed well, then count the character."""
        guesses = self.guesses(context, character)
        mixed = sum(weight * guess for weight, guess in zip(self.weights, guesses))
        moved = [w * math.exp(self.lr * (guess / mixed - 1)) for w, guess in zip(self.weights, guesses)]
        self.weights = [weight / sum(moved) for weight in moved]
        for order, (counts, totals) in enumerate(zip(self.counts, self.totals)):
            last = context[len(context) - order :]
            counts[last][character] += 1
            totals[last] += 1

    def bits(self, context, character):
        """Return the bits that a character costs."""
        return -math.log2(sum(w * guess for w, guess in zip(self.weights, self.guesses(context, character))))


def pairs(paragraph, order):
    """Yield each character of a paragraph with the characters before it."""
    text = " " * order + paragraph
    for place in range(order, len(text)):
        yield text[place - order : place], text[place]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=0.002, help="how fast the weights of the mixture move")
    parser.add_argument("--order", type=int, default=3, help="length of the longest context")
    parser.add_argument("--dropout", type=float, default=0.0, help="share of characters that are not learned from")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path())
    args = parser.parse_args()

    paragraphs = Path("english.txt").read_text(encoding="utf-8").split("\n\n")
    held_out = paragraphs[::8]
    training = [paragraph for place, paragraph in enumerate(paragraphs) if place % 8]
    rng = random.Random(args.seed)
    rng.shuffle(training)

    model = Model(len(set("".join(paragraphs))), args.order, args.lr)
    for paragraph in training:
        for context, character in pairs(paragraph, args.order):
            if rng.random() >= args.dropout:
                model.learn(context, character)

    costs = [model.bits(*pair) for paragraph in held_out for pair in pairs(paragraph, args.order)]
    val_bpb = sum(costs) / len(costs)
    print(f"val_bpb {val_bpb:.4f} on {len(costs)} characters")
    args.out.joinpath("final.json").write_text(json.dumps({"val_bpb": val_bpb}))


if __name__ == "__main__":
    main()
