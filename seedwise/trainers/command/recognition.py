"""What a command line of a training program says: which words are settings, which is the seed, where it writes.

Nothing is known about the program, so this goes by the names that options usually have.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path, PurePath
from typing import NamedTuple

from seedwise.trainers.command.command_line import GIVEN, Scalar, placeholders
from seedwise.trainers.command.following import CONFIGURATION
from seedwise.trainers.command.sources import LANGUAGES

_INTERPRETERS = re.compile(r"python[\d.]*|pypy[\d.]*|Rscript|julia|bash|sh|zsh|node|perl|ruby|lua")
_RUNNERS = re.compile(
    rf"{_INTERPRETERS.pattern}|R|deno|torchrun|accelerate|deepspeed|"
    r"uv|poetry|pdm|pixi|pipenv|hatch|conda|mamba|micromamba|env|nice|nohup|time|srun|mpirun|mpiexec|taskset|stdbuf"
)
"""Programs that start another one, which is named among their arguments."""
_STARTERS = frozenset({"torch.distributed.run", "torch.distributed.launch", "accelerate.commands.launch"})
"""Python modules that do so."""
_CODE_FOLLOWS = frozenset({"-c", "-e"})
_ASSIGNMENT = re.compile(r"([+~]{0,2})([A-Za-z_][\w.@/-]*)=(.*)", re.DOTALL)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_WHOLE = re.compile(r"-?(0|[1-9]\d*)")

_SEEDS = ("seed", "random_seed", "randomseed", "random_state", "manual_seed", "manualseed", "rng_seed", "rngseed",
          "global_seed", "seed_everything", "rng", "s")  # fmt: skip
"""Names of a seed, the likeliest first."""
_NO_SEED = frozenset({"none", "null", "random", "-1", ""})

_PLACE = "dir|directory|folder|path|root|file|filename|to|json|csv|prefix"
_WRITTEN = (
    "out|output|outputs|save|dump|log|logs|logging|result|results|metrics|checkpoint|checkpoints|ckpt|tensorboard|tb"
)
_OUTPUT = re.compile(
    rf"(?:.*_)?(?:(?:out|output|outputs)(?:_?(?:{_PLACE}))?|(?:{_WRITTEN})_?(?:{_PLACE})|"
    rf"(?:run|work|working|exp|experiment|default_root|hydra_run|hydra_sweep)_?(?:dir|directory|folder)|o)"
)
_PERHAPS_OUTPUT = re.compile(r"save|log|logs|result|results|metrics_out|dump")
"""Names of options that are outputs if their value looks like a path."""
_FORMATS = frozenset({"json", "jsonl", "csv", "tsv", "text", "txt", "yaml", "stdout", "stderr", "auto", "best", "last"})
_FILE = re.compile(r".*[^./]\.[A-Za-z]\w{0,9}")


class Passed(NamedTuple):
    """An option that was recognised.

    Attributes:
        option: as it is written, such as "--seed" or "seed=".
        value: that was given.
        becomes: what stands in its place.
    """

    option: str
    value: str
    becomes: str

    @property
    def written(self) -> str:
        """The option with its value, as in the command: `--seed 0`."""
        return self._with(self.value)

    @property
    def rewritten(self) -> str:
        """The option with what stands in the place of its value: `--seed {seed}`."""
        return self._with(self.becomes)

    def _with(self, value: str) -> str:
        return f"{self.option}{'' if self.option.endswith('=') else ' '}{value}"


class Recognised(NamedTuple):
    """A command line, taken apart.

    Attributes:
        words: of the command, with placeholders.
        settings: value of each placeholder that is not one of Seedwise's own.
        seed: the option that takes the seed; None if there is none.
        outputs: the options that say where the program writes.
        other_seeds: settings that look like further seeds.
        flags: options without a value, which stay as they are.
        data: files and folders that the command names and that are there.
    """

    words: tuple[str, ...]
    settings: dict[str, Scalar]
    seed: Passed | None
    outputs: tuple[Passed, ...]
    other_seeds: tuple[str, ...]
    flags: tuple[str, ...]
    data: tuple[str, ...]

    @property
    def first_seed(self) -> int:
        """The seed that was given; 0 if none was."""
        given = self.seed.value if self.seed else ""
        return int(given) if given.isdecimal() and int(given) < 2**62 else 0


class _Word(NamedTuple):
    """A word of a command, or the part of it that is a value.

    Attributes:
        before: what comes before the value in the same word; the whole word if there is no value.
        key: name of the option; None if the word is no value.
        value: of the option.
    """

    before: str
    key: str | None = None
    value: str = ""


def fixed_seed(words: Sequence[str]) -> Passed | None:
    """Return the option of a study's command that has a number where the seed belongs, as in `--seed 0`."""
    found = recognise(words, Path()).seed
    return found if found is not None and found.value.isdecimal() else None


def recognise(words: Sequence[str], folder: Path) -> Recognised:
    """Take a command line apart.

    Args:
        words: of the command line.
        folder: where it is run.
    """
    head = program_length(words)
    parts = list(_parts(words[head:]))
    seed = _seed_among(parts)
    template = [_literal(word) for word in words[:head]]
    settings: dict[str, Scalar] = {}
    outputs: list[Passed] = []
    found_seed, flags, others, data = None, [], [], []
    for position, part in enumerate(parts):
        before = _literal(part.before)
        if part.key is None:
            template.append(before)
            follows = (
                position + 1 < len(parts) and parts[position + 1].key is not None and not parts[position + 1].before
            )
            if is_option(part.before) and part.before != "--" and not follows:
                flags.append(part.before)
            elif _is_data(part.before, folder):
                data.append(part.before)
            continue
        option = part.before or _option(words[head:], part)
        if position == seed:
            becomes = "{seed}"
            found_seed = Passed(option, part.value, becomes)
        elif _is_output(part):
            becomes = _output(part, any(output.becomes == "{out}" for output in outputs))
            outputs.append(Passed(option, part.value, becomes))
        else:
            name = _free_name(part.key, settings)
            settings[name], becomes = typed(part.value), f"{{{name}}}"
            if _seed_rank(part) is not None:
                others.append(name)
            if _is_data(part.value, folder):
                data.append(part.value)
        template.append(before + becomes)
    return Recognised(
        tuple(template), settings, found_seed, tuple(outputs), tuple(others), tuple(flags), tuple(dict.fromkeys(data))
    )


def program_length(words: Sequence[str]) -> int:
    """Return how many words name the program itself: `python -u train.py`, `uv run train`, `./train`."""
    if not words or not _RUNNERS.fullmatch(PurePath(words[0]).name):
        return min(1, len(words))
    for position, word in enumerate(words[1:], start=1):
        if word in _CODE_FOLLOWS:
            return min(position + 2, len(words))
        if word == "-m" and words[position + 1 : position + 2] and words[position + 1] not in _STARTERS:
            return position + 2
        if PurePath(word).suffix.lower() in LANGUAGES and "=" not in word and not word.startswith("-"):
            return position + 1
    rest = 1
    if PurePath(words[0]).name == "env":
        while rest < len(words) and ("=" in words[rest] or words[rest].startswith("-")):
            rest += 1
        return rest + program_length(words[rest:])
    while rest < len(words) and not words[rest].startswith("-") and "=" not in words[rest]:
        rest += 1
    return rest


def missing_script(words: Sequence[str], folder: Path) -> str | None:
    """Return the script that a command gives to an interpreter and that is not there; None if it is, or if none is.

    Programs that start another one, such as `uv run`, may do so elsewhere, so theirs are not looked for.
    """
    if not words or not _INTERPRETERS.fullmatch(PurePath(words[0]).name):
        return None
    script = words[program_length(words) - 1]
    named = PurePath(script).suffix.lower() in LANGUAGES and not placeholders([script])
    # With -m or -c, it belongs to the program or is a text.
    others = {"-m", *_CODE_FOLLOWS} & set(words[1 : program_length(words)])
    return script if named and not others and not (folder / script).exists() else None


def is_option(word: str) -> bool:
    """Whether a word is an option rather than a value; a negative number is a value."""
    return word.startswith("-") and len(word) > 1 and not _NUMBER.fullmatch(word)


def typed(text: str) -> Scalar:
    """Return a value as a number or a boolean if it is certain that this writes the same value again, else as text."""
    if text in ("True", "False"):
        return text == "True"
    if _WHOLE.fullmatch(text) and text != "-0":
        return int(text)
    if _NUMBER.fullmatch(text):
        number = float(text)
        # 1.10 may be a version and 007 a name, but what has an exponent is a number.
        if math.isfinite(number) and (repr(number) == text or "e" in text.lower()):
            return number
    return text


def _parts(words: Sequence[str]) -> Iterator[_Word]:
    """Take the arguments of a program apart."""
    key: str | None = None  # of the option that the next word may be a value of
    numbers = False  # whether the option has had a number, so that further ones belong to it
    for position, word in enumerate(words):
        if word == "--":
            yield from map(_Word, words[position:])
            return
        assigned = _ASSIGNMENT.fullmatch(word)
        if is_option(word):
            before, equals, value = word.partition("=")
            numbers = False
            if equals:
                yield _Word(f"{before}=", before.lstrip("-"), value)
                key = None
            else:
                yield _Word(word)
                key = word.lstrip("-")
        elif key is not None and (not numbers or _NUMBER.fullmatch(word)):
            yield _Word("", key, word)
            numbers = bool(_NUMBER.fullmatch(word))
            key = key if numbers else None
        elif assigned:
            yield _Word(f"{assigned[1]}{assigned[2]}=", assigned[2], assigned[3])
            key = None
        else:
            yield _Word(word)
            key = None


def _option(words: Sequence[str], part: _Word) -> str:
    """Return how the option of a value is written."""
    return next((word for word in words if is_option(word) and word.lstrip("-") == part.key), str(part.key))


def _literal(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _form(key: str) -> str:
    return key.lower().replace("-", "_")


def _seed_among(parts: Sequence[_Word]) -> int | None:
    """Return the position of the value that is the seed."""
    ranked = [(rank, position) for position, part in enumerate(parts) if (rank := _seed_rank(part)) is not None]
    return min(ranked)[1] if ranked else None


def _seed_rank(part: _Word) -> tuple[int, int] | None:
    """Return how likely a value is the seed, smaller is likelier; None if it is not."""
    if part.key is None or not (part.value.isdecimal() or part.value.lower() in _NO_SEED):
        return None
    key = _form(part.key)
    last = re.split(r"[./]", key)[-1]
    if last == "s" and not (part.before == "" and part.value.isdecimal()):
        return None
    if last in _SEEDS:
        return (0 if key == last else 1, _SEEDS.index(last))
    return (2, 0) if last.endswith("_seed") else None


def _is_output(part: _Word) -> bool:
    key, value = _form(part.key or ""), part.value
    if typed(value) != value or not value or value == "-" or value.lower() in {*_FORMATS, "true", "false", "none"}:
        return False
    last, whole = re.split(r"[./]", key)[-1], re.sub(r"[./]", "_", key)
    if _OUTPUT.fullmatch(last) or _OUTPUT.fullmatch(whole):
        return True
    return bool(_PERHAPS_OUTPUT.fullmatch(last)) and ("/" in value or bool(_FILE.fullmatch(value)))


def _output(part: _Word, taken: bool) -> str:
    """Return what to write for an output: the run's folder, or a file or folder in it."""
    key, value = _form(part.key or ""), part.value.rstrip("/")
    name = PurePath(value).name
    is_file = bool(_FILE.fullmatch(name)) and not re.search(r"(dir|directory|folder|root)$", key)
    if (is_file or taken) and name not in ("", ".", ".."):
        return f"{{out}}/{_literal(name)}"
    return "{out}"


def _free_name(key: str, taken: dict[str, Scalar]) -> str:
    """Return a name that a placeholder can have and no other setting has."""
    name = re.sub(r"[^\w.-]", "_", key.lstrip("-"), flags=re.ASCII)
    if not re.match(r"[A-Za-z_]", name):
        name = f"_{name}"
    if name in GIVEN:
        name = f"{name}_value"
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free


def _is_data(text: str, folder: Path) -> bool:
    """Whether a word names a file or folder that is there and holds no code."""
    with suppress(OSError, ValueError):
        path = folder / text
        if not text or not path.exists() or folder.resolve().is_relative_to(path.resolve()):
            return False
        if path.is_file():
            return path.suffix.lower() not in LANGUAGES
        return path.is_dir() and not any(_is_code(inner) for inner in path.iterdir())
    return False


def _is_code(path: Path) -> bool:
    return path.suffix.lower() in LANGUAGES | CONFIGURATION - {".json"}
