"""Placeholders of a command: split first and filled in later, so that no value can add a word."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedwise.trainers.command.command_line import (
    arguments,
    command_problems,
    fill,
    fill_command,
    null_problems,
    placeholders,
    split_command,
    text_of,
)

SETTINGS = {"lr": 0.001, "name": "a b", "amp": True, "off": False, "none": None, "layers": (64, 32)}


def test_a_text_is_split_as_a_shell_would_and_a_list_is_taken_as_it_is() -> None:
    assert split_command("python train.py --note 'two words' \"x y\"") == (
        "python",
        "train.py",
        "--note",
        "two words",
        "x y",
    )
    assert split_command(["a b", "$HOME"]) == ("a b", "$HOME")
    with pytest.raises(ValueError, match="quotation"):
        split_command("echo 'open")


def test_placeholders_are_names_and_other_braces_are_themselves() -> None:
    assert placeholders(["--lr={lr}", "{optim.lr}", "{{literal}}", "{print $1}", '{"a": 1}', "{lr}"]) == [
        "lr",
        "optim.lr",
    ]
    assert fill("{{{lr}}} {print $1}", {"lr": "0.1"}) == "{0.1} {print $1}"


@given(st.text(), st.text())
def test_a_value_is_never_read_as_a_template_or_as_several_words(value: str, other: str) -> None:
    values = {"value": value, "other": other}
    assert fill_command(["x", "{value}", "--o={other}"], values, {}, "--key value", "flag") == [
        "x",
        value,
        f"--o={other}",
    ]


@given(st.lists(st.text(alphabet=st.characters(blacklist_categories=["Cs"]), min_size=1), min_size=1))
def test_splitting_undoes_quoting(words: list[str]) -> None:
    assert split_command(shlex.join(words)) == tuple(words)


@pytest.mark.parametrize(
    ("style", "booleans", "expected"),
    [
        ("--key value", "flag", ["--lr", "0.001", "--name", "a b", "--amp", "--layers", "64", "32"]),
        ("--key value", "no-flag", ["--lr", "0.001", "--name", "a b", "--amp", "--no-off", "--layers", "64", "32"]),
        ("--key=value", "value", ["--lr=0.001", "--name=a b", "--amp=True", "--off=False", "--layers=64,32"]),
        ("key=value", "flag", ["lr=0.001", "name=a b", "amp=True", "off=False", "layers=[64,32]"]),
    ],
)
def test_args_writes_every_setting_in_the_chosen_style_and_omits_null(style, booleans, expected) -> None:
    assert arguments(SETTINGS, style, booleans) == expected
    filled = fill_command(["train", "{args}", "end"], {}, SETTINGS, style, booleans)
    assert filled == ["train", *expected, "end"]


def test_numbers_keep_their_type_and_all_their_digits() -> None:
    assert [text_of(value) for value in (0, 0.0, 1e-05, 0.1 + 0.2, 10**20)] == [
        "0",
        "0.0",
        "1e-05",
        "0.30000000000000004",
        "100000000000000000000",
    ]


def problems(run: str, settings: dict[str, object], *others: str) -> list[str]:
    return list(command_problems(split_command(run), others, settings))  # type: ignore[arg-type]


def test_a_command_that_uses_all_its_settings_has_no_problem() -> None:
    assert problems("x {lr} {seed} {out}", {"lr": 1}) == []
    assert problems("x {args}", {"lr": 1, "wd": 2}) == []
    assert problems("x {settings}", {"lr": 1}) == []
    assert problems("x", {"lr": 1}, "{lr}") == [], "an environment variable passes it on"


def test_problems_name_the_placeholder_and_what_to_write() -> None:
    (unknown,) = problems("x {lr} {sed}", {"lr": 1})
    assert unknown.startswith('found "sed"; did you mean "seed"? Placeholders: lr, seed, out')
    assert unknown.endswith("for a literal brace write {{ or }}")
    (unused,) = problems("x {lr}", {"lr": 1, "wd": 2})
    assert unused.startswith("nothing passes on wd, so variants could not differ in it: add {wd}, {args}")
    (joined,) = problems("x --a={args}", {"lr": 1})
    assert joined == 'found "--a={args}"; {args} becomes several words, so it has to stand alone'
    (taken,) = problems("x {seed} {lr}", {"seed": 7, "lr": 1})
    assert taken == "{seed} is a placeholder that every study has; give the setting another name"
    assert problems("x {args}", {"threads": 4}) == [], "not used as a placeholder"
    (elsewhere,) = problems("x {lr}", {"lr": 1}, "{args}")
    assert elsewhere.startswith("{args} is the arguments of the command")


def test_null_needs_args() -> None:
    (problem,) = null_problems(["--clip={clip}"], [], {"clip": None})
    assert problem == "clip is null, and {clip} needs a value; pass it with {args}, which omits it"
    assert list(null_problems(["{args}"], [], {"clip": None})) == []
