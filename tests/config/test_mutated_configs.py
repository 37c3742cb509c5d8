"""Thousands of damaged configs: each is a study, or lines that a user can read; never a traceback, and nothing is left.

SEEDWISE_MUTANTS=100000 tries more of them, and SEEDWISE_MUTANTS_SEED others.
"""

from __future__ import annotations

import copy
import os
import random
import resource
from pathlib import Path

import pytest
import yaml

from seedwise.basics.errors import UserError
from seedwise.config.reading import read_study

ROOT = Path(__file__).parents[2]
MUTANTS = int(os.environ.get("SEEDWISE_MUTANTS", "2000"))
SEED = int(os.environ.get("SEEDWISE_MUTANTS_SEED", "16"))
MEMORY = 500_000  # kilobytes beyond what was there before
HANGING = 30  # seconds of the processor for one config; a healthy one takes hundredths

PROGRAM = """\
study: demo
title: Demo
command:
  run: [python, train.py, "{args}", --seed, "{seed}"]
  settings: {lr: 0.1, optim: {name: sgd, betas: [0.9, 0.99]}, flag: true}
  env: {DATA_SEED: "{seed}"}
  results: [{json: "{out}/metrics.json", keys: {loss: eval/loss}}]
  time_limit: 90 min
factors: {lr: {low: {}, high: {lr: 1.0}}, optim: {sgd: {}, adam: {optim.name: adam}}}
seeds: 5
analysis: {metric: loss, higher_is_better: false, baseline: baseline, looks: [3, 5]}
resources: {train_run: {mem_mb: 100, threads: 2}}
"""
TEXTS = [PROGRAM, *(path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("studies/*.yaml")))]
TEXTS += [path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("examples/*/study.yaml"))]
CONFIGS = [yaml.safe_load(text) for text in TEXTS]
DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # libyaml's takes a tenth of the time

# fmt: off
# ruff: noqa: E501
ODD = [
    None, True, "", " ", "\n", "\0", "\x1b[2J", "\u202e\u200b", "é" * 300, "../../etc", "/", ".", "a/b", "{seed}", "{", "}", "{0}", "{x.__class__}",
    "${HOME}", "$(touch owned)", "`touch owned`", "%s", "on", "5e-4", "1e999", "package.module:function", "os:system", "a:b:c",
    0, -1, 1.5, 2**31, 2**63, 2**64, 10**30, 1e308, 5e-324, float("inf"), float("nan"), -0.0,
    [], {}, [[]], {"": ""}, [None], {1: 2}, {True: 1}, [0, 0], list(range(300)), {"a": {"b": {"c": {}}}}, "x" * 100_000,
]
RAW = [
    "&a ", "*a", "*a ", "<<: *a\n", "!!binary ", "!!python/object/apply:os.system ['touch owned']\n", "!!set ", "!!int ", "!!float ", "!!bool ",
    "!!timestamp ", "!!omap ", "? ", "- ", ": ", "#", "|", ">", "%YAML 9.9\n", "---\n", "...\n", "\t", "\r", "\ufeff", "\x07", "\u2028", "2024-13-01",
    "0x" + "f" * 2000, "9" * 5000, "1:99:99:99", "[" * 300, "{a: " * 300, "'", '"', "__use_yte__: true\n", "\\ud800", "\ud7ff", "\U0001f600",
    "b0: &b0 [x,x,x,x,x,x,x,x,x]\n" + "".join(f"b{n}: &b{n} [{','.join([f'*b{n - 1}'] * 9)}]\n" for n in range(1, 12)),
]
# fmt: on


def _places(value, found=None):
    """Every container of a config."""
    found = [] if found is None else found
    if isinstance(value, (dict, list)):
        found.append(value)
        for inner in value.values() if isinstance(value, dict) else value:
            _places(inner, found)
    return found


def _change_data(draw, config):
    """Delete, repeat, replace, wrap or rename something in a config."""
    place = draw.choice([found for found in _places(config) if found])
    key = draw.choice(list(place) if isinstance(place, dict) else range(len(place)))
    match draw.choice(["delete", "replace", "replace", "wrap", "move", "rename", "text", "huge"]):
        case "delete":
            del place[key]
        case "replace":
            place[key] = copy.deepcopy(draw.choice(ODD))
        case "wrap":
            place[key] = draw.choice([[place[key]], {"a": place[key]}, [place[key]] * 2])
        case "move":
            other = draw.choice([found for found in _places(config) if found])
            moved = draw.choice(list(other.values() if isinstance(other, dict) else other))
            place[key] = copy.deepcopy(moved)
        case "rename" if isinstance(place, dict):
            names = [odd for odd in ODD if not isinstance(odd, (list, dict))]
            place[draw.choice([*names, f"{key}x", str(key).upper()])] = place.pop(key)
        case "text":
            place[key] = str(place[key])
        case "huge":
            place[key] = [place[key]] * draw.choice([100, 1000])


def _change_text(draw, text):
    """Insert, delete, repeat or swap characters or lines of a file."""
    at, to = sorted((draw.randrange(len(text)), draw.randrange(len(text))))
    lines = text.splitlines(keepends=True)
    match draw.choice(["insert", "insert", "insert", "delete", "cut", "line twice", "no line", "character", "indent"]):
        case "insert":
            return text[:at] + draw.choice(RAW) + text[at:]
        case "delete":
            return text[:at] + text[min(to, at + 20) :]
        case "cut":
            return text[:to]
        case "line twice":
            line = draw.randrange(len(lines))
            return "".join([*lines[:line], lines[line], *lines[line:]])
        case "no line":
            line = draw.randrange(len(lines))
            return "".join([*lines[:line], *lines[line + 1 :]])
        case "character":
            return text[:at] + chr(draw.choice([draw.randrange(32, 127), draw.randrange(0xD7FF)])) + text[at + 1 :]
        case _:
            line = draw.randrange(len(lines))
            return "".join([*lines[:line], " " * draw.randrange(1, 5) + lines[line], *lines[line + 1 :]])


def mutant(number: int) -> bytes:
    """The damaged config with this number: the same in every run."""
    draw = random.Random(f"{SEED}-{number}")
    which = draw.randrange(len(TEXTS))
    text = TEXTS[which]
    if draw.random() < 0.6:
        config = copy.deepcopy(CONFIGS[which])
        for _ in range(draw.choice([1, 1, 2, 4])):
            _change_data(draw, config)
            if not config:
                break
        text = yaml.dump(config, Dumper=DUMPER, sort_keys=False, allow_unicode=True)
    else:
        for _ in range(draw.choice([1, 1, 2, 4])):
            text = _change_text(draw, text) or " "
    content = bytearray(text.encode("utf-8", "surrogatepass"))
    for _ in range(draw.choice([0, 0, 0, 1, 3])):
        content[draw.randrange(len(content))] = draw.randrange(256)
    return bytes(content)


def _peak() -> int:
    """The most memory that this process has had, in kilobytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@pytest.mark.slow
def test_a_damaged_config_is_a_study_or_lines_about_what_is_wrong(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path, studies, refused = Path("study.yaml"), 0, 0
    memory = _peak()
    for number in range(MUTANTS):
        path.write_bytes(content := mutant(number))
        began = resource.getrusage(resource.RUSAGE_SELF).ru_utime
        try:
            study = read_study(path)
            for variant in study.variants:
                study.settings(variant.name).canonical()
                assert study.record_path(variant.name, 0).resolve().is_relative_to(tmp_path / "results")
            studies += 1
        except UserError as error:
            refused += 1
            for line in str(error).splitlines():
                assert line.startswith(("study.yaml", "config", "variant ")), (number, line[:200])
                assert line.isprintable(), (number, line[:200])
                assert len(line) < 2000, (number, line[:200])
        except Exception as error:
            shown = content[:3000].decode(errors="replace")
            raise AssertionError(f"mutant {number} is a traceback:\n{shown}") from error
        assert _peak() - memory < MEMORY, number
        assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - began < HANGING, number
        assert [entry.name for entry in tmp_path.iterdir()] == ["study.yaml"], number
    assert studies > MUTANTS / 20, "too many mutants are refused to try what follows"
    assert refused > MUTANTS / 2
