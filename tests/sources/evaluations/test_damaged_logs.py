"""Logs in which any one part is replaced by something else: an answer or a message, never a traceback."""

import gzip
import json
import random
from pathlib import Path

import pytest

from seedwise.basics.errors import UserError

from .test_lm_eval import DATE, sample
from .test_promptfoo import two_providers

OTHERS = (None, 0, -1, 1e300, float("nan"), "", "x", "…\n\x00", True, [], [1], [{}], {}, {"a": {"b": None}})


def places(value, path=()):
    """Every part of something that JSON can hold."""
    yield path
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from places(part, (*path, key))


def damaged(value, path, other):
    whole = json.loads(json.dumps(value))
    part = whole
    for key in path[:-1]:
        part = part[key]
    if other is KeyError:
        del part[path[-1]]
    else:
        part[path[-1]] = other
    return whole


def inspect_log():
    read = json.loads(gzip.decompress((Path(__file__).parent / "logs/large.json.gz").read_bytes()))
    for one in read["samples"]:
        one["events"], one["messages"] = [], []
    return read


def lines(rows):
    return "".join(f"{json.dumps(row)}\n" for row in rows)


KINDS = {
    "lm-eval": ([sample(n, n % 2) for n in range(4)], lines, f"m/samples_t_{DATE}.jsonl", "acc"),
    "inspect": (inspect_log(), json.dumps, "log.json", "match"),
    "promptfoo": (
        {"evalId": "e", "results": {"version": 3, "results": two_providers()}},
        json.dumps,
        "o.json",
        "score",
    ),
    "promptfoo lines": (two_providers(), lines, "o.jsonl", "score"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_log_is_read_or_refused(kind, tmp_path, answers):
    whole, written, name, metric = KINDS[kind]
    draws = random.Random(kind)
    every = [path for path in places(whole) if path]
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    read, refused = [], []
    for _ in range(80):
        path.write_text(written(damaged(whole, draws.choice(every), draws.choice((*OTHERS, KeyError)))))
        try:
            read.append(len(answers(name, metric)[0]))
        except UserError as error:
            refused.append(str(error))
    assert min(read) >= len(whole["samples"] if kind == "inspect" else whole) - 1
    assert refused
    assert all(map(str.isprintable, refused))


def test_damaged_results_beside_the_samples_do_no_harm(tmp_path, answers):
    (tmp_path / "m").mkdir()
    (tmp_path / f"m/samples_t_{DATE}.jsonl").write_text(lines([sample(n, n % 2) for n in range(4)]))
    beside = {
        "model_name": "org/m",
        "config": {"model_args": {"a": 1}, "gen_kwargs": None},
        "n-shot": {"t": 5},
        "higher_is_better": {"t": {"acc": True}},
    }
    for path in places(beside):
        for other in OTHERS:
            whole = damaged(beside, path, other) if path else other
            (tmp_path / f"m/results_{DATE}.json").write_text(json.dumps(whole))
            assert len(answers("m/samples*.jsonl", "acc")[0]) == 4
