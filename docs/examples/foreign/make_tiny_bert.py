"""Make what run_glue.py needs without the Hub: two CSV files, and a small BERT with random weights."""

import csv
import random
from pathlib import Path

from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast, set_seed

GOOD, BAD = ("good", "great", "fine", "lovely", "superb"), ("bad", "poor", "awful", "dull", "weak")
OTHER = ("the", "a", "film", "plot", "actor", "scene", "was", "is", "and", "but", "music", "story", "very", "not", "so")
draw = random.Random(0)


def sentence(label: int) -> str:
    """Return ten neutral words and two that mostly agree with the label."""
    words = draw.choices(OTHER, k=10)
    for _ in range(2):
        words.insert(draw.randrange(10), draw.choice((BAD, GOOD)[label if draw.random() < 0.8 else 1 - label]))
    return " ".join(words)


Path("glue").mkdir(exist_ok=True)
for name, size in (("train", 600), ("validation", 400)):
    with Path(f"glue/{name}.csv").open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["sentence", "label"])
        rows.writerows([sentence(number % 2), number % 2] for number in range(size))

set_seed(0)
Path("tiny-bert").mkdir(exist_ok=True)
Path("tiny-bert/vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *GOOD, *BAD, *OTHER]))
BertTokenizerFast("tiny-bert/vocab.txt").save_pretrained("tiny-bert")
size = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
BertForSequenceClassification(BertConfig(vocab_size=64, **size)).save_pretrained("tiny-bert")
