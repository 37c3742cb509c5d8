"""Asks three character models which character comes next, and writes one row per answer.

A paragraph is held out in turn: a model learns from all others, and is asked for every fifth character of the one that
it has not seen. Its answer is the character that it finds likeliest.
"""

import argparse
import csv
import sys
from pathlib import Path

CHARACTERS = Path(__file__).parents[1] / "characters"
sys.path.insert(0, str(CHARACTERS))
from train import Model, pairs  # noqa: E402

ORDERS = (2, 3, 4)
FOLDS = 8
EVERY = 5


def likeliest(model, context, alphabet):
    """Return the character that costs the fewest bits; of equal ones, the first in the alphabet."""
    return min(alphabet, key=lambda character: (model.bits(context, character), character))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("next_character.csv"))
    args = parser.parse_args()

    paragraphs = (CHARACTERS / "english.txt").read_text(encoding="utf-8").split("\n\n")
    alphabet = sorted(set("".join(paragraphs)))
    with args.out.open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(["model", "paragraph", "question", "correct"])
        for order in ORDERS:
            for fold in range(FOLDS):
                model = Model(len(alphabet), order, 0.002)
                for place, paragraph in enumerate(paragraphs):
                    if place % FOLDS != fold:
                        for context, character in pairs(paragraph, order):
                            model.learn(context, character)
                for place in range(fold, len(paragraphs), FOLDS):
                    for at, (context, character) in enumerate(pairs(paragraphs[place], order)):
                        if at % EVERY == 0:
                            correct = int(likeliest(model, context, alphabet) == character)
                            table.writerow([f"order-{order}", place, f"{place}-{at}", correct])


if __name__ == "__main__":
    main()
